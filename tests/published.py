"""The reports that tests look at: all of `reports.yml` in English, a sample in Japanese."""

from pathlib import Path

from rareearths.reports import config

REPORTS = [
    report
    for report in config.load(Path(__file__).parents[1] / "reports.yml")
    if report.language == "en"
]
# The first report of each notebook.
SAMPLE = list({report.notebook: report.id for report in reversed(REPORTS)}.values())
JAPANESE = [f"{report_id}-ja" for report_id in SAMPLE]
INDICES = ("index", "index-ja")
TIMELINE = "policy-timeline-japan-rare-earths.html"
