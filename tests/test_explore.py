"""The explorer without a browser: views, their data, the call that is shown, the report entry."""

import html
import subprocess
import sys
from dataclasses import replace

import nbformat
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from conftest import REPORT_NOTEBOOKS, ROOT
from rareearths import catalogue, events, policy
from rareearths.catalogue import UnknownCode
from rareearths.explore import call, entry, pull, view
from rareearths.explore.pull import Pull
from rareearths.explore.view import View
from rareearths.figures import frame
from rareearths.reports import NothingToReport, config, imports, parameters
from rareearths.scenarios import answers, outlook, packages, party, uncertainty

EMBARGO = "chn-jpn-informal-embargo-2010"
VIEWS = [
    View(),
    View(importer="USA", material="graphite", basis="value", event=EMBARGO),
    View(chart="share", event=EMBARGO),
    View(importer="DEU", exporter="EST", chart="share", basis="value", start_year=2010),
    View(start_year=2024, end_year=2024),
]
PULLS = [
    Pull(),
    Pull("EU27", "announced", "magnet_light", (("recycling", 0.2), ("substitution", 0.125))),
]


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: (markup, data) of each figure."""
    figures = []
    monkeypatch.setattr(
        frame.receipt, "display", lambda markup, text, data, **_: figures.append((markup, data))
    )
    return figures


def test_the_shares_of_a_view_are_those_of_the_table():
    products = pd.read_csv(ROOT / "data/reference/products.csv", dtype=str)
    codes = list(products.loc[products["material"] == "graphite", "hs6"])
    rows = pq.read_table(
        ROOT / "data/trade/baci_minerals.parquet",
        filters=[("importer", "==", "KOR"), ("year", "==", 2023), ("product", "in", codes)],
    ).to_pandas()
    sums = rows.groupby("exporter")["value_usd"].sum()
    shares = view.load(View("KOR", "CHN", "graphite", 2023, 2023, "value"))
    found = shares.set_index("exporter")["share"]
    pd.testing.assert_series_equal(found, sums / sums.sum(), check_names=False)


@pytest.mark.parametrize(
    ("module", "write", "chosen"),
    [(view, call.of_view, chosen) for chosen in VIEWS]
    + [(pull, call.of_pull, chosen) for chosen in PULLS],
)
def test_the_call_that_is_shown_makes_the_same_figure(module, write, chosen, shown):
    module.show(chosen)
    exec(write(chosen), {})
    (markup, data), (again, same) = shown
    assert again == markup
    pd.testing.assert_frame_equal(same, data)


@pytest.mark.parametrize(
    ("first", "last", "marks"), [(1995, 2024, 1), (2011, 2024, 0), (1995, 2010, 1)]
)
def test_an_event_is_marked_where_the_years_reach_it(first, last, marks):
    chosen = View(start_year=first, end_year=last, event=EMBARGO)
    data = view.load(chosen)
    plain = view.draw(replace(chosen, event=view.NO_EVENT), data)
    lines = view.draw(chosen, data).lines[len(plain.lines) :]
    assert [min(2010.7, last) <= line.get_xdata()[0] < 2010.8 for line in lines] == [True] * marks


def test_the_act_stands_under_the_chart(shown):
    view.show(View(event=EMBARGO))
    assert html.escape(policy.load_event(EMBARGO)["summary"]) in shown[-1][0]


@pytest.mark.parametrize("importer", ["JPN", "PRK"])
def test_the_report_entry_is_one_that_a_report_list_takes(importer, tmp_path):
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    views = [View(importer), View(importer, basis="value"), View(importer, material="lithium")]
    text = "reports:\n" + "".join(map(entry.of_view, views))
    (tmp_path / "reports.yml").write_text(text, encoding="utf-8")
    for report, chosen in zip(config.load(tmp_path / "reports.yml"), views, strict=True):
        assert report.notebook.name == "20_import_dependence.ipynb"
        parameters.check(report.notebook, report.parameters)
        given = report.parameters
        assert {name: getattr(chosen, name) for name in given} == given
        assert {"importer", "exporter", "material", "basis"} <= set(given)


@pytest.mark.parametrize("chosen", PULLS, ids=lambda p: p.importer)
def test_the_report_entry_of_levers_is_taken_too(chosen, tmp_path):
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    (tmp_path / "reports.yml").write_text("reports:\n" + entry.of_pull(chosen), encoding="utf-8")
    (report,) = config.load(tmp_path / "reports.yml")
    values = parameters.check(report.notebook, report.parameters)
    assert (values["importer"], values["package"]) == (chosen.importer, chosen.package)
    assert values["moved"] == dict(chosen.moved)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (View("PRK", material="uranium", start_year=2024), "no imports of uranium by North Korea"),
        (View("JPN", material="germanium", start_year=2015), "can be relied on"),
        (View("PRK", chart="share", material="uranium", start_year=2024), "no imports of uranium"),
    ],
)
def test_nothing_to_draw_is_said_in_a_sentence(chosen, why):
    with pytest.raises(NothingToReport, match=why):
        view.load(chosen)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"importer": "JPX"}, "closest: JPN"),
        ({"material": "lithum"}, "closest: lithium"),
        ({"event": "chn-jpn-informal-embargo"}, "closest: chn-jpn-informal-embargo-2010"),
        ({"start_year": 2020, "end_year": 2010}, "reversed"),
        ({"chart": "pie"}, "one of suppliers, share"),
        ({"basis": "kilos"}, "one of value, tonnes"),
    ],
)
def test_a_wrong_choice_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        View(**wrong)


def test_a_wrong_lever_is_named():
    with pytest.raises(UnknownCode, match="closest: recycling"):
        Pull(moved=(("recycle", 0.1),))
    with pytest.raises(ValueError, match=r"from 0 to 0\.25 is allowed"):
        Pull(moved=(("recycling", 0.5),))
    with pytest.raises(UnknownCode, match="JPN"):
        Pull(importer="FRA")


def test_a_lever_that_is_not_moved_leaves_the_package_as_the_report_draws_it():
    who = party.load_party("JPN")
    parts = uncertainty.draw(who, pull.DRAWS, pull.SEED)
    done = outlook.run(who, "accelerated", parts, range(party.BASE_YEAR, party.HORIZON + 1))
    pd.testing.assert_frame_equal(
        pull.fan("JPN", "accelerated", "magnet_heavy"), outlook.fan(done, "magnet_heavy")
    )
    assert set(pull.load(Pull())) == set(packages.package_names().values())


def test_moved_levers_are_held_at_their_value_in_a_report_and_in_the_explorer():
    pulled = packages.with_moved("announced", {"recycling": 0.2})
    held, rest = packages.settings(pulled), packages.settings("announced")
    assert held["recycling"] == (0.2, 0.2, 0.2)
    assert {name for name in rest if held[name] != rest[name]} == {"recycling"}
    row = packages.load_package(pulled).loc["recycling"]
    assert row["note"] == "The package Announced sets 0.03 (0.01 to 0.08)."
    assert "recovered from used magnets, last year, 20%" in answers.moved_words(pulled)
    who = party.load_party("JPN")
    parts = uncertainty.draw(who, pull.DRAWS, pull.SEED)
    done = outlook.run(who, pulled, parts, range(party.BASE_YEAR, party.HORIZON + 1))
    fans = pull.load(Pull(package="announced", moved=(("recycling", 0.2),)))
    pd.testing.assert_frame_equal(fans[packages.MOVED], outlook.fan(done, "magnet_heavy"))


@pytest.mark.parametrize(
    ("moved", "text"),
    [({}, "none"), ({"recycling": 0.2, "substitution": 0.1}, "recycling 0.2, substitution 0.1")],
)
def test_a_page_names_the_levers_that_are_moved(moved, text):
    notebook = nbformat.read(ROOT / "notebooks/60_diversification_levers.ipynb", as_version=4)
    assert parameters.texts(notebook, {"moved": moved}) == {"moved": text}


@pytest.mark.parametrize(
    ("notebook", "values", "texts"),
    [
        ("75_trusted_network", {"members": []}, {"members": "none"}),
        ("75_trusted_network", {"members": ["JPN"]}, {"members": "Japan (JPN)"}),
        ("30_policy_timeline", {"issuers": ["EUU"]}, {"issuers": "European Union (EUU)"}),
    ],
)
def test_a_page_names_codes_and_what_is_empty(notebook, values, texts):
    cells = nbformat.read(ROOT / f"notebooks/{notebook}.ipynb", as_version=4)
    assert parameters.texts(cells, values) == texts


@pytest.mark.parametrize(
    ("notebook", "label"),
    [
        ("30_policy_timeline", "target economy"),
        ("60_diversification_levers", "target share"),
        ("75_trusted_network", None),
    ],
)
def test_what_a_target_is_has_words_of_its_own(notebook, label):
    cells = nbformat.read(ROOT / f"notebooks/{notebook}.ipynb", as_version=4)
    called = parameters.labels(cells)
    assert called.get("target") == label
    assert called["end_year" if "end_year" in called else "end"].startswith("end")


@pytest.mark.parametrize(
    ("moved", "message"),
    [
        ({"recycle": 0.1}, "moved: unknown lever 'recycle'; closest: recycling"),
        ({"recycling": 0.5}, r"moved: recycling 0.5: a number from 0 to 0\.25 is allowed"),
        ({"recycling": "much"}, "moved: recycling 'much': a number from 0"),
        (["recycling"], r"moved must be dict, \['recycling'\] is list"),
    ],
)
def test_a_report_with_wrong_levers_is_refused_before_it_runs(moved, message):
    notebook = ROOT / "notebooks/60_diversification_levers.ipynb"
    with pytest.raises(parameters.ParameterError, match=message):
        parameters.check(notebook, {"moved": moved}, "levers")


@settings(max_examples=10)
@given(st.sampled_from(["recycling", "substitution", "thrift_heavy"]), st.floats(0, 1))
def test_more_of_a_lever_never_raises_the_dependence(name, part):
    most = packages.levers()[name].most
    less, more = (
        pull.load(Pull(package="announced", moved=((name, value),)))[packages.MOVED]["median"]
        for value in (part * most, most)
    )
    assert (more <= less + 1e-12).all()


def test_a_widget_redraws_and_one_that_others_follow_draws_once(shown):
    from rareearths.explore import panel

    controls, _, _ = panel.lever_panel().children
    choices = {w.description: w for w in controls.children}
    assert len(shown) == 1
    choices["Package"].value = "china_only"
    assert len(shown) == 2
    slider = next(w for w in controls.children if w.description.startswith("Recovered"))
    assert slider.value == 0
    slider.value = 0.2
    assert set(shown[-1][1]["path"]) >= {packages.MOVED}


@pytest.fixture
def shell():
    """A shell of IPython, whose display the panels take up."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.usefixtures("shell")
