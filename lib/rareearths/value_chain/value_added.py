"""Where the value of a magnet arises: oxide, metal, magnet, per kg of NdFeB magnet.

The oxide in a kilogram of magnet is priced by the US Geological Survey; the magnet by the unit
value of the importer's purchases; the metal step is a judgement. What a magnet holds and what is
lost on the way are rows of ``model_parameters`` (model ``value_chain``), each with a range.
"""

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue, chain, trade
from rareearths.assumptions import Range
from rareearths.value_chain import position

MODEL = "value_chain"
STEPS = {"oxide": "Oxide (mine and separation)", "metal": "Metal and alloy", "magnet": "Magnet"}
OXIDES = {
    "ndpr": "neodymium_praseodymium_oxide",
    "dy": "dysprosium_oxide",
    "tb": "terbium_oxide",
}
DRAWS, SEED = 2000, 0
ENDS = (0.1, 0.9)  # the range is what lies between, in 8 of 10 draws
_STAGES = {"oxide": ["separation"], "metal": ["metal", chain.JOINT],
           "magnet": ["magnet", chain.JOINT]}  # fmt: skip
_SCOPES = ("all_ree", "magnet_ree", "ndfeb")
LEAST_SHARE = 0.02  # of the value; smaller suppliers sell a few consignments
_SINCE = 2021  # published shares of an older year are no share of today


def oxide_prices(year: int) -> dict[str, Range]:
    """Prices of the magnet oxides, US$ per kg: the year's average, range with the year before.

    Contracts follow prices with a lag, so that both years are in a magnet.

    Raises
    ------
    ValueError
        A year without an average of all three oxides.
    """
    rows = catalogue.load("oxide_prices")
    rows = rows[rows["newest_edition"] & (rows["measure"] == "annual_average")]
    table = rows.pivot(index="year", columns="product", values="low_usd_per_kg")
    wanted = table.reindex(index=[year - 1, year], columns=list(OXIDES.values()))
    if wanted.isna().any(axis=None):
        raise ValueError(f"no average prices of the magnet oxides for {year - 1} and {year}")
    return {
        name: Range(
            *map(float, (wanted[product].min(), wanted.at[year, product], wanted[product].max()))
        )
        for name, product in OXIDES.items()
    }


def magnet_year(years: tuple[int, int]) -> int | None:
    """The last year in which magnets have weights and oxides a price; None without one."""
    rows = position.load_magnets(years)
    weighed = rows.dropna(subset=["quantity_t"])["year"]
    return int(weighed.max()) if len(weighed) else None


def magnet_prices(flows: pd.DataFrame, importer: str, year: int) -> Range | None:
    """Unit value of an importer's magnets, US$ per kg: of all, and of its suppliers.

    Returns
    -------
    Range or None
        Lowest and highest of all suppliers together and of each one with `LEAST_SHARE` of the
        value or more; None without weights.
    """
    bought = flows[(flows["importer"] == importer) & (flows["year"] == year)]
    table = trade.supplier_table(bought[bought["stage"] == "magnet"], year, top=50)
    known = table.dropna(subset=["usd_per_kg"])
    if known.empty:
        return None
    mean = known["value_with_quantity_usd"].sum() / (1000 * known["quantity_t"].sum())
    large = [*known.loc[known["share_value"] >= LEAST_SHARE, "usd_per_kg"], mean]
    return Range(float(min(large)), float(mean), float(max(large)))


