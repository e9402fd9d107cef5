"""The look that figures share: colours that can be read by day and by night, years on an axis."""

import re
from itertools import combinations, pairwise

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths import figures, trade, translation
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


# How red, green and blue light is seen without one kind of cone: Machado, Oliveira and Fernandes
# (2009), severity 1.
SIGHT = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Light to cones, and their cube roots to lightness and two hues: Ottosson (2020), Oklab.
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
FAR = 8  # of 100 from black to white; two areas side by side are told apart


def apart(one: str, other: str, sight: str) -> float:
    """How different two colours look, in hundredths of the way from black to white."""
    values = np.array([matplotlib.colors.to_rgb(one), matplotlib.colors.to_rgb(other)])
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(light @ np.transpose(SIGHT[sight]), 0, 1)
    places = np.cbrt(seen @ np.transpose(TO_CONES)) @ np.transpose(TO_OKLAB)
    return 100 * np.linalg.norm(places[0] - places[1])


def test_the_distance_of_colours_is_that_of_oklab():
    for sight in SIGHT:
        assert apart("#000000", "#ffffff", sight) == pytest.approx(100, abs=0.01)
        assert apart("#123456", "#123456", sight) == 0
    red = np.linalg.norm([0.628, 0.225, 0.126])  # as published: lightness and the two hues
    assert apart("#ff0000", "#000000", "all cones") == pytest.approx(100 * red, abs=0.05)
    reds = [apart("#a52a2a", "#6b6b00", sight) for sight in SIGHT]
    assert reds[2] < reds[0] / 2, "without green cones red and olive are alike"


@pytest.mark.parametrize("sight", SIGHT)
def test_economies_are_told_apart_by_night_as_by_day(sight):
    """Any two may share a chart; those far apart by day need only be so by night."""
    drawn = look.economy_colours([*COLOURS.index, "others"])
    night = {colour: shades(colour)["dark"] for colour in drawn}
    close = []
    for one, other in combinations(drawn, 2):
        by_day, by_night = apart(one, other, sight), apart(night[one], night[other], sight)
        if by_night < 0.7 * min(by_day, FAR):
            close.append((one, other, by_day, by_night))
    assert close == []


@pytest.mark.parametrize("sight", SIGHT)
def test_the_economies_of_most_charts_are_told_apart_well_by_night(sight):
    """Those of the first rows."""
    night = [shades(colour)["dark"] for colour in look.economy_colours(list(COLOURS.index[:4]))]
    assert min(apart(*pair, sight) for pair in combinations(night, 2)) > 14


def test_a_label_has_by_night_the_colour_of_its_line():
    for colour in look.economy_colours(list(COLOURS.index)):
        assert shades(look.text_colour(colour))["dark"] == shades(colour)["dark"]


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


def test_a_long_japanese_word_may_break_where_latin_letters_begin():
    assert lettering._wrapped("供給国HHI", 3) == "供給国\nHHI"
    assert lettering._wrapped("GeoDep該当", 4) == "GeoDep\n該当"
    assert lettering._wrapped("GeoPolRisk", 5) == "GeoPol\nRisk"
    assert lettering._wrapped("純輸入依存度", 6) == "純輸入依存度"
    assert lettering._wrapped("希土類金属・スカンジウム", 8) == "希土類金属・\nスカンジウム"


def test_an_economy_without_a_fixed_colour_keeps_one_from_figure_to_figure(monkeypatch):
    monkeypatch.setattr(look, "_kept", {})
    spare = [code for code in trade.economy_names() if code not in COLOURS.index][:6]
    given_out = look.economy_colours(spare)
    assert len(set(given_out)) == len(spare), "they differ within a figure"
    assert look.economy_colours(spare[::-1]) == given_out[::-1]
    assert look.economy_colours([spare[4], "CHN", spare[1]])[::2] == [given_out[4], given_out[1]]
