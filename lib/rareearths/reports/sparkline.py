"""A small line without axes, as inline SVG: how a number moved over the years."""

from itertools import pairwise

WIDTH, HEIGHT, MARGIN = 160, 48, 4


def svg(years: list[int], values: list[float | None]) -> str:
    """Return the line, scaled from zero; it is broken where a year is missing.

    The markup is hidden from screen readers: whoever shows it says in words what it shows.

    Examples
    --------
    >>> svg([2001, 2002], [0.0, 1.0])
    '<svg class="spark" viewBox="0 0 160 48" aria-hidden="true"><path class="zero" d="M4 44H156"/>\
<path d="M4 44L156 4"/><circle cx="156" cy="4" r="3"/></svg>'
    """
    known = [(year, value) for year, value in zip(years, values, strict=True) if value is not None]
    low, high = min(0.0, *(v for _, v in known)), max(0.0, *(v for _, v in known))
    first, last = known[0][0], known[-1][0]

    def place(year: int, value: float) -> str:
        x = _between(year, first, last, MARGIN, WIDTH - MARGIN)
        return f"{x:g} {_between(value, low, high, HEIGHT - MARGIN, MARGIN):g}"

    zero = _between(0.0, low, high, HEIGHT - MARGIN, MARGIN)
    path = f"M{place(*known[0])}" + "".join(
        ("L" if b[0] - a[0] == 1 else "M") + place(*b) for a, b in pairwise(known)
    )
    x, y = place(*known[-1]).split()
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="zero" d="M{MARGIN} {zero:g}H{WIDTH - MARGIN}"/>'
        f'<path d="{path}"/><circle cx="{x}" cy="{y}" r="3"/></svg>'
    )


def _between(value: float, low: float, high: float, start: float, end: float) -> float:
    """Return the place of a value between two ends, to a tenth."""
    part = (value - low) / (high - low) if high > low else 0.0
    return round(start + part * (end - start), 1)