def steps(given: dict[str, float], prices: dict[str, float], magnet: float) -> dict[str, float]:
    """What each step adds to a kilogram of magnet, in US$; the three add up to its price.

    Parameters
    ----------
    given : dict
        The parameters of the model ``value_chain``: shares of weight, kg per kg, US$ per kg.
    prices : dict
        US$ per kg of oxide: ``ndpr``, ``dy``, ``tb``.
    magnet : float
        US$ per kg of magnet.

    References
    ----------
    docs/methods/value_by_step.md

    Examples
    --------
    >>> given = {"rare_earths": 0.3, "dysprosium": 0, "terbium": 0, "oxide_per_metal": 1.2,
    ...          "material_use": 1, "metal_step": 5}
    >>> found = steps(given, {"ndpr": 50, "dy": 0, "tb": 0}, 60)
    >>> {name: round(value, 2) for name, value in found.items()}
    {'oxide': 18.0, 'metal': 1.5, 'magnet': 40.5}
    """
    dy, tb = given["dysprosium"], given["terbium"]
    light = given["rare_earths"] - dy - tb
    per_kg = light * prices["ndpr"] + dy * prices["dy"] + tb * prices["tb"]
    oxide = per_kg * given["oxide_per_metal"] * given["material_use"]
    metal = given["rare_earths"] * given["material_use"] * given["metal_step"]
    return {"oxide": oxide, "metal": metal, "magnet": magnet - oxide - metal}


def ladder(
    given: dict[str, Range], prices: dict[str, Range], magnet: Range, draws: int = DRAWS
) -> pd.DataFrame:
    """The three steps with their ranges, and their shares of the magnet's price.

    Every input is drawn by itself from the triangle of its range, with a fixed seed: the figure is
    the mean of the draws, the range is what lies between in 8 of 10 of them.

    Returns
    -------
    pandas.DataFrame
        ``step``, ``name``, ``usd`` , ``usd_low``, ``usd_high`` (US$ per kg of magnet), ``share``,
        ``share_low``, ``share_high`` (of the price); the shares of ``share`` sum to 1. A share of
        the magnet step under 0: the oxide alone costs more than that magnet.
    """
    drawn = _draw(given, prices, magnet, draws)
    rows = []
    for step, name in STEPS.items():
        usd, share = drawn[step], drawn[step] / drawn["price"]
        ends = [np.quantile(found, ENDS) for found in (usd, share)]
        rows.append(
            {"step": step, "name": name}
            | {"usd": usd.mean(), "usd_low": ends[0][0], "usd_high": ends[0][1]}
            | {"share": share.mean(), "share_low": ends[1][0], "share_high": ends[1][1]}
        )
    return pd.DataFrame(rows)


def _draw(given, prices, magnet: Range, draws: int) -> dict[str, np.ndarray]:
    """Draw every input by itself; an input keeps its draws whatever happens to the others."""
    rng = np.random.default_rng(SEED)
    picked, paid = (
        {
            name: np.array([found.at(part) for part in rng.random(draws)])
            for name, found in of.items()
        }
        for of in (given, prices)
    )
    price = np.array([magnet.at(part) for part in rng.random(draws)])
    return steps(picked, paid, price) | {"price": price}


