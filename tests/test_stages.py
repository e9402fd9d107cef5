"""Dependence by stage: limits, magnets as a selection, known figures by plain queries, words."""

import math
from itertools import pairwise

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import answers, figures, quality, risk, stages, trade
from rareearths.catalogue import UnknownCode

COMPOUNDS, METALS = ["284610", "284690"], ["280530"]


def made(rows) -> pd.DataFrame:
    """Flows made by a test."""
    columns = ["year", "exporter", "product", "value_usd", "quantity_t", "stage"]
    return pd.DataFrame(rows, columns=columns).assign(importer="JPN", source="made by a test")


def plain(importer: str, codes: list[str], year: int) -> pd.DataFrame:
    """The file as it is, read without the library."""
    where = [("importer", "==", importer), ("product", "in", codes), ("year", "==", year)]
    return pq.read_table(ROOT / "data/trade/baci_minerals.parquet", filters=where).to_pandas()


def plain_magnets(importer: str, year: int) -> pd.Series:
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv")
    rows = rows[(rows["importer"] == importer) & (rows["year"] == year)]
    return rows.set_index("exporter")["value_usd"]


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU"])
def test_the_stages_are_those_of_plain_queries(importer):
    newest = stages.latest(stages.load_flows(importer, "rare_earths"), "CHN").set_index("stage")
    assert list(newest.index) == ["compound", "metal", "magnet"]
    for stage, codes in (("compound", COMPOUNDS), ("metal", METALS)):
        rows = plain(importer, codes, 2024)
        own = rows[rows["exporter"] == "CHN"]
        for column, share in (("value_usd", "share_value"), ("quantity_t", "share_tonnes")):
            expected = own[column].sum() / rows[column].sum()
            assert newest.at[stage, share] == pytest.approx(expected, rel=1e-12)
    magnets = plain_magnets(importer, 2024)
    assert newest.at["magnet", "share_value"] == pytest.approx(magnets["CHN"] / magnets.sum())
    assert newest.at["magnet", "suppliers"] == len(magnets)


def test_japan_in_2024_as_the_page_prints_it():
    flows = stages.load_flows("JPN", "rare_earths")
    assert answers.stage_list(stages.latest(flows, "CHN"), 2024) == (
        "compounds 68% of the tonnes and 51% of the value; metals 62% of the tonnes and 24% of "
        "the value; magnets (larger flows) 37% of the tonnes and 28% of the value"
    )


def test_magnets_have_one_limit_in_all_years():
    """The list of 2023 reaches down to 270,000 dollars, that of 2024 to 7.0 million."""
    flows = stages.load_flows("USA", "rare_earths").query("stage == 'magnet'")
    limit = pd.read_csv(ROOT / "data/trade/magnets_coverage.csv")["smallest_value_usd"].max()
    assert stages.magnet_limit() == limit == 7_002_738
    assert flows["value_usd"].min() >= limit
    shares = stages.dependence(flows, "CHN").set_index("year")["share_value"].round(3)
    assert (shares[2023], shares[2024]) == (0.867, 0.836), (
        "it falls; with all listed flows it rises"
    )


def test_an_importer_whose_suppliers_are_not_listed_has_no_magnets():
    assert plain_magnets("FRA", 2024).to_dict() == {"CHN": pytest.approx(84.5e6, rel=1e-3)}
    assert "magnet" not in set(stages.load_flows("FRA", "rare_earths")["stage"])


def test_no_unlisted_importer_has_other_suppliers_than_china_and_japan():
    rows = pd.read_csv(ROOT / "data/trade/magnets.csv")
    others = rows[~rows["exporter"].isin(["CHN", "JPN"])]
    listed = pd.read_csv(ROOT / "data/trade/magnets_coverage.csv").set_index("year")
    for year, part in others.groupby("year"):
        assert set(part["importer"]) <= set(listed.at[year, "importers_listed"].split(";"))


def test_a_supplier_without_a_listed_flow_of_magnets_is_unknown_not_zero():
    flows = stages.load_flows("JPN", "rare_earths")
    table = stages.dependence(flows, "AUS").query("year == 2024").set_index("stage")
    assert "AUS" not in plain_magnets("JPN", 2024)
    assert math.isnan(table.at["magnet", "share_value"])
    assert table.at["metal", "share_value"] == 0, "no flow in the whole trade table is a zero"


