"""The numbers of a text, in English or Japanese, so that two texts can be compared."""

import re
from collections import Counter
from decimal import Decimal

from rareearths.translation.quantities import MONTHS

_PLACE = re.compile(r"\{\w+(?::\w+)?\}")
_MONTH = re.compile(
    rf"\b(?:{'|'.join(f'{m}|{m[:3]}' for m in MONTHS if m != 'May')})\b"
    r"|(?<=\d )May\b|\bMay(?= \d)|^May$"
)
_SIZES = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "m": 6, "bn": 9, "trn": 12, "Mt": 6,
    "万": 4, "百万": 6, "億": 8, "十億": 9, "兆": 12,
}  # fmt: skip
_MONEY = r"(?:USD|EUR|JPY|AUD|[A-Z]{0,2}\$|€|¥) ?"
_NUMBER = re.compile(
    rf"(?P<money>{_MONEY})?(?P<digits>\d(?:[\d,]*\d)?(?:\.\d+)?)(?:"
    r"[ -]?(?P<en>thousand|million|billion|trillion|bn|trn|Mt|m(?= euro)|(?(money)m|bn))\b"
    r"|(?P<ja>百万|十億|万|億|兆))?"
)


# "25 to 800 million", "25〜800百万": the size is of both.
_SHARED = re.compile(
    r"(\d[\d,.]*)( to | and |〜|、|から)(\d[\d,.]*)( ?(?:million|billion|bn)\b|百万|十億)"
)


def numbers_of(text: str) -> Counter:
    """Return how often each number stands in a text; months count, amounts have one value.

    Examples
    --------
    >>> numbers_of("$1.2 million on 7 May 2010") == numbers_of("2010年5月7日に120万ドル")
    True
    """
    plain = _PLACE.sub(" ", text)
    plain = _MONTH.sub(lambda m: str([n[:3] for n in MONTHS].index(m[0][:3]) + 1), plain)
    plain = _SHARED.sub(r"\1\4\2\3\4", plain)
    found = Counter()
    for match in _NUMBER.finditer(plain):
        value = Decimal(match["digits"].replace(",", ""))
        found[value.scaleb(_SIZES.get(match["en"] or match["ja"], 0)).normalize()] += 1
    return found
