"""Salient statistics as lines of a data release (USGS), worded as MCS 2026; values are invented."""

SECTION = "Salient Statistics—United States"
FREE_ON_BOARD = "Free on board. Source: Argus Media group, Argus Non-Ferrous Markets."
ASIA = "Free on board. Sources: Argus Media group, Argus Non-Ferrous Markets and Asian Metal Ltd."
CENSUS = "Estimated. -- REO equivalent or content of various materials were estimated."
PER_KG = "Price, average, dollars per kilogram: "
RELIANCE = "Net import reliance as a percentage of apparent consumption: "
# By product: commodity, price of the last year but one and of the last.
PRICES = {
    "Lanthanum oxide, 99.5% minimum": ("Lanthanum", "0.88", "2"),
    "Cerium oxide, 99.5% minimum": ("Cerium", "1.11", "2.22"),
    "Mischmetal, 65% cerium, 35% lanthanum": ("Rare Earths", "4.4", "4.6"),
    "Praseodymium oxide, 99.99% minimum": ("Praseodymium", "61", "81"),
    "Neodymium oxide, 99.5% minimum": ("Neodymium", "62", "82"),
    "Neodymium-praseodymium (NdPr) oxide, 99% minimum": ("Rare Earths", "63", "83"),
    "Samarium oxide, 99.5% minimum": ("Samarium", "4", "5"),
    "Europium oxide, 99.99% minimum": ("Europium", "21", "22"),
    "Gadolinium oxide, 99.99% minimum": ("Gadolinium", "33", "34"),
}
HEAVY_PRICES = {
    "Terbium oxide, 99.99% minimum": ("Terbium", "1,234", "1,111"),
    "Dysprosium oxide, 99.5% minimum": ("Dysprosium", "222", "211"),
    "Erbium oxide, 99.5%, minimum": ("Erbium", "51", "52"),
}
# By wording: statistic, unit, figure of the last year but one and of the last.
STATISTICS = {
    "Production: Compounds and metals": ("Production", "metric tons", "3,000", "7,000"),
    "Imports: Compounds": ("Import", "metric tons", "6,500", "e18,000"),
    "Imports: Metals: Ferrocerium, alloys": ("Import", "metric tons", "150", "160"),
    "Imports: Metals: Rare-earth metals and alloys": ("Import", "metric tons", "—", "210"),
    "Exports: Ores and compounds": ("Export", "metric tons", "31,000", "12,000"),
    "Consumption, apparent, compounds and metals": ("Consumption", "metric tons", "5,500", "NA"),
    "Employment, mine and mill, annual average, number": ("Employment", "number", "111", "222"),
    RELIANCE + "Compounds and metals": ("Net import reliance", "percent", "44", ">80"),
    RELIANCE + "Mineral concentrates": ("Net import reliance", "percent", "E", "E"),
}


def price_rows(light=PRICES, heavy=HEAVY_PRICES, edition=2027) -> list[list[str]]:
    """Return the prices of two years; those of heavy elements stand in another chapter."""
    rows = []
    for chapter, prices, source in (
        ("RARE EARTHS", light, FREE_ON_BOARD),
        ("RARE EARTHS (Heavy)", heavy, ASIA),
    ):
        for product, (commodity, *values) in prices.items():
            about = [chapter, SECTION, commodity, "United States", "Price", PER_KG + product]
            about.append("dollars per kilogram")
            rows += _years(about, values, ["", "Estimated. -- "], source, edition)
    return rows


def statistics_rows(statistics=STATISTICS, edition=2027) -> list[list[str]]:
    """Return US statistics of two years, without the mines."""
    rows = []
    for wording, (statistic, unit, *values) in statistics.items():
        about = ["RARE EARTHS", SECTION, "Rare Earths", "United States", statistic, wording, unit]
        is_trade = statistic in ("Import", "Export")
        marks = ["", "" if is_trade else "Estimated. -- "]
        rows += _years(about, values, marks, CENSUS if is_trade else "Defined.", edition)
    return rows


def _years(about, values, marks, notes, edition) -> list[list[str]]:
    years = (str(edition - 2), str(edition - 1))
    return [
        [*about, year, value, mark + notes, "Yes", "(REO equivalent)"]
        for year, value, mark in zip(years, values, marks, strict=True)
    ]