def test_other_materials_have_no_magnets():
    assert stages.present(stages.load_flows("JPN", "graphite")) == ["ore"]
    assert stages.present(stages.load_flows("JPN", "vanadium")) == ["compound", "alloy"]


def test_every_stage_of_the_products_has_a_place_and_a_plural():
    products = pd.read_csv(ROOT / "data/reference/products.csv")
    assert set(products["stage"]) < set(stages.ORDER)
    assert set(stages.PLURALS) == set(stages.ORDER)


def test_few_weights_give_no_share_of_tonnes():
    rows = [(2024, "CHN", "280530", 79, 10.0, "metal"), (2024, "USA", "280530", 21, None, "metal")]
    (row,) = stages.latest(made(rows), "CHN").to_dict("records")
    assert math.isnan(row["share_tonnes"])
    assert math.isnan(row["gap"])
    assert row["share_value"] == 0.79


def test_a_stage_keeps_its_own_newest_year():
    rows = [(2020, "CHN", "280530", 5, 1.0, "metal"), (2024, "USA", "284610", 9, 1.0, "compound")]
    newest = stages.latest(made(rows), "CHN").set_index("stage")
    assert newest["year"].to_dict() == {"compound": 2024, "metal": 2020}
    assert newest["share_value"].to_dict() == {"compound": 0, "metal": 1}
    assert answers.stage_list(newest.reset_index(), 2024).startswith("compounds none;")
    assert answers.stage_list(newest.reset_index(), 2024).endswith(
        "metals (2020) 100% of the tonnes and 100% of the value"
    )


amounts = st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**6)), min_size=1, max_size=6)


@given(compounds=amounts, metals=amounts)
def test_a_stage_does_not_see_the_others(compounds, metals):
    both = made(
        [(2024, f"S{i}", "284690", v, q, "compound") for i, (v, q) in enumerate(compounds)]
        + [(2024, f"S{i}", "280530", v, q, "metal") for i, (v, q) in enumerate(metals)]
    ).replace({"exporter": {"S0": "CHN", "S1": "USA", "S2": "AUS", "S3": "FRA", "S4": "EST"}})
    both["exporter"] = both["exporter"].replace("S5", "VNM")
    alone = both[both["stage"] == "metal"]
    together = stages.latest(both, "CHN").set_index("stage").loc["metal"]
    single = stages.latest(alone, "CHN").set_index("stage").loc["metal"]
    pd.testing.assert_series_equal(together, single)
    assert together["hhi"] == pytest.approx(risk.hhi([v / sum(x for x, _ in metals)
                                                      for v, _ in metals]))  # fmt: skip


def test_the_european_union_speaks_for_its_members_only():
    france = stages.union_magnets("FRA", "CHN").set_index("year")
    rows = pd.read_csv(ROOT / "data/trade/eu_magnet_imports.csv")
    (own,) = rows[(rows["year"] == 2024) & (rows["exporter"] == "CHN")].to_dict("records")
    assert france.at[2024, "share_value"] == own["value_eur"] / own["total_value_eur"]
    assert list(france.index) == [2023, 2024], "provisional years are left out"
    assert stages.union_magnets("JPN", "CHN").empty
    assert "European Union" in answers.on_magnets(_newest("FRA"), "FRA", "CHN")
    assert "are not in the data" in answers.on_magnets(_newest("FRA"), "FRA", "CHN")


def _newest(importer: str) -> pd.DataFrame:
    return stages.latest(stages.load_flows(importer, "rare_earths"), "CHN")


def test_what_is_unknown_is_refused():
    with pytest.raises(UnknownCode, match="rare_earths"):
        stages.load_flows("JPN", "rare_earth")
    with pytest.raises(UnknownCode, match="Japan"):
        stages.load_flows("JAP", "rare_earths")
    with pytest.raises(ValueError, match="no flows"):
        stages.dependence(stages.load_flows("TUV", "tellurium"), "CHN")


# Sentences.


def summary_of(importer: str, material: str, exporter: str = "CHN") -> tuple[dict, pd.DataFrame]:
    flows = stages.load_flows(importer, material, magnets=False)
    return risk.dependence_summary(flows, exporter), stages.latest(flows, exporter)


