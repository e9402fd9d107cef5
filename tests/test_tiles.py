"""Headline numbers, contents and the meaning of parameters, as a page shows them."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from rareearths.reports import contents, parameters, tiles

NUMBERS = {"in_force": 16, "suspended": 0, "uncertain": 9, "events": 91}
FACTS = {"notebook": "30_policy_timeline.ipynb", "numbers": NUMBERS, "change": None}


def changed(before: float, after: float | None, **others) -> dict:
    difference = None if after is None else after - before
    numbers = {"in_force": {"before": before, "after": after, "change": difference}}
    return {"state": "changed", "since": "2026-10-01", "numbers": numbers, "appeared": []} | others


def test_a_tile_shows_a_recorded_number_in_words():
    shown = tiles.of_report(FACTS)
    assert [(tile.value, tile.label, tile.change) for tile in shown] == [
        ("16", "measures in force", ""),
        ("0", "suspended", ""),
        ("9", "of a state that could not be read", ""),
        ("91", "events in all", ""),
    ]


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_a_number_that_is_missing_has_no_tile(missing):
    shown = tiles.of_report(FACTS | {"numbers": NUMBERS | {"suspended": missing}})
    assert [tile.value for tile in shown] == ["16", "9", "91"]


def test_one_number_alone_and_an_unknown_notebook_show_none():
    assert tiles.of_report(FACTS | {"numbers": {"in_force": 16}}) == []
    assert tiles.of_report(FACTS | {"notebook": "one.ipynb"}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(14, 16), "+2 since 2026-10-01"),
        (changed(18, 16), "−2 since 2026-10-01"),
        (changed(14, None), "not comparable with 2026-10-01"),
        (changed(14, 16, state="new question"), ""),
        (changed(14, 16, numbers={}), ""),
    ],
)
def test_a_tile_says_what_changed(change, said):
    assert tiles.of_report(FACTS | {"change": change})[0].change == said


def test_a_share_changes_by_points():
    numbers = {"tau": 0.4, "tau_low": 0.1, "tau_high": 0.5, "n": 30, "part_share": 0.64}
    change = changed(0, 0, numbers={"part_share": {"before": 0.7, "after": 0.64, "change": -0.06}})
    facts = {"notebook": "80_criticality_indices.ipynb", "numbers": numbers, "change": change}
    assert [tile.change for tile in tiles.of_report(facts)] == [
        "",
        "",
        "−6.0 points since 2026-10-01",
    ]


def test_a_tile_names_the_supplier_where_the_record_knows_it():
    numbers = {"share": 0.697, "outside_t": 68502, "outside_share": 0.303, "hhi": 0.5, "year": 2025}
    facts = {"notebook": "10_global_supply.ipynb", "numbers": numbers, "change": None}
    named = facts | {"subject": {"suppliers": {"CHN": "China"}}}
    said = [tiles.of_report(f)[0].label for f in (facts, named)]
    start = "of the world's mine output in 2025 from "
    assert said == [f"{start}the supplier", f"{start}China"]
    assert tiles.of_report(named)[1].value == "68,502"


def test_headings_get_an_address_each_and_scripts_stay():
    parts = [
        "<ol></ol><p id='limits'></p><h2>Limits</h2><h2>A <em>&lt;b&gt;</em></h2>",
        "<script>'<h2>x</h2>'</script>",
        '<h2 id="own">Own</h2><h2>A b</h2>',
    ]
    text, script, rest = contents.add(parts)
    assert text == (
        '<ol><li><a href="#limits-2">Limits</a></li><li><a href="#a-b">A &lt;b&gt;</a></li>'
        '<li><a href="#own">Own</a></li><li><a href="#a-b-2">A b</a></li></ol><p id=\'limits\'></p>'
        '<h2 id="limits-2">Limits</h2><h2 id="a-b">A <em>&lt;b&gt;</em></h2>'
    )
    assert script == parts[1]
    assert rest == '<h2 id="own">Own</h2><h2 id="a-b-2">A b</h2>'


def test_parameters_are_shown_with_their_help():
    source = (
        'importer: str = "JPN"  # ISO3 code [economy]\nyears: list = [1, 2]  # years\nn: int = 1'
    )
    cell = new_code_cell(source, metadata={"tags": ["parameters"]})
    other = new_code_cell("x = 1  # no parameter")
    notebook = new_notebook(cells=[cell, other])
    assert parameters.helps(notebook) == {"importer": "ISO3 code", "years": "years"}


@pytest.mark.parametrize(
    ("allowed", "value", "text"),
    [
        ("economy", "JPN", "Japan (JPN)"),
        ("economy", ["JPN", "NLD"], "Japan (JPN), Netherlands (NLD)"),
        ("economy or bloc", "G7", "Group of Seven (G7)"),
        ("material", ["rare_earths"], "rare earths (rare_earths)"),
        ("issuer", ["CHN", "EUU"], "China (CHN), European Union (EUU)"),
        ("index", "eu_supply_risk", "EU supply risk (eu_supply_risk)"),
        ("economy", [], "none"),
        ("year", 2024, "2024"),
        ("value | tonnes", "value", "value"),
    ],
)
def test_a_code_is_shown_with_its_name(allowed, value, text):
    source = f"here: str = {value!r}  # help of it [{allowed}]"
    cell = new_code_cell(source, metadata={"tags": ["parameters"]})
    values = {"here": value, "else": [1, 2]}
    assert parameters.texts(new_notebook(cells=[cell]), values) == {"here": text, "else": "1, 2"}


@pytest.mark.parametrize(("members", "bloc"), [([], "MSP"), (["JPN", "USA"], "not used")])
def test_a_value_whose_place_another_takes_is_said_to_be_unused(members, bloc):
    values = {"bloc": "MSP", "members": members}
    assert parameters.texts(new_notebook(), values)["bloc"] == bloc
