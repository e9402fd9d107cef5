"""The mirror gap between two statements of one flow, and the freight between them."""

import numpy as np

from rareearths import assumptions

MODEL, PARAMETER = "mirror", "freight_margin"


def freight_margin() -> assumptions.Range:
    """Return by which fraction import values (CIF) stand above export values (FOB), and its range.

    A row of ``model_parameters`` with its source.
    """
    return assumptions.ranges(assumptions.load(MODEL))[PARAMETER]


def log_gap(import_amount, export_amount, margin: float = 0.0):
    """Gap between the two sides' statements of one flow, ln(import) - ln(export) - ln(1 + m).

    Parameters
    ----------
    import_amount, export_amount : float or pandas.Series
        Both in tonnes, or both in the same money; positive.
    margin : float
        Freight and insurance as a fraction: `freight_margin` where import values are CIF and
        export values FOB, 0 for weights and where both are FOB.

    Returns
    -------
    float or pandas.Series
        Logarithm; 0 when both sides agree, 0.1 when the importer states about 10 % more.

    Raises
    ------
    ValueError
        An amount that is not positive.

    References
    ----------
    docs/methods/mirror.md

    Examples
    --------
    >>> float(round(log_gap(17_318, 16_000), 3))
    0.079
    """
    if np.any(np.asarray(import_amount) <= 0) or np.any(np.asarray(export_amount) <= 0):
        raise ValueError("log_gap: both amounts must be positive")
    return np.log(import_amount) - np.log(export_amount) - np.log1p(margin)