def test_the_sign_of_the_gap_is_that_of_the_unit_values():
    higher, lower = summary_of("JPN", "rare_earths"), summary_of("USA", "graphite")
    assert "more by tonnes than by value" in answers.on_gap(*higher)
    assert "cost on average 31% of one from the others" in answers.on_gap(*higher)
    assert "less by tonnes than by value" in answers.on_gap(*lower)
    assert "cost on average 2.3 times as much" in answers.on_gap(*lower)
    assert "less than two points apart" in answers.on_gap(*summary_of("JPN", "graphite"))


def test_a_supplier_of_nothing_and_a_sole_supplier_have_no_gap():
    summary, newest = summary_of("JPN", "rare_earths")
    for share in (0, 1):
        assert answers.on_gap(summary | {"share_value": share}, newest) == ""


@pytest.mark.parametrize(
    ("suppliers", "largest", "said"),
    [(1, "CHN", "There is no other supplier."), (1, "USA", "The only supplier is"),
     (5, "CHN", "equal suppliers."), (5, "USA", "the largest is")],
)  # fmt: skip
def test_few_suppliers_are_said_in_words(suppliers, largest, said):
    summary, newest = summary_of("JPN", "graphite")
    summary |= {"suppliers": suppliers, "largest": largest}
    assert said in answers.on_suppliers(summary, newest, "CHN")


def test_no_sentence_of_dependence_names_a_missing_number():
    """Large and tiny importers get an answer; a missing value would be an error."""
    from rareearths.words import fill

    names = {"importer": "it", "exporter": "China", "material": "this", "goods": "this"}
    for material in ("rare_earths", "beryllium"):
        importers = set(trade.load_flows(products=material, years=(2015, 2024))["importer"])
        for importer in sorted(importers - {"CHN"})[::5]:
            summary, newest = summary_of(importer, material)
            for template in (
                answers.on_dependence(summary, newest),
                answers.on_gap(summary, newest),
                answers.on_suppliers(summary, newest, "CHN"),
                answers.headline(summary, newest),
            ):
                text = fill(template, **summary | names)
                assert "nan" not in text
                assert "inf" not in text.split()


def years_of(importer: str, material: str, end_year: int = 2024) -> str:
    everything = stages.load_flows(importer, material)
    kept = quality.reliable(everything, importer, material)
    summary = risk.dependence_summary(kept[kept["stage"] != "magnet"], "CHN")
    return answers.on_years(summary, end_year, everything, importer, material)


def test_why_the_answer_is_not_of_the_last_year():
    assert years_of("JPN", "rare_earths") == ""
    germany = years_of("DEU", "germanium")
    assert germany.startswith("Figures of 2008 are in the data and not relied on: HS 2007 moved")
    assert germany.endswith("The answer is of 2006, 18 years before 2024.")
    france = years_of("FRA", "germanium")
    assert france.startswith("From 2007 on these codes cannot be read: HS 2007 moved germanium")
    uranium = years_of("JPN", "uranium")
    assert "The world's weight" not in uranium, "2007 and 2009 are before the answer"


def test_weights_that_end_early_are_said():
    """Palladium bought by Russia: value to 2024, weights to 2023."""
    said = years_of("RUS", "palladium")
    assert said == "Later imports have no weights, so that shares of tonnes end here."
    flows = trade.load_flows("RUS", products="palladium", years=2024)
    assert flows["quantity_t"].isna().all()


def rows_of(volume, share, price) -> pd.DataFrame:
    parts = {"volume": volume, "share": share, "unit value": price}
    table = pd.DataFrame(parts, index=["lmdi_usd", "shapley_usd"]).T
    return table.rename_axis("factor").reset_index().assign(before=1.0)


def test_the_account_of_a_change_claims_no_more_than_the_methods_bear():
    firm = answers.on_change(rows_of((10e6, 10.5e6), (-2e6, -2.2e6), (1e6, 0.9e6)))
    assert firm.startswith("The value rose by $9.0 million: volume +$10.0 million to +$10.5 mill")
    assert "the account is firm" in firm
    loose = answers.on_change(rows_of((10e6, 16e6), (-2e6, -8e6), (1e6, 1e6)))
    assert "agree on the directions, not on the size of volume and share" in loose
    turned = answers.on_change(rows_of((10e6, 12e6), (-2e6, -4e6), (1e6, 1e6 - 1e6 - 1)))
    assert "do not agree on the direction of: unit value" in turned
    assert answers.on_change(rows_of((0, 0), (0, 0), (0, 0))) == "The value did not change."
    new = rows_of((0, -1e6), (4e6, 5e6), (0, 0)).assign(before=0.0)
    assert answers.on_change(new) == "Nothing was bought before; $4.0 million is all new."


