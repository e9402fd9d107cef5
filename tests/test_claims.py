"""The claims ledger: every claim has a verdict by rule, known answers, what moves a verdict."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from conftest import ROOT
from rareearths import claims, events, policy
from rareearths.catalogue import UnknownCode
from rareearths.claims import finding, policies, traded

JAPAN = claims.Setting()
SETTINGS = {
    "JPN": JAPAN,
    "USA": claims.Setting("USA", "JPN"),
    "KOR": claims.Setting("KOR"),
    "DEU": claims.Setting("DEU"),
    "FRA": claims.Setting("FRA", "JPN"),
}


@pytest.fixture(scope="module")
def ledgers():
    return {code: claims.ledger(setting) for code, setting in SETTINGS.items()}


def verdicts(table: pd.DataFrame) -> dict[str, str]:
    return table.set_index("claim_id")["verdict"].to_dict()


def rare_earths() -> pd.DataFrame:
    codes = [("product", "in", ["280530", "284610", "284690"])]
    return pq.read_table(ROOT / "data/trade/baci_minerals.parquet", filters=codes).to_pandas()


def change_data(data, table: str, change) -> None:
    """Change a table of the copied data and seal it."""
    from rareearths import build, catalogue

    path = data / catalogue.table(table).path
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(rows).to_csv(path, index=False)
    build.seal([table])


def test_every_claim_has_a_test_unless_it_says_that_none_can_be_made():
    rows = claims.load_claims()
    untested = set(rows["claim_id"]) - set(finding.TESTS)
    assert untested == set(rows.loc[rows["testable"] == "no", "claim_id"])
    assert set(finding.TESTS) < set(rows["claim_id"])
    notebooks = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {test.notebook for test in finding.TESTS.values()} <= notebooks


@pytest.mark.parametrize("code", SETTINGS)
def test_the_ledger_is_whole(ledgers, code):
    table = ledgers[code]
    assert list(table["claim_id"]) == list(claims.load_claims()["claim_id"])
    assert set(table["verdict"]) <= set(claims.VERDICTS)
    counts = claims.counts(table)
    assert counts.pop("n_general") == 7
    assert counts.pop("n") == sum(counts.values()) == len(table) == 19
    assert table["because"].str.len().min() > 10
    assert not table["because"].str.contains(r"nan|\{", case=False).any()
    known = table.dropna(subset=["low", "high"]).query("claim_id != 'retaliation'")
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    placebos = table.set_index("claim_id").loc["retaliation"]
    assert placebos["span"] == "what 90% of the moved dates give"
    assert placebos["range_of"].endswith("(what 90% of the moved dates give)")
    assert placebos["low"] < placebos["high"]
    assert (known["span"] != "").all(), "a range says what it runs over"
    judged = table[table["verdict"] != claims.NOT_TESTABLE]
    assert judged["value"].notna().all()
    assert (judged["tables"] != "").all()


def test_the_verdicts_for_japan(ledgers):
    """What the data of this release say; a change of data or method must be looked at."""
    assert verdicts(ledgers["JPN"]) == {
        "abundance": "supported",
        "concentration-mining": "supported",
        "convergence-policies": "contested",
        "dependence-today": "contested",
        "diversification-after-2010": "contested",
        "environment": "supported",
        "innovation-ecosystems": "not testable",
        "japan-major-consumer": "supported",
        "lever-mining": "not yet decidable",
        "lever-recycling": "contested",
        "lever-refining": "not yet decidable",
        "lever-substitution": "contested",
        "mandate-speed": "not yet decidable",
        "retaliation": "contested",
        "seventeen-elements": "supported",
        "shock-2010": "contested",
        "slow-and-costly": "supported",
        "trusted-network": "contested",
        "value-chain": "not supported",
    }


def test_verdicts_differ_between_importers(ledgers):
    today = {code: verdicts(table)["dependence-today"] for code, table in ledgers.items()}
    assert today == {
        "JPN": "contested",
        "USA": "supported",
        "KOR": "contested",
        "DEU": "contested",
        "FRA": "contested",
    }
    assert verdicts(ledgers["DEU"])["diversification-after-2010"] == "not supported"
    assert verdicts(ledgers["KOR"])["mandate-speed"] == "not testable"
    assert verdicts(ledgers["USA"])["value-chain"] == "not testable"


def test_the_shock_stays_contested_because_tests_and_publications_disagree(ledgers):
    row = ledgers["JPN"].set_index("claim_id").loc["shock-2010"]
    study = events.study("chn-jpn-informal-embargo-2010", "JPN")
    assert (row["value"], row["low"], row["high"]) == (study.effect, study.low, study.high)
    assert "October 2010 −32%, November −66%, December +117%" in row["because"]
    assert "Publications disagree" in row["because"]
    others = ledgers["KOR"].set_index("claim_id").at["shock-2010", "because"]
    assert "Publications" not in others, "they are about exports to Japan"
    assert "Japan's rare-earth imports as customs published them" in row["tables"]


def test_ranks_of_the_major_consumer_by_a_plain_query(ledgers):
    rows = rare_earths()
    ranks = []
    for year in range(2020, 2025):
        of_year = rows[rows["year"] == year].groupby("importer")[["value_usd", "quantity_t"]].sum()
        for column in of_year:
            ranks.append(1 + (of_year[column] > of_year.at["JPN", column]).sum())
    row = ledgers["JPN"].set_index("claim_id").loc["japan-major-consumer"]
    assert (row["low"], row["high"]) == (min(ranks), max(ranks)) == (2, 4)


def test_general_claims_have_one_verdict_for_all(ledgers):
    general = {code: table[table["general"]] for code, table in ledgers.items()}
    columns = ["claim_id", "verdict", "value", "low", "high", "because"]
    for table in general.values():
        pd.testing.assert_frame_equal(table[columns], general["JPN"][columns])
    assert len(general["JPN"]) == 7


def test_the_largest_supplier_of_france_is_malaysia_by_tonnes(ledgers):
    rows = rare_earths().query("year == 2024 and importer == 'FRA' and product != '280530'")
    tonnes = rows.groupby("exporter")["quantity_t"].sum()
    row = ledgers["FRA"].set_index("claim_id").loc["dependence-today"]
    assert row["value"] == pytest.approx(tonnes.max() / tonnes.sum(), rel=1e-12)
    assert tonnes.idxmax() == "MYS"
    assert "Malaysia" in row["because"]


def test_the_network_by_a_plain_query(ledgers):
    rows = rare_earths().query("year == 2024 and product == '280530'")
    members = pd.read_csv(ROOT / "data/reference/bloc_members.csv").query("bloc == 'MSP'")
    members = set(members["economy"])
    bought = rows[rows["importer"].isin(members)]
    inside = bought[bought["exporter"].isin(members)]
    shares = [inside[c].sum() / bought[c].sum() for c in ("value_usd", "quantity_t")]
    row = ledgers["JPN"].set_index("claim_id").loc["trusted-network"]
    assert row["low"] == pytest.approx(min(shares), rel=1e-12)


def test_abundance_counts_elements_by_hand(ledgers):
    ppm = pd.read_csv(ROOT / "data/reference/elements.csv").set_index("symbol")
    above = ppm.index[ppm["crustal_abundance_ppm"] > 1.7]
    assert set(above) == {"Sc", "Y", "La", "Ce", "Pr", "Nd", "Sm", "Gd", "Dy", "Er", "Yb"}
    assert ledgers["JPN"].set_index("claim_id").at["abundance", "value"] == len(above) == 11


def test_signs_make_verdicts():
    assert finding.judge([True]) == claims.SUPPORTED
    assert finding.judge([True, False, True]) == claims.CONTESTED
    assert finding.judge([False, False]) == claims.NOT_SUPPORTED
    with pytest.raises(claims.MissingData):
        finding.judge([])


# A verdict moves with the data that it is about.


@pytest.mark.parametrize(
    ("share_of_2018", "verdict"), [("0.92", claims.CONTESTED), ("0.99", claims.CONTESTED)]
)
def test_years_between_two_figures_let_refining_be_judged(data, share_of_2018, verdict):
    """A figure of 2018, made by the test, opens the question; the running capacity is one sign."""

    def older(rows):
        is_first = (rows["year"] == "2023") & (rows["stage"] == "separation")
        template = rows[is_first & (rows["scope_group"] == "magnet_ree")]
        template = template[template["economy"] == "CHN"].assign(year="2018", share=share_of_2018)
        return pd.concat([template, rows])

    assert claims.assess("lever-refining", JAPAN).verdict == claims.NOT_YET
    change_data(data, "stage_shares", older)
    found = claims.assess("lever-refining", JAPAN)
    assert found.verdict == verdict
    assert found.high == float(share_of_2018)


def test_more_mines_let_the_lever_be_judged(data):
    def more(rows):
        template = rows[rows["project"] == "Wicheeda"]
        made = [template.assign(project=f"made {n}", status="construction") for n in range(4)]
        return pd.concat([rows, *made])

    before = claims.assess("lever-mining", JAPAN)
    assert before.verdict == claims.NOT_YET
    change_data(data, "projects", more)
    after = claims.assess("lever-mining", JAPAN)
    assert after.verdict == claims.SUPPORTED
    assert after.high > before.high


def test_quarters_after_the_mandate_decide_its_speed(data):
    """Four busy quarters in the timeline decide the claim; the rows are made by the test."""

    def busy(rows):
        template = rows[rows["event_id"] == "usa-jpn-framework-2025"]
        made = [
            template.assign(event_id=f"made-{month}-{n}", date=f"{month}-0{n}", package_id="")
            for month in ("2026-04", "2026-07", "2026-10", "2027-01", "2027-03")
            for n in (1, 2, 3)
        ]
        return pd.concat([rows, *made])

    change_data(data, "policy_events", busy)
    found = claims.assess("mandate-speed", JAPAN)
    assert found.verdict == claims.SUPPORTED
    assert found.value > 2


def test_without_readings_of_a_stop_the_literature_is_not_said_to_disagree(data):
    change_data(data, "policy_readings", lambda rows: rows[rows["reading"] == "targeted_stop"])
    assert "Publications" not in claims.assess("shock-2010", JAPAN).because


def test_missing_data_are_said_and_not_guessed(data):
    change_data(data, "stage_shares", lambda rows: rows[rows["measure"] != "projection"])
    found = claims.assess("lever-refining", JAPAN)
    assert found.verdict == claims.NOT_TESTABLE
    assert found.because.startswith("The data are missing: ")
    assert math.isnan(found.value)


def test_a_setting_that_the_data_do_not_know_is_refused():
    for wrong, near in (
        ({"importer": "JAP"}, "Japan"),
        ({"partner": "US"}, "USA"),
        ({"bloc": "MPS"}, "MSP"),
    ):
        with pytest.raises(UnknownCode, match=near):
            claims.ledger(replace(JAPAN, **wrong))
    for same in (claims.Setting("USA", "USA"), claims.Setting("CHN")):
        with pytest.raises(ValueError, match="must differ"):
            claims.ledger(same)
    with pytest.raises(UnknownCode, match="abundance"):
        claims.assess("abundant", JAPAN)


# Parts of the tests.


def test_overlap_of_suppliers_by_hand_and_its_limits():
    rows = rare_earths().query("year == 2024")
    shares = [
        rows[rows["importer"] == code].groupby("exporter")["value_usd"].sum()
        for code in ("JPN", "USA")
    ]
    one, other = (s / s.sum() for s in shares)
    by_hand = np.minimum(*one.align(other, fill_value=0)).sum()
    overlap = policies.similarity(JAPAN, "value")
    assert overlap[2024] == pytest.approx(by_hand, rel=1e-12)
    assert overlap.between(0, 1).all()
    same = policies.similarity(replace(JAPAN, partner="JPN"), "value")
    assert same.to_numpy() == pytest.approx(1.0)


def test_the_excess_counts_what_comes_after_less_what_came_before():
    signed = pd.Series(pd.to_datetime(["2020-06-01"]))
    acts = pd.Series(
        pd.to_datetime(["2020-05-01", "2020-06-01", "2020-07-01", "2020-08-01", "2022-01-01"])
    )
    assert policies._excess(signed, acts) == 1
    assert policies._excess(signed, acts[:1]) == -1


def test_a_member_of_the_union_is_party_to_what_the_union_signs():
    assert policy.codes_of("DEU") == {"DEU", "EUU"}
    assert policy.codes_of("JPN") == {"JPN"}
    events_of = policies.joint_events(claims.Setting("DEU"))["event_id"]
    assert "usa-eu-jpn-joint-statement-2026" in set(events_of)


def test_a_bloc_without_a_list_of_members_is_missing_data():
    with pytest.raises(claims.MissingData, match="no list of members"):
        traded.bloc_members("NO_SUCH_BLOC")


def test_the_published_figures_carry_their_pages():
    rows = claims.figures(JAPAN)
    assert rows["source_url"].str.startswith("http").all()
    assert set(rows["claim_label"]) == {
        "Ecological impact", "Lever: recycling", "Lever: substitution", "Slow and costly",
    }  # fmt: skip
    assert rows["where"].str.contains("<NA>").sum() == 0
