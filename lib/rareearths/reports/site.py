"""The index of the rendered reports."""

import json
import os
from pathlib import Path

from rareearths.reports import page
from rareearths.reports.config import Report


def write_index(reports: list[Report], site: Path) -> Path:
    """Write ``index.html``: every report of the list with its headline, or why it has none."""
    entries = [_entry(report, site) for report in reports]
    new = site / ".index.html.new"
    new.write_text(page.render_index(entries), encoding="utf-8")
    os.replace(new, site / "index.html")
    return site / "index.html"


def _entry(report: Report, site: Path) -> dict:
    facts, failure = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        for path in (site / f"{report.id}.json", site / f"{report.id}.error.json")
    )
    return {"id": report.id, "schedule": report.schedule, "facts": facts, "failure": failure}