def test_suppliers_far_from_the_mean_are_named():
    table = pd.DataFrame(
        {
            "name": ["A", "B", "C"],
            "usd_per_kg": [10.0, 11.0, 2000.0],
            "quantity_t": [100.0, 100.0, 0.1],
            "value_with_quantity_usd": [1e6, 1.1e6, 2e5],
        }
    )
    assert answers.on_outliers(table).endswith("wrong weight: C ($2,000).")
    assert answers.on_outliers(table[:2]) == ""


@pytest.mark.parametrize(
    ("differences", "title"),
    [
        ([0.047, 0.376, 0.083], "Published shares are 5 to 38 points higher than computed"),
        ([-0.05, -0.10], "Published shares are 5 to 10 points lower than computed"),
        ([-0.051, 0.10], "Published less computed: −5.1 to +10.0 points"),
        ([0.062], "The published share is 6 points higher than computed"),
        ([-0.003], "The published share is less than a point from the computed one"),
    ],
)
def test_the_title_of_published_shares_gives_their_range(differences, title):
    assert answers.on_published(pd.Series(differences)) == title


def test_an_hhi_next_to_a_threshold_has_three_digits():
    rows = pd.DataFrame({"goods": ["ores", "metals"], "hhi": [0.2498, 0.31]})
    assert answers.hhi_list(rows, named=True) == "ores 0.250 and metals 0.31"
    assert answers.hhi_list(rows[1:], named=True) == "metals 0.31"
    assert answers.hhi_list(rows[1:], named=False) == "0.31"


def test_thin_weights_give_no_share_of_tonnes_anywhere():
    """Ferro-niobium of France in 2024: weights are known for 16 % of the value."""
    flows = stages.load_flows("FRA", "niobium")
    assert trade.quantity_coverage(flows)[2024] < 0.2
    summary = risk.dependence_summary(flows, "NLD")
    if summary["year"] == 2024:
        assert math.isnan(summary["share_tonnes"])
    assert math.isnan(trade.product_table(flows, "NLD", 2024)["share_tonnes"].iloc[0])


def test_a_tiny_share_is_not_zero_in_the_headline():
    summary, newest = summary_of("FRA", "germanium")
    assert summary["share_value"] == pytest.approx(0.0022, abs=1e-4)
    assert "under 1% of the value" in answers.headline(summary, newest)


def test_faults_of_magnets_are_for_pages_with_magnets():
    years = (1995, 2024)
    france = answers.on_faults("FRA", "rare_earths", years, _newest("FRA"))
    assert "Magnets" not in france
    assert "Magnets" in answers.on_faults("DEU", "rare_earths", years, _newest("DEU"))
    assert "6,999 tonnes from the Netherlands" in answers.on_faults(
        "DEU", "rare_earths", years, _newest("DEU")
    )


def test_text_of_the_data_cannot_become_a_field_or_markup(monkeypatch):
    from rareearths.words import fill_markdown, literal

    hostile = "a {share} **b** <script> $c$"
    shown = fill_markdown(literal(hostile))
    assert "{share}" in shown
    assert "<script>" not in shown
    assert r"\*\*b\*\*" in shown
    assert r"\$c\$" in shown


@pytest.mark.parametrize("importer", ["JPN", "USA", "KOR", "DEU", "FRA"])
@pytest.mark.parametrize("material", ["rare_earths", "graphite", "cobalt", "germanium", "lithium"])
def test_the_prices_of_suppliers_have_an_axis_that_can_be_read(importer, material):
    flows = trade.load_flows(importer, products=material)
    table = trade.supplier_table(flows, flows["year"].max())
    axes = figures.plot_supplier_unit_values(
        figures.canvas(0.8 + 0.22 * len(table)), table.dropna(subset=["usd_per_kg"]), "CHN"
    )
    axes.figure.canvas.draw()
    left, right = axes.get_xlim()
    shown = [
        label.get_window_extent()
        for label, place in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)
        if left <= place <= right
    ]
    texts = [text.get_text() for text in (*axes.get_xticklabels(), *axes.texts)]
    assert not any("e+" in text for text in texts), "figures as a reader writes them"
    assert len(shown) >= 2
    assert all(a.x1 < b.x0 for a, b in pairwise(shown)), "labels do not overlap"
