"""What the models assume: one row a parameter, each with a range and a source.

The rows stand in ``scenarios/model_parameters.csv``. ``kind`` says what the range is: *published*
(printed by the source), *derived* (worked out from printed figures, the note says how), or
*judgement* (ours, because no figure was found; the note says why this range).
"""

from typing import NamedTuple

import pandas as pd

from rareearths import catalogue
from rareearths.catalogue import UnknownCode, closest

TABLE = "model_parameters"


class Range(NamedTuple):
    """A value and the ends of its range, in one unit."""

    low: float
    value: float
    high: float

    def at(self, part: float) -> float:
        """Return the value at ``part`` in [0, 1] of a triangle from low over value to high.

        The quantile function of the triangular distribution whose mode is the value.

        References
        ----------
        Kotz and van Dorp (2004), Beyond Beta, chapter 1.

        Examples
        --------
        >>> Range(0, 1, 2).at(0.5)
        1.0
        """
        low, value, high = self
        width = high - low
        if width == 0:
            return value
        turn = (value - low) / width
        if part <= turn:
            return low + (part * width * (value - low)) ** 0.5
        return high - ((1 - part) * width * (high - value)) ** 0.5


@catalogue.remembered
def load(model: str) -> pd.DataFrame:
    """Load the parameters of one model.

    Parameters
    ----------
    model : str
        As in the column ``model`` of ``scenarios/model_parameters.csv``.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``name``: ``label``, ``value``, ``low``, ``high`` (in ``unit``), ``unit``,
        ``kind``, ``source`` (title), ``source_url`` and ``note``.

    Raises
    ------
    UnknownCode
        A model without parameters.
    """
    rows = catalogue.load(TABLE)
    if model not in set(rows["model"]):
        raise UnknownCode(f"unknown model {model!r}; {closest(model, sorted(set(rows['model'])))}")
    return rows[rows["model"] == model].drop(columns="model").set_index("name")


def ranges(rows: pd.DataFrame) -> dict[str, Range]:
    """Return the range of each parameter, by its name; see `load`."""
    return {name: Range(row["low"], row["value"], row["high"]) for name, row in rows.iterrows()}
