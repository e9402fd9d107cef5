"""What recorded numbers are called and how they are written."""

import re
from pathlib import Path

import pytest

from conftest import REPORT_NOTEBOOKS
from rareearths.reports import labels
from rareearths.words import FORMATS

STEMS = {path.stem for path in REPORT_NOTEBOOKS if path.stem[0] != "_"}
FACTS = {
    "notebook": "20_import_dependence.ipynb",
    "subject": {"suppliers": {"NLD": "the Netherlands"}},
}


def test_the_table_is_sound():
    rows = labels.rows()
    keys = [(row["notebook"], row["number"]) for row in rows]
    assert len(set(keys)) == len(keys) == len(Path(labels.TABLE).read_text().splitlines()) - 1
    assert {row["notebook"] for row in rows} <= STEMS | {""}
    for row in rows:
        assert row["format"] in FORMATS, row
        assert row["label"] == row["label"].strip() != "", row
        assert not re.search("_|nan", row["label"]), row
        assert row["tile"] or not row["value"], row


def test_labels_of_one_notebook_differ():
    """Two columns of a comparison never have the same head."""
    for stem in STEMS:
        told = [row["label"] for row in labels.rows() if row["notebook"] in (stem, "")]
        assert len(set(told)) == len(told), stem


@pytest.mark.parametrize(
    ("number", "value", "text", "shown"),
    [
        ("share_tonnes", 0.50822, "share of the Netherlands by tonnes", "51%"),
        ("share_tonnes", 0.00049, "share of the Netherlands by tonnes", "0.049%"),
        ("gap", -0.2034, "share by tonnes less share by value", "−20.3 points"),
        ("total_usd", 515_505_581, "imports", "$515.5 million"),
        ("usd_per_kg", 12.194, "price of imports from the Netherlands", "$12.19 per kg"),
        ("year", 2024, "year", "2024"),
        ("suppliers", 25, "suppliers", "25"),
        ("share_value", None, "share of the Netherlands by value", "–"),
    ],
)
def test_a_number_is_named_and_written_for_readers(number, value, text, shown):
    label = labels.label(FACTS, number)
    assert (label.text, label.shown(value)) == (text, shown)


def test_a_number_without_a_row_shows_with_its_name_in_words():
    for facts in (FACTS, {"notebook": "new.ipynb"}, {}):
        label = labels.label(facts, "share_of_all")
        assert (label.text, label.shown(0.50822), label.shown(3)) == ("share of all", "0.508", "3")
        assert label.exact([0.5, 0.51], 0.01) == ["0.5000", "0.5100"]
        assert label.steps([0.01], 0.01) == ["+0.0100"]


def test_digits_follow_the_change_and_shares_change_by_points():
    share, gap = labels.label(FACTS, "share_tonnes"), labels.label(FACTS, "gap")
    assert share.exact([0.5, 0.5003, None], 0.0003) == ["50.0000%", "50.0300%", "–"]
    assert share.steps([0.0003, -0.0001, 0.0, None], 0.0003) == [
        "+0.0300 points", "−0.0100 points", "0.0000 points", "not known",
    ]  # fmt: skip
    assert gap.exact([-0.2034], 0.0123) == ["−20.34 points"]
    assert labels.label(FACTS, "suppliers").steps([2.0], 2.0) == ["+2"]


def test_without_a_supplier_in_the_record_none_is_named():
    for facts in ({}, {"subject": None}, {"subject": {}}, {"subject": {"suppliers": {}}}):
        label = labels.label(facts | {"notebook": FACTS["notebook"]}, "share_value")
        assert label.text == "share of the supplier by value"


def test_years_are_told_by_their_format():
    assert labels.is_year(FACTS, "lowest_coverage_year")
    assert labels.is_year({"notebook": "any.ipynb"}, "end")
    assert not labels.is_year(FACTS, "gap")
    assert not labels.is_year(FACTS, "not_in_the_table")
