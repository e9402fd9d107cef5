"""When a report is due, and the files that let a scheduler ask each day."""

import configparser
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from rareearths.reports import config, schedule

FILES = ROOT / "docs/schedule"
COMMAND = ".venv/bin/rareearths render --due"

zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
times = st.datetimes(datetime(1900, 1, 1), datetime(2400, 1, 1), timezones=zones)
schedules = st.sampled_from(schedule.SCHEDULES)


def at(text: str) -> datetime:
    return schedule.parse_time(text)


@pytest.mark.parametrize(
    ("name", "time", "newest", "next_one"),
    [
        ("daily", "2028-02-29T23:59", "2028-02-29", "2028-03-01"),
        ("daily", "2027-02-28T00:00", "2027-02-28", "2027-03-01"),
        ("weekly", "2026-11-22", "2026-11-16", "2026-11-23"),  # a Sunday
        ("weekly", "2026-11-23", "2026-11-23", "2026-11-30"),  # a Monday
        ("monthly", "2026-12-31T12:00", "2026-12-01", "2027-01-01"),
        ("quarterly", "2026-12-31", "2026-10-01", "2027-01-01"),
        ("quarterly", "2028-03-31", "2028-01-01", "2028-04-01"),
        ("yearly", "2028-02-29", "2028-01-01", "2029-01-01"),
        ("yearly", "2027-01-01T00:00+09:00", "2026-01-01", "2027-01-01"),  # still 2026 in UTC
    ],
)
def test_moments_are_midnights_of_the_calendar(name, time, newest, next_one):
    assert schedule.latest(name, at(time)) == at(newest)
    assert schedule.following(name, at(time)) == at(next_one)


@given(schedules, times)
def test_a_time_lies_between_two_moments_and_none_lies_between_these(name, time):
    newest, next_one = schedule.latest(name, time), schedule.following(name, time)
    assert newest <= time < next_one
    assert schedule.latest(name, newest) == newest
    assert schedule.latest(name, next_one) == next_one
    assert schedule.latest(name, next_one - timedelta(microseconds=1)) == newest
    assert newest.utcoffset() == next_one.utcoffset() == timedelta(0)
    for moment in (newest, next_one):
        assert (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


@given(times)
def test_each_moment_of_a_coarse_schedule_is_one_of_the_finer(time):
    monthly, quarterly, yearly = (
        schedule.latest(name, time) for name in ("monthly", "quarterly", "yearly")
    )
    assert schedule.latest("quarterly", yearly) == schedule.latest("monthly", yearly) == yearly
    assert schedule.latest("monthly", quarterly) == quarterly
    assert schedule.latest("daily", monthly) == monthly


@given(schedules, times, st.timedeltas(timedelta(0), timedelta(days=3000)))
def test_a_report_is_due_when_a_moment_passed_since_it_was_checked(name, checked, passed):
    now = checked + passed
    moment_passed = schedule.following(name, checked) <= now
    assert schedule.is_due(name, checked, now) == moment_passed


@given(schedules, times)
def test_what_was_missed_is_caught_up_once(name, time):
    """However long the machine was off: due at once, and then not before the next moment."""
    assert schedule.is_due(name, None, time)
    assert schedule.is_due(name, time - timedelta(days=400), time)
    assert not schedule.is_due(name, time, time)
    following = schedule.following(name, time)
    assert not schedule.is_due(name, time, following - timedelta(microseconds=1))
    assert schedule.is_due(name, time, following)


@given(schedules, times, st.timedeltas(timedelta(microseconds=1), timedelta(days=3000)))
def test_a_check_in_the_future_is_not_believed(name, time, ahead):
    assert schedule.is_due(name, time + ahead, time)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T05:00", datetime(2026, 12, 1, 5, tzinfo=UTC)),
        ("2026-12-01 05:00:30Z", datetime(2026, 12, 1, 5, 0, 30, tzinfo=UTC)),
        (" 2026-12-01T05:00+09:00 ", datetime(2026, 11, 30, 20, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc(text, wanted):
    found = schedule.parse_time(text)
    assert found == wanted
    assert found.utcoffset() == timedelta(0)


@given(times)
def test_a_written_time_is_read_back(time):
    assert schedule.parse_time(time.isoformat()) == time


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "2026-02-29", "1.12.2026", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused_with_what_is_wanted(text):
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not a time; wanted: 2026"):
        schedule.parse_time(text)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="'hourly' is not one of daily, weekly"):
        schedule.latest("hourly", at("2026-12-01"))
    with pytest.raises(ValueError, match="no time zone"):
        schedule.is_due("daily", None, datetime(2026, 12, 1))
    with pytest.raises(ValueError, match="no time zone"):
        schedule.is_due("daily", datetime(2026, 12, 1), at("2026-12-01"))


def test_the_report_list_takes_these_schedules():
    assert config.SCHEDULES == schedule.SCHEDULES
    assert {r.schedule for r in config.load(ROOT / "reports.yml")} <= set(schedule.SCHEDULES)


# The files for schedulers


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string((FILES / name).read_text(encoding="utf-8"))
    return parser


def crontab_line() -> str:
    lines = (FILES / "crontab").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    return line


def workflow() -> dict:
    return yaml.safe_load((ROOT / ".github/workflows/reports.yml").read_text(encoding="utf-8"))


def test_every_scheduler_runs_the_one_command():
    service = unit("rareearths.service")["Service"]
    folder, command = service["ExecStart"].split("/.venv", 1)
    assert ".venv" + command == COMMAND
    assert service["WorkingDirectory"] == folder == "%h/rare-earth-strategy"
    assert crontab_line().split(" && ") == ['17 5 * * * cd "$HOME/rare-earth-strategy"', COMMAND]
    runs = [step["run"] for step in workflow()["jobs"]["render"]["steps"] if "run" in step]
    assert runs == ["make setup", COMMAND]
    assert f"\n    {COMMAND}\n" in (FILES / "README.md").read_text(encoding="utf-8")


def test_every_scheduler_runs_each_day_and_systemd_catches_up():
    timer = unit("rareearths.timer")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 05:17:00 UTC"
    assert timer["Timer"].getboolean("Persistent")
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert unit("rareearths.service")["Service"]["Type"] == "oneshot"
    triggers = workflow()[True]  # YAML 1.1 reads the key `on` as true
    assert triggers["schedule"] == [{"cron": "17 5 * * *"}]


def test_the_workflow_keeps_the_site_and_what_was_checked_between_runs():
    job = workflow()["jobs"]["render"]
    steps = {step.get("uses", step.get("run")): step for step in job["steps"]}
    restore, save = steps["actions/cache/restore@v4"], steps["actions/cache/save@v4"]
    assert restore["with"]["path"].split() == ["site", ".rareearths"]
    assert restore["with"]["path"] == save["with"]["path"]
    assert restore["with"]["key"] == save["with"]["key"]
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert "always" in save["if"] or "!cancelled()" in save["if"], "also after a failed report"
    order = list(steps)
    command = order.index(COMMAND)
    assert order.index("actions/cache/restore@v4") < command < order.index("actions/cache/save@v4")
    assert steps["actions/upload-pages-artifact@v3"]["with"]["path"] == "site"


@pytest.mark.parametrize("file", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_no_file_names_a_folder_of_one_machine(file):
    assert not re.search(r"/(home|root|work|tmp|Users|opt|srv)/", file.read_text(encoding="utf-8"))
