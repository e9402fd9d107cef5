"""Sentences from templates and values, and numbers as a reader wants them.

Text values are escaped, so that a name cannot turn into markup; a missing number is an error, so
that no sentence ever says "nan".
"""

import html
import math
import numbers
import re
import string
from collections.abc import Callable

_MARKDOWN_SIGNS = "`*_[]#|~$"
_HARMLESS = str.maketrans(
    {sign: f"\\{sign}" for sign in _MARKDOWN_SIGNS}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&#92;", "\n": "&#10;", "\r": "&#13;"}
)
# What opens a list, a rule or a block of code where a line begins with it.
_OPENING = re.compile(r"[ \t]*(?:[-+=]+|\d+[.)])(?=\s|$)|[ \t]{4,}|\t")
# A hyphen that is the sign of a number: not in a span, a date, a code or an address.
_SIGN = re.compile(r"(?<![\w./:=?&#%–-])-(?=(?:\\?\$)?\.?\d)", re.ASCII)
_YEARS = re.compile(r"(?<![\w./:=?&#%–-])((?:19|20)\d\d)-((?:19|20)\d\d)(?![\w/–-])", re.ASCII)


def fill(template: str, /, **values) -> str:
    """Fill a template with values, as plain text.

    Besides Python's own, these formats are known: ``pct`` (66.1%), ``pct0`` (66%), ``pp``
    (28.4 percentage points, without the sign), ``points`` (+28.4), ``usd`` ($1.2 billion),
    ``usd_kg`` ($12.19 per kg), ``tonnes`` (18,600 tonnes), ``times`` (3.2 times), ``count`` (25).

    Raises
    ------
    ValueError
        A value is missing (None or NaN).
    KeyError
        The template names a value that is not given.

    Examples
    --------
    >>> fill("{who} sold {share:pct} for {value:usd}.", who="Estonia", share=0.042, value=1.3e6)
    'Estonia sold 4.2% for $1.3 million.'
    """
    return _Plain().vformat(template, (), values)


def fill_markdown(template: str, /, **values) -> str:
    """Fill a Markdown template; text values are escaped, the template is not.

    Dollar signs are escaped everywhere: two of them would be read as the ends of a formula.

    Examples
    --------
    >>> print(fill_markdown("**{who}** paid {value:usd} in US$.", who="A*", value=5))
    **A\\*** paid \\$5 in US\\$.
    """
    return re.sub(r"(?<!\\)\$", r"\\$", _Escaped().vformat(template, (), values))


def literal(text: str) -> str:
    """Make text harmless as a part of a template: no markup, no field."""
    return escape(text).replace("{", "{{").replace("}", "}}")


def with_signs(text: str) -> str:
    """Set a minus sign before negative numbers, and a dash between years.

    Dates, codes and addresses keep their hyphens.

    Everything shown has it: the formats of `fill` and `rareearths.translation.said` set it. Files
    for machines keep the hyphen.

    Examples
    --------
    >>> with_signs("-0.1 (-$5 to 3) in 2010-2012, HS 2846-90")
    '−0.1 (−$5 to 3) in 2010–2012, HS 2846-90'
    """
    if "-" not in text:
        return text
    return _YEARS.sub(r"\1–\2", _SIGN.sub("−", text))


def choose(*cases: tuple[bool, str]) -> str:
    """Return the first text whose condition holds; LookupError names the texts if none does."""
    for holds, text in cases:
        if holds:
            return text
    raise LookupError("; ".join(repr(text) for _, text in cases))


