"""The questions to UN Comtrade: what one asks for, and the parts it is cut into at the row cap.

A reply is cut at the cap without a word, so one that reaches it is asked again in parts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rareearths.sources.comtrade_rows import TOTALS, checked
from rareearths.sources.fetch import Refused, Request, SourceError, Unusable
from rareearths.sources.plan import KeyRule, years_in_words

KEY = KeyRule("COMTRADE_KEY", "Ocp-Apim-Subscription-Key")
IMPORTS, EXPORTS = "M", "X"
ANNUAL, MONTHLY = "A", "M"  # how often, as the address says it
MOST_PERIODS = 12
CAP, PREVIEW_CAP = 100_000, 500  # rows of one reply


@dataclass(frozen=True)
class Part:
    """What one request asks for.

    Attributes
    ----------
    flow : str
        `IMPORTS` or `EXPORTS`.
    reporters, products : tuple of str
        Area codes and HS codes.
    years : tuple of int
        Or months, as 202601.
    partners : tuple of str
        Area codes; empty for all.
    """

    flow: str
    reporters: tuple[str, ...]
    years: tuple[int, ...]
    products: tuple[str, ...]
    partners: tuple[str, ...] = ()

    def halves(self) -> Iterator["Part"]:
        """Split by year, then by reporter, by product and by partner."""
        for name in ("years", "reporters", "products", "partners"):
            values = getattr(self, name)
            if len(values) > 1:
                middle = len(values) // 2
                for half in (values[:middle], values[middle:]):
                    yield Part(**(vars(self) | {name: half}))
                return
        raise Unusable(f"UN Comtrade: {self} alone reaches the row cap; with a key it is higher")

    def __str__(self) -> str:
        named = [self.reporters, (years_in_words(self.years),), self.products]
        return " ".join("+".join(values) for values in named) + f" {self.flow}"


def parts(flow: str, years: tuple[int, ...], rest: dict) -> Iterator[Part]:
    """Yield the parts of a plan: at most twelve periods each, as the publisher takes no more."""
    asked = rest[flow]
    for first in range(0, len(years), MOST_PERIODS):
        chosen = years[first : first + MOST_PERIODS]
        yield Part(flow, asked["reporters"], chosen, rest["products"], asked["partners"])


def request(part: Part, rest: dict) -> Request:
    """Return the question of a part: the total rows only."""
    path = "data/v1/get" if rest["keyed"] else "public/v1/preview"
    params = TOTALS | {
        "reporterCode": ",".join(part.reporters),
        "period": ",".join(map(str, part.years)),
        "cmdCode": ",".join(part.products),
        "flowCode": part.flow,
        "breakdownMode": "classic",
        "maxRecords": str(_cap(rest)),
        "includeDesc": "false",
    }
    if part.partners:
        params["partnerCode"] = ",".join(part.partners)
    return Request(f"{rest['base']}/{path}/C/{rest['frequency']}/HS", params)


def read_part(part: Part, rest: dict, read: Callable) -> Iterator[dict]:
    """Yield the rows of a part, read in smaller ones where the reply is cut at the cap.

    Raises
    ------
    SourceError
        The quota of the day is used up, the key is refused, or an answer is not what is documented.
    """
    try:
        data = read(request(part, rest), lambda data: len(checked(data, part)))
    except Refused as error:
        raise explained(error) from None
    rows = checked(data, part)
    if len(rows) < _cap(rest):
        yield from rows
        return
    for half in part.halves():
        yield from read_part(half, rest, read)


def _cap(rest: dict) -> int:
    return CAP if rest["keyed"] else PREVIEW_CAP


def explained(error: Refused) -> SourceError:
    """Return an error that says what to do about a refusal."""
    if error.status == 403 and "quota" in error.excerpt.lower():
        return SourceError(
            f"UN Comtrade: the quota of the day is used up ({error.excerpt}); run the same command "
            "again after that, it goes on where it stopped"
        )
    if error.status in (401, 403):
        return SourceError(
            f"UN Comtrade does not accept the key (status {error.status}: {error.excerpt}); "
            f"set {KEY.variable}, or unset it to read the preview"
        )
    return error
