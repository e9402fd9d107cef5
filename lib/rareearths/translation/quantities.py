"""Numbers, units, dates and ranges in Japanese; the values stay what they are."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_LONGEST = 60  # characters of a range with its units
_MONTH = f"(?:{'|'.join(f'{m}|{m[:3]}' for m in MONTHS)})"
_NUMBER = r"[+\-−±~<>≤≥]?\d[\d,]*(?:\.\d+)?"
_SIGN = r"(?P<sign>[+\-−]?)"
_PLAIN = r"(?P<n>\d[\d,]*(?:\.\d+)?)"
_SIZES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "m": 6, "bn": 9}
_CURRENCIES = {
    "$": "ドル",
    "US$": "ドル",
    "A$": "豪ドル",
    "C$": "カナダドル",
    "€": "ユーロ",
    "¥": "円",
}
_UNITS = {
    "tonne": "トン", "tonnes": "トン", "t": "トン", "kg": "kg", "percentage points": "ポイント",
    "percentage point": "ポイント", "points": "ポイント", "point": "ポイント", "times": "倍",
    "years": "年", "year": "年", "months": "か月", "month": "か月", "weeks": "週間", "days": "日",
    "day": "日", "rows": "行", "row": "行", "per cent": "%", "%": "%", "dollars": "ドル",
    "US dollars": "ドル", "yen": "円", "ppm": "ppm",
}  # fmt: skip
_BEFORE = {
    "under": "{}未満", "below": "{}未満", "less than": "{}未満", "fewer than": "{}未満",
    "about": "約{}", "around": "約{}", "almost": "{}近く", "nearly": "{}近く",
    "over": "{}超", "above": "{}超", "more than": "{}超",
    "at least": "{}以上", "at most": "{}以下", "up to": "最大{}", "only": "{}のみ",
    "minus": "−{}", "plus": "+{}",
}  # fmt: skip
_AFTER = {
    "or more": "{}以上", "or less": "{}以下", "a year": "年{}", "per year": "年{}",
    "a month": "月{}", "each": "各{}", "to date": "{}まで",
}  # fmt: skip


@lru_cache(maxsize=10_000)
def japanese(text: str) -> str | None:
    """Return a number, a date or a range in Japanese; None for any other text.

    Examples
    --------
    >>> [japanese(t) for t in ("$1.2 billion", "18,600 tonnes", "7 September 2010", "20% to 52%")]
    ['12億ドル', '18,600トン', '2010年9月7日', '20%〜52%']
    """
    if len(text) > _LONGEST:
        return None
    for pattern, made in _FORMS:
        if match := pattern.fullmatch(text):
            return made(match)
    if (made := _range(text.removeprefix("from "))) is not None:
        return made
    if (bracket := re.fullmatch(r"(.+?) \(([^()]+)\)", text)) is not None:
        middle, ends = japanese(bracket[1]), japanese(bracket[2])
        return middle and ends and f"{middle}（{ends}）"
    for word, form in _BEFORE.items():
        if text.lower().startswith(f"{word} ") and (rest := japanese(text[len(word) + 1 :])):
            return form.format(rest)
    for word, form in _AFTER.items():
        if text.endswith(f" {word}") and (rest := japanese(text[: -len(word) - 1])):
            return form.format(rest)
    return None


def _range(text: str) -> str | None:
    if text.endswith(" –") and (start := japanese(text[:-2])):
        return f"{start}〜"
    for between in (" to ", " and ", " – ", "–", "-"):
        low, found, high = text.partition(between)
        if (size := _SIZED.search(high)) and re.fullmatch(rf"\D?{_NUMBER}", low):
            low += size[0]  # "25 to 800 million": the size is of both
        first, last = (japanese(low), japanese(high)) if found and low and high else (None, None)
        if first and last:
            return f"{first}{'、' if between == ' and ' else '〜'}{last}"
    return None


def _amount(match: re.Match) -> str:
    """An amount with a unit of size: "1.2 billion" as 12億, "1.3 million" as 130万."""
    value = Decimal(match["n"].replace(",", "")).scaleb(_SIZES[match["size"]])
    sizes = ((12, "兆"), (8, "億"), (4, "万"), (0, ""))
    power, word = next(s for s in sizes if value >= Decimal(1).scaleb(s[0]) or not s[0])
    number = f"{value.scaleb(-power).normalize():,f}"
    groups = match.groupdict()
    unit = _CURRENCIES.get(groups.get("money") or "", "") or _UNITS.get(
        groups.get("unit") or "", ""
    )
    return f"{groups['sign']}{number}{word}{unit}"


def _price(match: re.Match) -> str:
    """Money without a unit of size: 31.60ドル/kg; thousands of them as "15.7万ドル"."""
    value, money = Decimal(match["n"].replace(",", "")), _CURRENCIES[match["money"]]
    if not match["per"] and value >= 10_000:
        return f"{match['sign']}{value.scaleb(-4).normalize():,f}万{money}"
    per = {"kg": "/kg", "kilogram": "/kg", "tonne": "/トン", None: ""}[match["per"]]
    return f"{match['sign']}{match['n']}{money}{per}"


def _day(match: re.Match) -> str:
    month = next(i for i, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3])
    parts = [f"{match['year']}年"] if match["year"] else []
    parts.append(f"{month}月")
    if match.groupdict().get("day"):
        parts.append(f"{int(match['day'])}日")
    return "".join(parts)


def _iso(match: re.Match) -> str:
    year, month, day = match["year"], int(match["month"]), match["day"]
    return f"{year}年{month}月" + (f"{int(day)}日" if day else "")


_MONEY = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_SIZE = "|".join(_SIZES)
_LONG = "|".join(size for size in _SIZES if len(size) > 2)  # without money, m may be metres
_SIZED = re.compile(rf" ?(?:{_LONG})\b")
_FORMS: list[tuple[re.Pattern, Callable[[re.Match], str]]] = [
    (re.compile(rf"{_NUMBER}%?"), lambda m: m[0]),
    (re.compile(rf"{_SIGN}(?P<money>{_MONEY}){_PLAIN} ?(?P<size>{_SIZE})"), _amount),
    (re.compile(rf"{_SIGN}{_PLAIN} (?P<size>{_LONG})(?: (?P<unit>{_UNIT}))?"), _amount),
    (
        re.compile(
            rf"{_SIGN}(?P<money>{_MONEY}){_PLAIN}(?: (?:per|a) (?P<per>kg|tonne|kilogram))?"
        ),
        _price,
    ),
    (re.compile(rf"(?P<n>{_NUMBER}) ?(?P<unit>{_UNIT})"), lambda m: m["n"] + _UNITS[m["unit"]]),
    (re.compile(rf"(?P<day>\d{{1,2}}) (?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"), _day),
    (re.compile(rf"(?P<month>{_MONTH})(?: (?P<day>\d{{1,2}}),)? (?P<year>\d{{4}})"), _day),
    (re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>\d\d))?"), _iso),
]
