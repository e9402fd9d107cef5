"""Reports: the list, the parameters, and what happens when a notebook fails."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, run_cli
from rareearths.reports import config, parameters
from rareearths.reports.config import ConfigError
from rareearths.reports.parameters import ParameterError
from rareearths.reports.store import Site

DEPENDENCE = ROOT / "notebooks/20_import_dependence.ipynb"

GOOD = [
    'importer: str = "JPN"  # importer [economy]',
    "from rareearths import reports, trade\nflows = trade.load_flows(importer, years=2024)",
    'reports.say("What does {who} import?", role="title", who=importer)',
    'reports.say("{n:count} flows.", role="answer", n=len(flows))',
    "reports.sources()",
    'reports.record("{n:count} flows", n=len(flows))',
]


def entry(name: str, notebook: str = "good", **values) -> str:
    fields = {"id": name, "notebook": f"{notebook}.ipynb", "schedule": "monthly"}
    return yaml.safe_dump({"reports": [fields | values]})


# The report list


def test_the_report_list_ships_with_the_promised_reports():
    everything = config.load(ROOT / "reports.yml")
    reports = [r for r in everything if r.language == "en"]
    japanese = [r.translations["en"] for r in everything if r.language == "ja"]
    assert japanese == [r.id for r in reports], "each report is there in Japanese"
    dependence = [r.parameters for r in reports if r.notebook.name == DEPENDENCE.name]
    chosen = {(given["importer"], given["material"]) for given in dependence}
    importers = ("JPN", "USA", "KOR", "DEU", "FRA")
    materials = ("rare_earths", "graphite", "cobalt", "germanium", "lithium")
    assert chosen == {(importer, material) for importer in importers for material in materials}
    claims = [r.parameters["importer"] for r in reports if "claims" in r.notebook.name]
    assert tuple(claims) == importers
    published = {r.notebook.name for r in reports}
    notebooks = {path.name for path in (ROOT / "notebooks").glob("[1-9]*.ipynb")}
    assert published == notebooks, "every numbered notebook is published"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Big Id"}, "lower-case letters"),
        ({"schedule": "sometimes"}, "one of daily, weekly"),
        ({"notebook": "none.ipynb"}, "no notebook none.ipynb"),
        ({"parametres": {}}, "unknown key 'parametres'; closest: parameters"),
        ({"parameters": ["importer"]}, "'name: value' pairs"),
    ],
)
def test_a_wrong_entry_is_refused(project, change, message):
    folder = project(entry("one"), good=GOOD)
    text = yaml.safe_load((folder / "reports.yml").read_text())
    text["reports"][0] |= change
    (folder / "reports.yml").write_text(yaml.safe_dump(text))
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.load(folder / "reports.yml")


def test_each_report_is_made_in_each_language(project):
    folder = project(
        f"languages: [en, ja]\n{entry('one', parameters={'importer': 'KOR'})}", good=GOOD
    )
    english, japanese = config.load(folder / "reports.yml")
    assert (english.id, english.language, english.parameters) == ("one", "en", {"importer": "KOR"})
    assert (japanese.id, japanese.language) == ("one-ja", "ja")
    assert japanese.parameters == {"importer": "KOR", "language": "ja"}
    assert english.translations == {"ja": "one-ja"}
    assert japanese.translations == {"en": "one"}


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        ("[en, fr]", "language 'fr' is not one of en, ja"),
        ("[ja]", "en is wanted among the languages"),
        ("ja", "'languages:' must be a list"),
    ],
)
def test_wrong_languages_are_refused(project, languages, message):
    folder = project(f"languages: {languages}\n{entry('one')}", good=GOOD)
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.load(folder / "reports.yml")


def test_an_id_used_twice_is_refused(project):
    one = entry("one")
    folder = project(one + one.removeprefix("reports:\n"), good=GOOD)
    with pytest.raises(ConfigError, match="used twice: one"):
        config.load(folder / "reports.yml")


@pytest.mark.parametrize("text", ["", "[]", "reports: 3", "reports: [", "reports: [3]"])
def test_a_file_that_is_no_report_list_is_refused(tmp_path, text):
    (tmp_path / "reports.yml").write_text(text)
    with pytest.raises(ConfigError, match=r"reports\.yml"):
        config.load(tmp_path / "reports.yml")


# Parameters, checked before a kernel starts


def test_the_notebooks_own_cell_says_what_is_declared():
    found = {p.name: (p.type, p.default, p.allowed) for p in parameters.declared(DEPENDENCE)}
    assert found["importer"] == ("str", "JPN", "economy")
    assert found["end_year"] == ("int", 2024, "year")
    assert found["basis"] == ("str", "tonnes", "value | tonnes")
    assert len(found) <= 8


def test_defaults_are_filled_in():
    values = parameters.check(DEPENDENCE, {"importer": "USA"})
    assert values["importer"] == "USA"
    assert values["exporter"] == "CHN"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"imprter": "USA"}, "no parameter 'imprter'; closest: importer"),
        ({"importer": "JPX"}, "unknown economy 'JPX', an ISO3 code is wanted; closest: JPN"),
        ({"importer": "Germany"}, "DEU (Germany)"),
        ({"material": "rare earth"}, "closest: rare_earths"),
        ({"importer": 392}, "importer must be str, 392 is int"),
        ({"end_year": "2024"}, "end_year must be int"),
        ({"end_year": True}, "end_year must be int"),
        ({"basis": "weight"}, "'weight' is not one of value, tonnes"),
        ({"start_year": 1962}, "the data cover 1995-2024"),
        ({"start_year": 2020, "end_year": 2010}, "start_year 2020 comes after end_year 2010"),
        ({"importer": "CHN"}, "the same economy, CHN"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        parameters.check(DEPENDENCE, given)


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(ParameterError, match=r"(?s)imprter.*basis"):
        parameters.check(DEPENDENCE, {"imprter": "USA", "basis": "weight"})


@pytest.mark.parametrize(
    "given", [{"importer": "XXX"}, {"material": "unobtainium"}, {"imprter": "USA"}]
)
def test_the_command_line_exits_with_2_and_renders_nothing(project, given):
    folder = project(entry("one", parameters=given), good=GOOD)
    done = run_cli("render", cwd=folder)
    assert done.returncode == 2
    assert "one (good.ipynb)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "site").exists()


def test_an_unknown_report_is_named_with_the_closest():
    done = run_cli("render", "import-dependence-japan-rare-earth")
    assert done.returncode == 2
    assert "closest: import-dependence-japan-rare-earths" in done.stderr


def test_a_damaged_table_is_named_before_any_kernel_starts(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    economies = tmp_path / "data/reference/economies.csv"
    economies.write_bytes(economies.read_bytes().replace(b"Japan", b"Jopan"))
    monkeypatch.setenv("RAREEARTHS_DATA", str(tmp_path / "data"))
    done = run_cli("render", "--site", str(tmp_path / "site"))
    assert done.returncode == 2
    assert "data/reference/economies.csv" in done.stderr
    assert "expected sha256" in done.stderr
    assert "git checkout -- data/reference/economies.csv" in done.stderr


# Rendering: good, failing, without trade


def test_a_failing_report_keeps_its_last_good_page_and_stops_no_other(project):
    raising = [*GOOD[:2], "ratio = 1 / (len(flows) * 0)", *GOOD[2:]]
    both = entry("first", "flaky") + entry("second").removeprefix("reports:\n")
    folder = project(both, flaky=GOOD, good=GOOD)
    assert run_cli("render", cwd=folder).returncode == 0
    site = folder / "site"
    before = {p.name: p.read_bytes() for p in site.rglob("first.*")}
    assert sorted(Path(name).suffix for name in before) == [".html", ".ipynb", ".json"]

    project(both, flaky=raising, good=GOOD)
    (site / "second.html").unlink()
    done = run_cli("render", cwd=folder)

    assert done.returncode == 1
    assert "first failed in flaky.ipynb, cell [4]: ZeroDivisionError" in done.stderr
    assert "ratio = 1 / (len(flows) * 0)" in done.stderr
    assert "1 of 2 reports" in done.stdout
    assert (site / "second.html").is_file()
    assert {p.name: p.read_bytes() for p in site.rglob("first.[!e]*")} == before
    failure = Site(site).failure("first")
    assert failure["cell"] == 4
    assert "ZeroDivisionError" in failure["traceback"]
    index = (site / "index.html").read_text()
    assert "The newest run failed" in index
    assert "This page is the last good one" in index
    assert "ratio = 1 / (len(flows) * 0)" in index

    project(both, flaky=GOOD, good=GOOD)
    assert run_cli("render", "first", cwd=folder).returncode == 0
    assert Site(site).failure("first") is None
    assert "failed" not in (site / "index.html").read_text().split("</style>")[1]
    assert [p.name for p in site.iterdir() if p.name.startswith(".")] == [".lock"]


def test_a_claim_that_no_longer_holds_fails_the_report(project):
    false_claim = [*GOOD[:3], 'reports.claim((len(flows) == 0, "Japan imports nothing."))']
    folder = project(entry("one"), good=false_claim + GOOD[3:])
    done = run_cli("render", cwd=folder)
    assert done.returncode == 1
    assert "rewrite it: 'Japan imports nothing.'" in done.stderr
    assert "no page yet" in (folder / "site/index.html").read_text()


@pytest.mark.parametrize("missing", ["title", "sources()", "record"])
def test_a_notebook_must_say_what_every_report_says(project, missing):
    folder = project(entry("one"), good=[c for c in GOOD if missing not in c])
    done = run_cli("render", cwd=folder)
    assert done.returncode == 1
    assert missing.strip("()") in done.stderr


def test_a_selection_without_trade_is_a_page_that_says_so(project):
    source = DEPENDENCE.read_text(encoding="utf-8")
    given = {"importer": "ATF", "material": "uranium"}
    folder = project(entry("none", "dependence", parameters=given))
    (folder / "dependence.ipynb").write_text(source, encoding="utf-8")
    done = run_cli("render", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "none: no data" in done.stdout
    page = (folder / "site/none.html").read_text()
    said = "The data show no imports of uranium by the French Southern Territories"
    assert said in page
    assert "Traceback" not in page
    assert "## " not in page
    facts = Site(folder / "site").record("none")
    assert facts["state"] == "no data"
    assert facts["numbers"] == {}
    assert "nothing to report in this selection" in (folder / "site/index.html").read_text()


def test_text_from_data_cannot_become_markup(project):
    hostile = "<script>alert(1)</script> **bold** [x](http://evil.example)"
    said = [
        'importer: str = "JPN"  # importer',
        f"from rareearths import figures, reports, trade\nimport pandas as pd\nname = {hostile!r}",
        "flows = trade.load_flows(importer, years=2024)",
        'reports.say("About {name}", role="title", name=name)',
        'figures.show_table(pd.DataFrame({"name": [name]}), ["name"], "{x}", x=name)',
        "reports.sources()",
        'reports.record("{name}", name=name)',
    ]
    folder = project(entry("one"), good=said)
    done = run_cli("render", cwd=folder)
    assert done.returncode == 0, done.stderr
    for name in ("one.html", "index.html"):
        page = (folder / "site" / name).read_text()
        assert page.count("<script") == 1, "each page has one of its own"
        assert "<strong>bold</strong>" not in page
        assert "href='http://evil.example'" not in page
        assert 'href="http://evil.example"' not in page


def test_warnings_of_a_notebook_are_reported_not_published(project):
    warning = [*GOOD[:2], 'import warnings\nwarnings.warn("odd numbers", stacklevel=1)']
    folder = project(entry("one"), good=warning + GOOD[2:])
    done = run_cli("render", cwd=folder)
    assert done.returncode == 0
    assert "odd numbers" in done.stdout
    assert "odd numbers" not in (folder / "site/one.html").read_text()


def reports_of(*entries: tuple[str, str, dict]) -> list[config.Report]:
    return [config.Report(i, Path(f"notebooks/{n}.ipynb"), "monthly", p) for i, n, p in entries]


def test_the_report_beside_shares_most_parameters():
    listed = reports_of(
        ("a-japan-cobalt", "a", {"importer": "JPN", "material": "cobalt"}),
        ("a-japan", "a", {"importer": "JPN", "material": "rare_earths"}),
        ("a-usa", "a", {"importer": "USA", "material": "rare_earths"}),
        ("b-world", "b", {}),
        ("c-france", "c", {"importer": "FRA"}),
        ("d-japan", "d", {"importer": "JPN", "material": "rare_earths"}),
    )
    beside = config.Neighbours(listed)
    assert beside.of(listed[-1]) == {"a.ipynb": "a-japan", "b.ipynb": "b-world"}
    assert beside.of(listed[2]) == {"b.ipynb": "b-world"}
    assert "a.ipynb" not in beside.of(listed[1]), "not its own notebook"


PARAMETERS = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 1))


@given(st.lists(st.tuples(st.sampled_from("abc"), PARAMETERS), min_size=1, max_size=12))
def test_the_report_beside_is_that_of_the_definition(entries):
    listed = reports_of(*((f"{n}-{i}", n, p) for i, (n, p) in enumerate(entries)))
    beside = config.Neighbours(listed)
    for report in listed:
        best: dict[str, tuple[int, str]] = {}
        for other in listed:
            shared = report.parameters.keys() & other.parameters.keys()
            agree = all(report.parameters[name] == other.parameters[name] for name in shared)
            most = best.get(other.notebook.name, (-1, ""))[0]
            if agree and other.notebook != report.notebook and len(shared) > most:
                best[other.notebook.name] = (len(shared), other.id)
        assert beside.of(report) == {name: found for name, (_, found) in best.items()}


def test_links_to_notebooks_lead_to_reports_and_others_stay_text(project):
    """`[text](b.ipynb)` in a page leads to the report of b; without one the text stays."""
    folder = project(
        """
reports:
  - {id: first, notebook: a.ipynb, schedule: daily}
  - {id: second, notebook: b.ipynb, schedule: daily}
""",
        a=[
            "x: int = 1  # a number",
            "from rareearths import catalogue, reports\nrows = catalogue.load('blocs')",
            "reports.say('A?', role='title')",
            "reports.say('See [there](b.ipynb), not [here](c.ipynb). 1', role='answer')",
            "reports.sources()\nreports.record('One.')",
        ],
        b=[
            "x: int = 1  # a number",
            "from rareearths import catalogue, reports\nrows = catalogue.load('blocs')",
            "reports.say('B?', role='title')",
            "reports.say('Nothing. 1', role='answer')",
            "reports.sources()\nreports.record('Two.')",
        ],
    )
    done = run_cli("render", "--config", str(folder / "reports.yml"), "--site", str(folder / "s"))
    assert done.returncode == 0, done.stdout + done.stderr
    page = (folder / "s/first.html").read_text(encoding="utf-8")
    assert '<a href="second.html">there</a>' in page
    assert "not here." in page
    assert 'href="c.ipynb"' not in page
