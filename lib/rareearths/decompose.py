"""Why a value changed: exact decompositions into the factors whose product it is."""

from itertools import permutations
from math import expm1, log, prod

import pandas as pd

from rareearths import trade


def lmdi(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Logarithmic mean Divisia index decomposition (LMDI-I, additive) of a product.

    Parameters
    ----------
    before, after : dict of str to float
        The factors at both ends, by the same names, none negative.

    Returns
    -------
    dict
        The contribution of each factor, in the unit of the product; they sum to its change.

    Raises
    ------
    ValueError
        The names differ, or a factor is negative or missing.

    Notes
    -----
    The contribution of factor k is L(V1, V0) ln(x_k1 / x_k0), with the logarithmic mean
    L(a, b) = (a - b) / (ln a - ln b) and L(a, a) = a. Where the product is zero at one end, the
    limit is taken: the factors that are zero there share the whole change equally, the others
    contribute nothing.

    References
    ----------
    Ang (2005), The LMDI approach to decomposition analysis; docs/methods/decomposition.md

    Examples
    --------
    >>> parts = lmdi({"tonnes": 10, "price": 2}, {"tonnes": 5, "price": 6})
    >>> {name: round(part, 3) for name, part in parts.items()}
    {'tonnes': -17.095, 'price': 27.095}
    """
    _check(before, after)
    first, last = prod(before.values()), prod(after.values())
    if first == 0 and last == 0:
        return dict.fromkeys(before, 0.0)
    if first == 0 or last == 0:
        ends = before if first == 0 else after
        vanished = [name for name, value in ends.items() if value == 0]
        return {k: (last - first) / len(vanished) if k in vanished else 0.0 for k in before}
    parts = {name: log(after[name] / before[name]) for name in before}
    growth = sum(parts.values())
    mean = first * expm1(growth) / growth if growth else first  # stable where the ends are close
    return {name: mean * part for name, part in parts.items()}


def shapley(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Shapley decomposition of a product: the mean marginal contribution over all orders.

    Parameters, returns and errors as for `lmdi`. Zero factors need no special case.

    References
    ----------
    Shapley (1953); Sun (1998) for the case of a product; docs/methods/decomposition.md

    Examples
    --------
    >>> shapley({"tonnes": 10, "price": 2}, {"tonnes": 5, "price": 6})
    {'tonnes': -20.0, 'price': 30.0}
    """
    _check(before, after)
    orders = list(permutations(before))
    parts = dict.fromkeys(before, 0.0)
    for order in orders:
        state = dict(before)
        value = prod(state.values())
        for name in order:
            state[name] = after[name]
            changed = prod(state.values())
            parts[name] += (changed - value) / len(orders)
            value = changed
    return parts


def why_changed(flows: pd.DataFrame, exporter: str, first: int, last: int) -> pd.DataFrame:
    """Decompose the change of an importer's purchases from one supplier between two years.

    Their value is the tonnes imported from all suppliers, times the supplier's share of the
    tonnes, times the supplier's unit value. Flows without a weight have no such factors; their
    value stands in a row of its own, so that the rows sum to the change of the whole value.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of one importer.
    exporter : str
        ISO3 code of the supplier.
    first, last : int
        The two years.

    Returns
    -------
    pandas.DataFrame
        ``factor``: ``volume`` (tonnes), ``share`` (fraction), ``unit value`` (US$ per tonne),
        ``without weight`` (US$); ``before`` and ``after`` (no unit value where nothing was sold);
        ``lmdi_usd`` and ``shapley_usd``, the
        contributions in current US$.

    Raises
    ------
    ValueError
        A year without any import whose weight is known.
    """
    ends = [_factors(flows, trade.check_economy(exporter), year) for year in (first, last)]
    (before, loose_before), (after, loose_after) = (_priced(ends, i) for i in (0, 1))
    shown = [pd.Series(factors, dtype=float) for factors, _ in ends]
    rows = pd.DataFrame(
        {
            "before": shown[0],
            "after": shown[1],
            "lmdi_usd": lmdi(before, after),
            "shapley_usd": shapley(before, after),
        }
    )
    change = loose_after - loose_before
    rows.loc["without weight"] = [loose_before, loose_after, change, change]
    return rows.rename_axis("factor").reset_index()


def why_gap(flows: pd.DataFrame, exporter: str, year: int) -> pd.DataFrame:
    """Why a supplier's share of the tonnes differs from its share of the value.

    Parameters
    ----------
    flows : pandas.DataFrame
        Canonical flows of one importer.
    exporter : str
        ISO3 code of the supplier.
    year : int

    Returns
    -------
    pandas.DataFrame
        ``cause`` and ``part``, in fractions, which sum to share of tonnes minus share of value:
        ``mix of HS codes`` (it sells more of the codes that are cheap a kilogram), ``unit values
        within codes`` (its kilogram costs less than that of all suppliers), ``flows without
        weight`` (value whose weight is not known).

    Raises
    ------
    ValueError
        A year without any import whose weight is known.

    Notes
    -----
    With q and v the supplier's tonnes and value in code k, p the mean unit value of the code over
    all suppliers, V the value of all flows with a weight: the share of value at mean unit values,
    sum_k q_k p_k / V, stands between the share of tonnes and the share of V.

    References
    ----------
    docs/methods/decomposition.md
    """
    trade.check_economy(exporter)
    of_year = flows[flows["year"] == year]
    weighed = of_year.dropna(subset=["quantity_t"])
    tonnes, value = weighed["quantity_t"].sum(), weighed["value_usd"].sum()
    if not tonnes > 0:
        raise ValueError(f"no import with a known weight in {year}")
    codes = weighed.groupby("product")[["value_usd", "quantity_t"]].sum()
    mean_price = codes["value_usd"] / codes["quantity_t"].where(codes["quantity_t"] > 0)
    own = weighed[weighed["exporter"] == exporter]
    prices = own["product"].map(mean_price).astype(float)
    at_mean = (prices * own["quantity_t"]).sum() / value
    of_weighed = own["value_usd"].sum() / value
    all_own = of_year.loc[of_year["exporter"] == exporter, "value_usd"].sum()
    parts = {
        "mix of HS codes": own["quantity_t"].sum() / tonnes - at_mean,
        "unit values within codes": at_mean - of_weighed,
        "flows without weight": of_weighed - all_own / of_year["value_usd"].sum(),
    }
    return pd.DataFrame({"cause": list(parts), "part": [float(x) for x in parts.values()]})


def _factors(flows: pd.DataFrame, exporter: str, year: int) -> tuple[dict, float]:
    """The factors of a year (unit value None where nothing was sold) and the unweighed value."""
    of_year = flows[flows["year"] == year]
    weighed = of_year.dropna(subset=["quantity_t"])
    volume = float(weighed["quantity_t"].sum())
    if volume == 0:
        raise ValueError(f"no import with a known weight in {year}")
    own = weighed[weighed["exporter"] == exporter]
    tonnes, value = float(own["quantity_t"].sum()), float(own["value_usd"].sum())
    loose = of_year[of_year["quantity_t"].isna() & (of_year["exporter"] == exporter)]
    unit_value = value / tonnes if tonnes else None
    factors = {"volume": volume, "share": tonnes / volume, "unit value": unit_value}
    return factors, float(loose["value_usd"].sum())


def _priced(ends: list, which: int) -> tuple[dict, float]:
    """Give a year without sales the unit value of the other, so that it contributes nothing."""
    factors, loose = ends[which]
    if factors["unit value"] is None:
        other = ends[1 - which][0]["unit value"]
        factors = factors | {"unit value": 0.0 if other is None else other}
    return factors, loose


def _check(before: dict[str, float], after: dict[str, float]) -> None:
    if set(before) != set(after) or not before:
        raise ValueError(f"the factors differ: {sorted(before)} and {sorted(after)}")
    for name in before:
        for value in (before[name], after[name]):
            if not value >= 0:
                raise ValueError(f"factor {name!r} is negative or missing: {value}")