def test_the_panel_of_trade_offers_the_events_of_the_exporter_and_says_why_it_is_empty():
    from rareearths.explore import panel

    controls, picture, below = panel.trade_panel().children
    choices = {w.description: w for w in controls.children}
    choices["Event"].value = EMBARGO
    assert EMBARGO in below.children[0].value
    choices["Exporter"].value = "FRA"
    assert choices["Event"].value == view.NO_EVENT
    assert "exporter: FRA" in below.children[1].value
    assert "by tonnes in 2024" in picture.value
    choices["Importer"].value = "PRK"
    choices["Material"].value = "uranium"
    choices["Years"].value = (2024, 2024)
    assert "no imports of uranium by North Korea" in picture.value
    assert "<img" not in picture.value


def test_no_report_imports_the_widgets():
    code = (
        "import sys\nimport rareearths.reports.render\nimport rareearths.reports.run\n"
        "sys.exit('ipywidgets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    for path in REPORT_NOTEBOOKS:
        assert not any(n.startswith("rareearths.explore") for n in imports.modules_of(path))


def test_the_tour_names_every_notebook():
    text = (ROOT / "notebooks/00_tour.ipynb").read_text(encoding="utf-8")
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} - {"00_tour"}
    assert [name for name in sorted(names) if name not in text] == []


def test_what_a_cell_shows_by_its_name_is_short():
    study = events.study(EMBARGO, "JPN")
    who = party.load_party("JPN")
    done = outlook.run(who, "accelerated", uncertainty.draw(who, 100, 1), (2030, 2035))
    for thing in (study, done, catalogue.table("baci_minerals"), View(), Pull()):
        assert len(repr(thing)) < 600
    assert study.verdict in repr(study)
    assert "step -0.44" in repr(study)


@pytest.mark.parametrize("name", ["00_tour", "explore"])
def test_the_notebooks_for_people_take_parameters(name):
    notebook = ROOT / f"notebooks/{name}.ipynb"
    assert parameters.check(notebook, {"importer": "USA"}, name)["importer"] == "USA"
    with pytest.raises(parameters.ParameterError, match="closest: JPN"):
        parameters.check(notebook, {"importer": "JPX"}, name)
