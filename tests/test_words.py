"""Sentences: formats, missing values, escaping."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html_mistune as markdown2html

from rareearths import words


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("pct", 0.661, "66.1%"),
        ("pct0", 0.661, "66%"),
        ("pp", -0.131, "13.1 percentage points"),
        ("usd", 1_234_000_000, "$1.2 billion"),
        ("usd", 5_155_055, "$5.2 million"),
        ("usd", 12_345, "$12,300"),
        ("usd_kg", 12.194, "$12.19 per kg"),
        ("tonnes", 18_612.4, "18,612 tonnes"),
        ("tonnes", 0.142, "0.14 tonnes"),
        ("times", 3.216, "3.2 times"),
        ("count", 25, "25"),
    ],
)
def test_formats(form, value, text):
    assert words.fill(f"{{x:{form}}}", x=value) == text
    assert words.show_number(value, form) == text


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_number_is_never_printed(missing):
    with pytest.raises(ValueError, match="share"):
        words.fill("It is {share:pct}.", share=missing)
    assert words.show_number(missing, "pct") == "–"


def test_a_count_is_never_negative():
    with pytest.raises(ValueError, match="never negative: -2"):
        words.fill("{n:count} cases", n=-2)


def test_a_value_that_is_not_given_is_named():
    with pytest.raises(KeyError, match="importer"):
        words.fill("{importer} imports", exporter="China")


def test_braces_in_a_value_are_not_read_as_a_template():
    assert words.fill("{name}", name="{0.__class__} {x}") == "{0.__class__} {x}"


@given(st.text())
def test_text_survives_escaping(text):
    assert words.unescape(words.escape(text)) == text


@given(st.text())
def test_escaped_text_holds_no_markup(text):
    escaped = words.escape(text)
    assert "<" not in escaped
    assert ">" not in escaped


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_markdown_shows_escaped_text_as_it_is(text):
    shown = markdown2html(f"x{words.escape(text)}x")
    assert html.unescape(re.sub(r"^<p>|</p>\s*$", "", shown)) == f"x{text}x"


def test_choose_takes_the_first_that_holds():
    assert words.choose((False, "a"), (True, "b"), (True, "c")) == "b"
    with pytest.raises(LookupError, match="'a'"):
        words.choose((False, "a"))


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(-1e-17, "pct0", "0%"), (-0.0004, "pct", "0.0%"), (-0.004, "pct", "−0.4%")],
)
def test_no_minus_stands_before_a_zero(value, form, text):
    assert words.show_number(value, form) == text


NEVER_NEGATIVE = {"count", "dollars", "p", "pp", "truth", "usd_kg", "year"}


@pytest.mark.parametrize("form", sorted(set(words.FORMATS) - NEVER_NEGATIVE))
def test_a_negative_number_has_a_minus_sign_and_no_hyphen(form):
    assert words.show_number(-1234.5, form).startswith("−")
    assert "-" not in words.fill(f"{{x:{form}}} or {{x:.2f}}", x=-1234.5)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.1 (-5.4 to -1)", "−0.1 (−5.4 to −1)"),
        ("Balance, -1 to 1", "Balance, −1 to 1"),
        ("収支は-0.11（-0.27〜0.03）", "収支は−0.11（−0.27〜0.03）"),
        ("-\\$5 and -$5", "−\\$5 and −$5"),
        ("in 2006-2010, 1995-2024年", "in 2006–2010, 1995–2024年"),
    ],
)
def test_the_sign_of_a_number_is_a_minus(text, shown):
    assert words.with_signs(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2010-12-28", "2010-12", "from-2006-2010", "/2006-2010", "GB/T 1234-5", "1e-17",
        "HS 2846-90", "a - 5", "- 5 things",
        "https://example.org/-5?x=-3#-2", "chn-ree-quota-2010", "OFR 2025-1047", "5–-3", "U-235",
    ],
)  # fmt: skip
def test_other_hyphens_stay(text):
    assert words.with_signs(text) == text
