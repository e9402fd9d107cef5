"""Breaks of a series: when its level changed, found without knowing any event."""

import numpy as np
import pandas as pd

LEAST = 3  # years between two breaks


def find_breaks(y: pd.Series) -> pd.DataFrame:
    """Find the dates at which the mean of a series shifts.

    Parameters
    ----------
    y : pandas.Series
        Indexed by consecutive years; missing ones at the ends are cut off.

    Returns
    -------
    pandas.DataFrame
        One row a regime: ``first`` and ``last`` (years), ``mean``; the second row and each after
        it begin at a break.

    Raises
    ------
    ValueError
        A gap inside the series, or fewer years than two regimes need.

    Notes
    -----
    PELT (exact search) with the cost of squared deviations and the penalty 3 s² ln n for each
    break, as in the modified Bayesian information criterion; 2 s² is the mean squared difference of
    neighbours. In 25 years of noise a break is then found about one time in twenty.

    References
    ----------
    Killick, Fearnhead and Eckley (2012); Zhang and Siegmund (2007); docs/methods/breaks.md
    """
    import ruptures

    known = y.loc[y.first_valid_index() : y.last_valid_index()]
    if known.isna().any():
        raise ValueError("a gap inside the series: breaks cannot be searched")
    if len(known) < 2 * LEAST:
        raise ValueError(f"{len(known)} years; {2 * LEAST} are needed")
    values = known.to_numpy(dtype=float)
    variance = np.square(np.diff(values)).mean() / 2
    penalty = 3 * variance * np.log(len(values))
    search = ruptures.Pelt(model="l2", min_size=LEAST, jump=1).fit(values)
    ends = search.predict(pen=max(penalty, np.finfo(float).tiny))
    starts = [0, *ends[:-1]]
    return pd.DataFrame(
        {
            "first": [known.index[i] for i in starts],
            "last": [known.index[j - 1] for j in ends],
            "mean": [values[i:j].mean() for i, j in zip(starts, ends, strict=True)],
        }
    )
