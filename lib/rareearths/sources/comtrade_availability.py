"""Which years or months UN Comtrade has of which reporter, so that others are not asked for.

The address and its rows are those of the publisher's own client; no key is needed.
"""

from collections.abc import Callable

from rareearths.sources.comtrade_parts import explained, parts
from rareearths.sources.comtrade_rows import listed
from rareearths.sources.fetch import Refused, Request, Unusable
from rareearths.sources.plan import years_in_words

_FIELDS = ("reporterCode", "period")
_UNKNOWN = (400, 404)  # of an address that the publisher has given up


def published_years(
    flow: str,
    years: tuple[int, ...],
    rest: dict,
    read: Callable,
    iso3: dict[str, str],
    note: Callable[[str], None],
) -> tuple[int, ...]:
    """Return the years that at least one reporter has published, and tell who has not.

    Parameters
    ----------
    flow : str
        `comtrade_parts.IMPORTS` or `comtrade_parts.EXPORTS`, for its reporters.
    years : tuple of int
        Those that a plan asks for; or months, as 202601.
    rest : dict
        Of the plan.
    read, note : callable
        As of `rareearths.sources.worldbank.fetch`.
    iso3 : dict
        ISO3 by area code.

    Returns
    -------
    tuple of int
        All years where the publisher does not know the address any more.
    """
    found: set[tuple[str, str]] = set()
    for part in parts(flow, years, rest):
        params = {
            "reporterCode": ",".join(part.reporters),
            "period": ",".join(map(str, part.years)),
        }
        request = Request(f"{rest['base']}/public/v1/getDA/C/{rest['frequency']}/HS", params)
        try:
            data = read(request, lambda data: len(_rows(data)))
        except Refused as error:
            if error.status not in _UNKNOWN:
                raise explained(error) from None
            note(f"{error}: which years are published is not known, all are asked for")
            return years
        found |= {(str(row["reporterCode"]), str(row["period"])) for row in _rows(data)}
    reporters = rest[flow]["reporters"]
    for year in years:
        late = [iso3[code] for code in reporters if (code, str(year)) not in found]
        if late:
            note(f"UN Comtrade: no report of {year} yet by {', '.join(late)}")
    chosen = tuple(y for y in years if any((code, str(y)) in found for code in reporters))
    if chosen != years:
        left = years_in_words(set(years) - set(chosen))
        note(f"UN Comtrade: {left} not asked for: nobody has reported")
    return chosen


def _rows(data: object) -> list[dict]:
    rows = listed(data, "availability")
    for row in rows:
        if lacking := [name for name in _FIELDS if name not in row]:
            raise Unusable(f"UN Comtrade, availability: a row has no field {lacking[0]!r}")
    return rows
