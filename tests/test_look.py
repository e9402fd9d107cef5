"""The look that figures share: colours that can be read by day and by night, years on an axis."""

import re
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import figures, translation
from rareearths.figures import lettering, look

COLOURS = pd.read_csv(ROOT / "data/reference/colours.csv").set_index("economy")["colour"]
PAPERS = {"light": look.PAPER, "dark": look.DARK[look.PAPER]}


def shades(colour: str) -> dict[str, str]:
    """What a colour of a drawing becomes for a reader who has set light or dark."""
    rules = look.colour_rules(look.follow_reader(f"fill: {colour}"))
    return dict(zip(PAPERS, re.findall(rf"--{colour[1:]}:(#\w{{6}})", rules), strict=True))


def test_contrast_is_that_of_the_standard():
    assert look.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert look.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # WebAIM
    assert look.contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("economy", [*COLOURS.index, "others"])
def test_a_label_in_the_colour_of_an_economy_can_be_read(economy):
    (colour,) = look.economy_colours([economy])
    found = shades(look.text_colour(colour))
    for scheme, paper in PAPERS.items():
        assert look.contrast(found[scheme], paper) >= look.LEAST_CONTRAST, scheme


def test_lines_keep_their_colour_by_day_and_stand_out_by_night():
    given_out = look.economy_colours(list(COLOURS.index))
    assert given_out == list(COLOURS)
    for colour in given_out:
        found = shades(colour)
        assert found["light"] == colour
        assert look.contrast(found["dark"], PAPERS["dark"]) >= look.LEAST_CONTRAST


@given(st.integers(1990, 2040), st.integers(0, 60), st.integers(2, 8))
def test_the_last_year_is_labelled_and_the_others_at_even_steps(first, length, most):
    years = look.labelled_years(first, first + length, most)
    assert years[-1] == first + length
    assert years[0] >= first
    assert len(years) <= most
    assert len({b - a for a, b in pairwise(years)}) <= 1


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_lettering_of_a_figure_has_minus_signs(language):
    translation.speak(language)
    try:
        axes = figures.canvas(2)
        axes.set(xlim=(-1, 1), title="-0.1 to -5")
        lettering.translate(axes.figure)
        axes.figure.canvas.draw()
        ticks = [label.get_text() for label in axes.get_xticklabels()]
    finally:
        translation.speak("en")
    assert not any("-" in text for text in (axes.get_title(), *ticks))
    assert axes.get_title().count("−") == 2
    assert any("−" in text for text in ticks)
