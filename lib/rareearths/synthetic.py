"""Synthetic control: a mix of untouched units that moved like the treated one before an event."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST_DONORS = 5


@dataclass(frozen=True)
class Synthetic:
    """A synthetic control and its placebo test.

    ``treated`` and ``control`` are series over the same periods, ``weights`` those of the donors
    (they sum to 1), ``ratios`` the root mean square gap after over that before, for the treated
    unit and for each donor treated as if it were the one; ``p`` the rank of the treated among them;
    ``first_after`` the first period after the event.
    """

    treated: pd.Series
    control: pd.Series
    weights: pd.Series
    ratios: pd.Series
    p: float
    first_after: pd.Period

    @property
    def gap(self) -> pd.Series:
        return self.treated - self.control


def synthetic_control(panel: pd.DataFrame, treated: str, after: np.ndarray) -> Synthetic:
    """Build the synthetic control of one unit and rank its gap among placebos.

    Parameters
    ----------
    panel : pandas.DataFrame
        Periods by units, without a missing value.
    treated : str
        Column of the treated unit; all others are donors.
    after : array of bool
        Marks the periods after the event.

    Returns
    -------
    Synthetic

    Raises
    ------
    ValueError
        A missing value, or fewer donors than `LEAST_DONORS`.

    Notes
    -----
    The weights are non-negative, sum to 1 and match the outcome of every period before the event,
    each counting the same. p = (rank of the treated unit's ratio) / (number of units).

    References
    ----------
    Abadie, Diamond and Hainmueller (2010); docs/methods/synthetic_control.md
    """
    if panel.isna().any(axis=None):
        raise ValueError("a synthetic control needs a panel without missing values")
    if panel.shape[1] - 1 < LEAST_DONORS:
        raise ValueError(f"{panel.shape[1] - 1} donors; {LEAST_DONORS} are needed")
    after = np.asarray(after, dtype=bool)
    weights = _weights(panel, treated, after)
    control = panel[weights.index] @ weights
    donors = panel.drop(columns=treated)
    ratios = {treated: _ratio(panel[treated] - control, after)}
    for unit in donors:
        others = _weights(donors, unit, after)
        ratios[unit] = _ratio(donors[unit] - donors[others.index] @ others, after)
    ratios = pd.Series(ratios)
    p = float((ratios >= ratios[treated]).mean())
    return Synthetic(panel[treated], control, weights, ratios, p, panel.index[after][0])


def _weights(panel: pd.DataFrame, unit: str, after: np.ndarray) -> pd.Series:
    from pysyncon import Synth

    before = panel[~after]
    donors, own = before.drop(columns=unit), before[unit]
    model = Synth()
    model.fit(X0=donors, X1=own, Z0=donors, Z1=own, custom_V=np.ones(len(before)))
    return pd.Series(model.W, donors.columns)


def _ratio(gap: pd.Series, after: np.ndarray) -> float:
    size = np.square(gap)
    return float(np.sqrt(size[after].mean() / size[~after].mean()))
