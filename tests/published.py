"""The reports that tests look at: of each notebook some in English, and one in Japanese."""

from itertools import groupby
from pathlib import Path

from rareearths.reports import config

MANY = 4


def _some(reports: list) -> list:
    """The first; of many also the last, which differs most from it, and those at equal steps."""
    places = {0, *range(0, len(reports), 8)} | (
        {len(reports) - 1} if len(reports) > MANY else set()
    )
    return [reports[place] for place in sorted(places)]


_ENGLISH = [
    report
    for report in config.load(Path(__file__).parents[1] / "reports.yml")
    if report.language == "en"
]
_BY_NOTEBOOK = [list(those) for _, those in groupby(_ENGLISH, lambda report: report.notebook)]
REPORTS = [report for those in _BY_NOTEBOOK for report in _some(those)]
# The first report of each notebook.
SAMPLE = [those[0].id for those in _BY_NOTEBOOK]
JAPANESE = [f"{report_id}-ja" for report_id in SAMPLE]
INDICES = ("index", "index-ja")
TIMELINE = "policy-timeline-japan-rare-earths.html"