def joined(names: list[str]) -> str:
    """Return a list as it stands in a sentence.

    Examples
    --------
    >>> joined(["Italy", "the Philippines", "Taiwan"])
    'Italy, the Philippines and Taiwan'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def ranged(value: float, low: float, high: float, form: str) -> str:
    """Return a number with its range, in one of the formats of `fill`.

    Examples
    --------
    >>> ranged(0.34, 0.2, 0.52, "pct0"), ranged(0.5, 0.5, 0.5, "pct0")
    ('34% (20% to 52%)', '50%')
    """
    middle, least, most = (show_number(number, form) for number in (value, low, high))
    return middle if middle == least == most else f"{middle} ({least} to {most})"


def show_number(value, form: str) -> str:
    """Return a number in one of the formats of `fill`; a dash where it is missing."""
    missing = value is None or (isinstance(value, numbers.Real) and math.isnan(value))
    return "–" if missing else FORMATS[form](value)


def escape(text: str) -> str:
    """Make text harmless in Markdown and HTML; an address in it is not turned into a link."""
    harmless = text.translate(_HARMLESS).replace("://", "&#58;//")
    if opening := _OPENING.match(text):
        entities = "".join(f"&#{ord(character)};" for character in opening[0])
        harmless = entities + harmless[opening.end() :]
    return harmless


def unescape(text: str) -> str:
    """Undo `escape`."""
    return html.unescape(re.sub(rf"\\([{re.escape(_MARKDOWN_SIGNS)}])", r"\1", text))


class _Plain(string.Formatter):
    def get_value(self, key, args, kwargs):
        if key not in kwargs:
            raise KeyError(f"the sentence names {{{key}}}, which is not given")
        return kwargs[key]

    def get_field(self, field_name, args, kwargs):
        value, used = super().get_field(field_name, args, kwargs)
        if value is None or (isinstance(value, numbers.Real) and math.isnan(value)):
            raise ValueError(f"the value of {{{field_name}}} is missing")
        return value, used

    def format_field(self, value, format_spec):
        if made := FORMATS.get(format_spec):
            return made(value)
        text = super().format_field(value, format_spec)
        return with_signs(text) if isinstance(value, numbers.Number) else text


class _Escaped(_Plain):
    def format_field(self, value, format_spec):
        made = super().format_field(value, format_spec)
        return made if isinstance(value, numbers.Number) else escape(made)


def _usd(value: float) -> str:
    """Dollars: to a tenth of a million or billion; less is given by three digits."""
    sign, size = "−" if value <= -0.5 else "", abs(value)
    if 1e3 <= size < 1e6:
        size = float(f"{size:.3g}")
    for unit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= unit:
            return f"{sign}${size / unit:,.1f} {word}"
    return f"{sign}${size:,.0f}"


def _million(value: float) -> str:
    """Millions with a decimal, or two digits of what is less than 50,000."""
    if 0 < abs(value) < 5e4:
        return f"{value / 1e6:.2g}"
    return f"{round(value / 1e6, 1) + 0.0:,.1f}"


def signed_usd(value: float) -> str:
    """Return dollars with their sign.

    Examples
    --------
    >>> signed_usd(90_233_000), signed_usd(-5_210)
    ('+$90.2 million', '−$5,210')
    """
    return ("−" if value < 0 else "+") + _usd(abs(value))


def _tonnes(value: float) -> str:
    return f"{value:,.0f} tonnes" if abs(value) >= 10 else f"{value:,.2g} tonnes"


def _fine_percent(value: float) -> str:
    """Per cent with two digits, however small: 0.049%."""
    if 0 < value < 1e-5:
        return "under 0.001%"
    return f"{value:.0%}" if value >= 0.0995 or value == 0 else f"{100 * value:.2g}%"


def _percent(value: float, decimals: int) -> str:
    """Per cent, without a minus before a zero."""
    text = f"{value:.{decimals}%}"
    return text if float(text[:-1]) else text.lstrip("-")


def _count(value: float) -> str:
    if value < 0:
        raise ValueError(f"a count is never negative: {value}")
    return f"{value:,.0f}"


_FORMATS = {
    "pct": lambda v: _percent(v, 1),
    "pct0": lambda v: _percent(v, 0),
    "signed_pct0": lambda v: f"{v:+,.0%}",
    "pp": lambda v: f"{abs(v) * 100:.1f} percentage points",
    "usd": _usd,
    "usd_kg": lambda v: f"${v:,.2f} per kg",
    "tonnes": _tonnes,
    "times": lambda v: f"{v:.1f} times",
    "one": lambda v: f"{v:,.1f}",
    "fine_pct": _fine_percent,
    "dollars": lambda v: "no limit" if math.isinf(v) else f"${v:,.0f}" if v >= 100 else f"${v:.2f}",
    "multiple": lambda v: "no limit" if math.isinf(v) else f"{v:,.0f}" if v >= 10 else f"{v:.1f}",
    "count": _count,
    "points": lambda v: f"{round(100 * v, 1) + 0.0:+.1f}",  # + 0.0: no minus before a zero
    "change": lambda v: f"{v:+,.0f}",
    "ratio": lambda v: f"{v:.2f}",
    "million_usd": _million,
    "year": lambda v: f"{v:.0f}",
    "truth": lambda v: "yes" if v else "no",
    "few": lambda v: f"{v:,.0f}" if v >= 10 or v == 0 else f"{v:,.2g}",
    "p": lambda v: "under 0.001" if v < 0.001 else f"{v:.3f}" if v < 0.01 else f"{v:.2f}",
    "short": lambda v: f"{v:,.0f}" if abs(v) >= 999.5 else f"{v:.3g}",
    "plain_usd": lambda v: f"{v:,.2f}" if v < 1000 else f"{v:,.0f}",
}


def _shown(form: Callable[[float], str]) -> Callable[[float], str]:
    return lambda value: with_signs(form(value))


FORMATS = {name: _shown(form) for name, form in _FORMATS.items()}
