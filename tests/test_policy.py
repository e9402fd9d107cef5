"""Policy events: filters, what was in force on a day, counts."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rareearths import policy
from rareearths.catalogue import UnknownCode

DAYS = st.dates(pd.Timestamp("1995-01-01").date(), pd.Timestamp("2026-11-22").date())


def ids(events: pd.DataFrame) -> set[str]:
    return set(events["event_id"])


def state(event_id: str, on: str) -> str | None:
    found = policy.in_force(on, states=("in force", "suspended", "uncertain"))
    states = found.set_index("event_id")["state"]
    return states.get(event_id)


def test_all_events_are_loaded_in_order():
    events = policy.load_events()
    assert len(events) == 134
    assert events["earliest"].is_monotonic_increasing
    assert (events["earliest"] <= events["latest"]).all()


def test_a_date_spans_its_precision():
    events = policy.load_events().set_index("event_id")
    month = events.loc["chn-ree-quota-2010h2-cut"]
    assert (month["earliest"], month["latest"]) == tuple(
        pd.to_datetime(["2010-07-01", "2010-07-31"])
    )
    year = events.loc["jpn-jogmec-established-2004"]
    assert (year["earliest"], year["latest"]) == tuple(pd.to_datetime(["2004-01-01", "2004-12-31"]))


def test_filters_are_those_of_a_plain_query():
    events = policy.load_events(["CHN"], "JPN", ["rare_earths"], "2010", "2010-12-31", "high")
    assert len(events) > 0
    for event in events.itertuples():
        assert "CHN" in event.issuers
        assert {"JPN", "WLD"} & set(event.targets)
        assert event.date.startswith("2010")
        assert event.confidence == "high"
    assert "chn-jpn-informal-embargo-2010" in ids(events)


def test_what_concerns_an_economy_is_aimed_at_it_or_its_own_act():
    all_of_them = policy.load_events()
    japan = ids(policy.load_events(concerning="JPN"))
    own = {e.event_id for e in all_of_them.itertuples() if "JPN" in e.issuers}
    assert japan == own | ids(policy.load_events(target="JPN"))
    assert own - ids(policy.load_events(target="JPN")), "some of its acts name others"
    union = {e.event_id for e in all_of_them.itertuples() if "EUU" in e.issuers}
    assert union <= ids(policy.load_events(concerning="DEU"))


def test_critical_minerals_at_large_concern_every_material():
    cobalt, lithium = (ids(policy.load_events(materials=[m])) for m in ("cobalt", "lithium"))
    shared = policy.load_events(materials=["tin"])
    assert ids(shared) <= cobalt & lithium
    assert len(shared) > 0


def test_every_word_for_a_material_is_known():
    words = pd.read_csv("data/policy/materials.csv")
    used = policy.load_events()["materials"].explode()
    assert set(used[used != ""]) == set(words["token"])
    materials = set(pd.read_csv("data/reference/materials.csv")["material"])
    assert set(words["material"].dropna()) <= materials | {"all"}


@pytest.mark.parametrize(
    ("event", "on", "expected"),
    [
        # The worked example of docs/methods/in_force.md
        ("chn-5ree-licensing-2025", "2025-11-01", None),
        ("chn-5ree-licensing-2025", "2025-12-15", "suspended"),
        ("chn-5ree-licensing-2025", "2026-11-22", "uncertain"),
        ("chn-7ree-licensing-2025", "2025-04-03", None),
        ("chn-7ree-licensing-2025", "2025-11-01", "in force"),
        ("chn-7ree-licensing-2025", "2026-11-22", "in force"),
        # The quota regime ended with 2014, its end date is 1 January 2015
        ("chn-ree-export-quota-introduced-1999", "2014-12-31", "in force"),
        ("chn-ree-export-quota-introduced-1999", "2015-01-02", None),
        # Paused before its start was read
        ("chn-ree-equipment-controls-2025", "2025-10-20", "uncertain"),
        # The ban on gallium, germanium and antimony applied for eleven months
        ("chn-usa-ga-ge-sb-ban-2024", "2025-01-01", "in force"),
        ("chn-usa-ga-ge-sb-ban-2024", "2026-01-01", "suspended"),
        # In doubt
        ("usa-chn-truce-extension-2026", "2026-10-01", "uncertain"),
        # A scheduled end that nobody has read about
        ("chn-oct9-suspension-2025", "2026-11-10", "in force"),
        ("chn-oct9-suspension-2025", "2026-11-11", "uncertain"),
        # Not a measure
        ("jpn-chn-senkaku-collision-2010", "2010-09-10", None),
    ],
)
def test_state_on_a_day(event, on, expected):
    assert state(event, on) == expected


@given(DAYS)
def test_what_is_in_force_has_begun_and_not_ended(day):
    found = policy.in_force(day.isoformat())
    on = pd.Timestamp(day)
    assert (found["from_day"] <= on).all()
    assert (found["to_day"].isna() | (found["to_day"] >= on)).all()
    assert found["is_policy"].all()


def test_a_target_is_hit_by_what_is_aimed_at_the_world():
    everyone = policy.in_force("2026-01-15", issuer="CHN")
    germany = policy.in_force("2026-01-15", issuer="CHN", target="DEU")
    japan = policy.in_force("2026-01-15", issuer="CHN", target="JPN")
    assert ids(germany) < ids(japan) <= ids(everyone)
    assert "chn-jpn-dual-use-ban-2026" in ids(japan) - ids(germany)


def test_counts_leave_out_what_is_no_policy_and_count_a_package_once():
    events = policy.load_events()
    counts = policy.count_events(events)
    packaged = events[events["is_policy"]]["package_id"].dropna()
    expected = events["is_policy"].sum() - len(packaged) + packaged.nunique()
    assert counts["events"].sum() == expected
    assert list(counts.index.year) == list(range(1983, 2027)), "no period is left out"
    excluded = {"supply_disruption", "resource_discovery", "election", "contextual_event"}
    assert set(events.loc[~events["is_policy"], "instrument"]) == excluded


def test_counts_by_a_column_and_by_quarter():
    events = policy.load_events(start="2025", end="2025")
    by_direction = policy.count_events(events, by="direction")
    assert by_direction.sum(axis=None) == policy.count_events(events)["events"].sum()
    by_quarter = policy.count_events(events, every="quarter")
    months = events[events["date_precision"] != "year"]
    assert by_quarter["events"].sum() == policy.count_events(months)["events"].sum()
    assert policy.count_events(events.iloc[:0]).empty


def test_packages_are_grouped():
    events = policy.load_events()
    grouped = policy.group_packages(events)
    measures = grouped.set_index("package_id")["measures"]
    assert measures["chn-2025-10-09"] == 6
    assert grouped["measures"].sum() == len(events)
    assert not grouped["package_id"].dropna().duplicated().any()


def test_every_event_has_its_pages():
    events = policy.load_events(["JPN"], start="2026")
    pages = policy.load_sources(list(events["event_id"]))
    assert ids(pages) == ids(events)
    assert pages["url"].str.match(r"https?://").all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"issuers": ["CHM"]}, UnknownCode, "closest: CHN"),
        ({"target": "JP"}, UnknownCode, "closest: JPN"),
        ({"materials": ["graphit"]}, UnknownCode, "closest: graphite"),
        ({"start": "2010-13"}, ValueError, "'2010-13' is not a date"),
        ({"start": "2012", "end": "2010"}, ValueError, "2012 comes after 2010"),
        ({"min_confidence": "sure"}, ValueError, "not one of low, medium, high"),
    ],
)
def test_wrong_input_is_answered(arguments, error, message):
    with pytest.raises(error, match=message):
        policy.load_events(**arguments)


def test_a_day_is_wanted():
    with pytest.raises(ValueError, match="'2010-09' is not a day"):
        policy.in_force("2010-09")


def test_links_to_pages_say_where_they_lead():
    linked = dict(policy.event_table(policy.load_events())[["event_id", "pages"]].to_numpy())
    pages = policy.load_sources().sort_values(["event_id", "n"])
    for event, rows in pages.groupby("event_id"):
        names = [name for name, _ in linked[event]]
        assert len(set(names)) == len(names), event
        assert [address for _, address in linked[event]] == list(rows["url"])
        for name, publisher, address in zip(names, rows["publisher"], rows["url"], strict=True):
            plain = re.sub(r" \(\d+\)$", "", name)
            assert plain == publisher if pd.notna(publisher) else plain in address