def sensitivity(given: dict[str, Range], prices: dict[str, Range], magnet: Range) -> pd.DataFrame:
    """Mean share of the oxide in the price when one input stays at an end of its range.

    Returns
    -------
    pandas.DataFrame
        ``input`` (name), ``share_at_low``, ``share_at_high``, ``effect`` (difference, fractions);
        largest effect first. The three prices of oxides move together. What making metal adds is
        taken from the magnet step and leaves the oxide as it is.
    """
    ends = {"share_at_low": "low", "share_at_high": "high"}
    rows = []
    for name in [*given, "prices", "magnet_price"]:
        moved = {
            column: ladder(*_held(name, end, given, prices, magnet), draws=DRAWS // 4)
            for column, end in ends.items()
        }
        rows.append({"input": name} | {k: t["share"].iloc[0] for k, t in moved.items()})
    table = pd.DataFrame(rows)
    table["effect"] = (table["share_at_high"] - table["share_at_low"]).abs()
    return table.sort_values("effect", ascending=False, kind="stable", ignore_index=True)


def _held(name: str, end: str, given: dict, prices: dict, magnet: Range) -> tuple:
    """The inputs with one of them held at an end of its range."""
    held = {key: Range(*[getattr(found, end)] * 3) for key, found in (given | prices).items()}
    if name == "magnet_price":
        return given, prices, Range(*[getattr(magnet, end)] * 3)
    if name == "prices":
        return given, {key: held[key] for key in prices}, magnet
    return given | {name: held[name]}, prices, magnet


def made_where(economy: str) -> pd.DataFrame:
    """Published world shares of one economy at each step, newest years.

    Returns
    -------
    pandas.DataFrame
        ``step``, ``least``, ``most`` (fractions; missing where nothing is printed), ``printed_by``
        (who, of what year). Figures of control, and of single oxides, are left out.
    """
    figures = chain.stage_figures((_SINCE, 9999))
    figures = figures[figures["measure"] != "control"]
    figures = figures[(figures["economy"] == economy) & figures["scope_group"].isin(_SCOPES)]
    rows = []
    for step, wanted in _STAGES.items():
        part = figures[figures["stage"].isin(wanted)]
        years = sorted(part["year"].unique())
        rows.append(
            {
                "step": step,
                "least": part["least"].min(),
                "most": part["most"].max(),
                "printed_by": f"{len(part)} figures, {years[0]}–{years[-1]}" if years else "–",
            }
        )
    return pd.DataFrame(rows)


def value_share(table: pd.DataFrame, shares: pd.DataFrame) -> tuple[float, float, bool]:
    """Share of the world's magnet value that arises in one economy: lowest, highest, all known.

    Parameters
    ----------
    table : pandas.DataFrame
        See `ladder`.
    shares : pandas.DataFrame
        See `made_where`.

    Returns
    -------
    (float, float, bool)
        Sums over the steps of the share of value times the published world share; steps without a
        published share count as nothing, and then the last is False.
    """
    value = table.set_index("step")["share"]
    known = shares.set_index("step").reindex(value.index)
    low, high = ((value * known[end].fillna(0)).sum() for end in ("least", "most"))
    return float(low), float(high), bool(known["least"].notna().all())


def load_parameters() -> pd.DataFrame:
    """The rows of the model, see `assumptions.load`."""
    return assumptions.load(MODEL)


def ladder_of(rows: pd.DataFrame, year: int, magnet: Range) -> pd.DataFrame:
    """`ladder` with the parameters of `load_parameters` and the prices of a year."""
    return ladder(assumptions.ranges(rows), oxide_prices(year), magnet)


def sensitivity_of(rows: pd.DataFrame, year: int, magnet: Range) -> pd.DataFrame:
    """`sensitivity` with the parameters of `load_parameters` and the prices of a year."""
    return sensitivity(assumptions.ranges(rows), oxide_prices(year), magnet)


def central_case(rows: pd.DataFrame, year: int, magnet: Range) -> dict[str, float]:
    """Shares of the steps in the mean price of the magnets when every input has its value."""
    given = {name: found.value for name, found in assumptions.ranges(rows).items()}
    prices = {name: found.value for name, found in oxide_prices(year).items()}
    made = steps(given, prices, magnet.value)
    return {name: usd / magnet.value for name, usd in made.items()}


def metal_check(flows: pd.DataFrame, importer: str, year: int, rows: pd.DataFrame) -> dict:
    """The dear metal an importer buys against the oxide that a kilogram of NdPr metal needs.

    Returns
    -------
    dict
        ``place`` (largest supplier whose metal costs from half to twice that oxide: neither cheap
        light metals nor samples), ``least`` and ``most`` (these ends), ``metal``, ``oxide_low`` and
        ``oxide_high`` (US$ per kg of metal); empty without such a supplier.
    """
    need, price = assumptions.ranges(rows)["oxide_per_metal"], oxide_prices(year)["ndpr"]
    low, high = need.low * price.low, need.high * price.high
    bought = flows[(flows["importer"] == importer) & (flows["year"] == year)]
    table = trade.supplier_table(bought[bought["stage"] == "metal"], year, top=50)
    dear = table[table["usd_per_kg"].between(low / 2, 2 * high)]
    if dear.empty:
        return {}
    first = dear.iloc[0]
    return {
        "place": trade.economy_in_text(first["exporter"]),
        "least": low / 2,
        "most": 2 * high,
        "metal": first["usd_per_kg"],
        "oxide_low": low,
        "oxide_high": high,
    }
