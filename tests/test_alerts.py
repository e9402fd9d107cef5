"""Thresholds of the report list and the alerts they raise."""

import json
import re

import pytest

from rareearths.reports import alerts
from rareearths.reports.config import ConfigError

CHANGE = {
    "since": "2026-11-01",
    "date": "2026-12-01",
    "state": "changed",
    "numbers": {
        "share_tonnes": {
            "before": 0.61,
            "after": 0.7,
            "change": 0.09,
            "real": 0.1,
            "revision": -0.01,
            "method": None,
        },
        "lost": {
            "before": 3.5,
            "after": None,
            "change": None,
            "real": None,
            "revision": None,
            "method": None,
        },
    },
}
FACTS = {
    "id": "japan",
    "title": "How dependent is Japan?",
    "headline": "China: 70% of the tonnes.",
    "date": "2026-12-01",
    "numbers": {"share_tonnes": 0.7, "total_usd": 515_505_581, "lost": None, "never": None},
    "change": CHANGE,
}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"number": "x", "above": 1}, "alerts must be a list"),
        (["share"], "is wanted, found 'share'"),
        ([{"number": "x", "abov": 1}], "unknown key 'abov'; closest: above"),
        ([{"above": 1}], "number is missing"),
        ([{"number": 3, "above": 1}], "number is missing or not the name"),
        ([{"number": "x"}], "exactly one of above, below, change is wanted, found none"),
        ([{"number": "x", "above": 1, "below": 0}], "found above, below"),
        ([{"number": "x", "above": "70%"}], "above must be a number, found '70%'"),
        ([{"number": "x", "above": True}], "above must be a number, found True"),
        ([{"number": "x", "above": float("nan")}], "above must be a number, found nan"),
        ([{"number": "x", "change": -0.1}], "change is a size and never negative"),
        ([{"number": "x", "above": 1}, {"number": "x", "below": None}], "alert 2: below must be"),
    ],
)
def test_a_wrong_threshold_is_refused(entry, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        alerts.check_thresholds(entry, "reports.yml, report 1 (japan)")
    assert str(error.value).startswith("reports.yml, report 1 (japan)")


def test_thresholds_are_returned_as_given():
    entry = [{"number": "share", "above": 0.7}, {"number": "share", "change": 0}]
    assert alerts.check_thresholds(entry, "x") == entry
    assert alerts.check_thresholds(None, "x") == []


def test_a_number_that_no_report_records_is_named_with_the_closest():
    thresholds = [{"number": "share_tonne", "above": 1}, {"number": "share_tonnes", "above": 1}]
    (message,) = alerts.unrecorded(thresholds, FACTS["numbers"], "japan")
    assert "no number 'share_tonne' is recorded; closest: share_tonnes" in message
    assert alerts.unrecorded(thresholds[1:], FACTS["numbers"], "japan") == []
    (message,) = alerts.unrecorded(thresholds[:1], {}, "japan")
    assert "none is recorded at all" in message


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        ({"above": 0.69}, "share tonnes is 0.7, above 0.69"),
        ({"above": 0.7}, None),
        ({"below": 0.70001}, "share tonnes is 0.7, below 0.70001"),
        ({"below": 0.7}, None),
        (
            {"change": 0.05},
            "share tonnes changed by +0.0900 (limit 0.05), from 0.6100 to 0.7000: "
            "new periods +0.1000, revised data −0.0100, method not known",
        ),
        ({"change": 0.09}, None),
    ],
)
def test_a_limit_is_crossed_or_not(threshold, message):
    found = alerts.raised([{"number": "share_tonnes"} | threshold], FACTS)
    assert [a["message"] for a in found] == ([message] if message else [])
    for alert in found:
        assert alert["report"] == "japan"
        assert alert["value"] == 0.7
        assert threshold.items() <= alert.items()


def test_large_numbers_are_readable():
    (alert,) = alerts.raised([{"number": "total_usd", "above": 500_000_000}], FACTS)
    assert alert["message"] == "total usd is 515,505,581, above 500,000,000"


def test_a_value_just_beyond_its_limit_does_not_look_equal():
    facts = FACTS | {"numbers": {"share": 0.7000004}}
    (alert,) = alerts.raised([{"number": "share", "above": 0.7}], facts)
    assert alert["message"] == "share is 0.7000004, above 0.7"


@pytest.mark.parametrize("kind", ["above", "below", "change"])
def test_a_number_that_went_missing_raises_and_one_never_known_does_not(kind):
    (alert,) = alerts.raised([{"number": "lost", kind: 1}], FACTS)
    assert alert["message"] == "lost is missing now, it was 3.5"
    assert alert["value"] is None
    assert alerts.raised([{"number": "never", kind: 1}], FACTS) == []
    assert alerts.raised([{"number": "not_recorded", kind: 1}], FACTS) == []


def test_a_first_report_raises_no_change():
    thresholds = [{"number": "share_tonnes", "change": 0}]
    assert alerts.raised(thresholds, FACTS | {"change": None}) == []


def test_the_files_for_machines_and_for_mail():
    thresholds = [{"number": "share_tonnes", "above": 0.6}, {"number": "lost", "below": 1}]
    hostile = FACTS | {"id": "other", "title": "<b>[x](http://evil.example)\n# y</b>"}
    found = alerts.raised(thresholds, FACTS) + alerts.raised(thresholds[:1], hostile)
    assert json.loads(alerts.json_text(found)) == {"alerts": found}
    text = alerts.message_text(found, "https://x.org/")
    lines = text.splitlines()
    assert lines[0] == "Subject: 3 alerts in 2 reports"
    assert lines[2] == "**[How dependent is Japan?](https://x.org/japan.html)**, 2026-12-01"
    assert lines[4:6] == [
        "- share tonnes is 0.7, above 0.6",
        "- lost is missing now, it was 3.5",
    ]
    assert "China: 70% of the tonnes." in text
    assert "<b>" not in text
    assert "](http:" not in text
    assert not any(line.startswith("#") for line in lines)
    assert alerts.message_text([]) == "Subject: no alerts\n"


def test_a_report_overrides_a_default_of_the_same_kind_only():
    defaults = [{"number": "gap", "above": 0.1}, {"number": "gap", "change": 0.2}]
    own = [{"number": "gap", "above": 0.9}]
    assert alerts.merged(defaults, own) == [defaults[1], *own]
