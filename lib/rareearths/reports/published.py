"""What a site has published, for a report about reports: the records of others, and their alerts.

A report whose entry in ``reports.yml`` says ``reads: reports`` is rendered after all others. What
it reads of them is one of its inputs, so that it is rendered again when that has changed.
"""

import hashlib
import json
import os
from pathlib import Path

from rareearths.translation import ENGLISH

SITE, STATE = "RAREEARTHS_SITE", "RAREEARTHS_STATE"  # folders of the render, for its kernels
RECORDS, ALERTS = "manifest.json", "alerts.json"
# Of a record all that is read; its date and commit are not among it, they tell nothing new.
_READ = ("id", "state", "title", "headline", "notebook", "language", "translations", "parameters",
         "numbers", "change", "subject", "trend", "tables")  # fmt: skip
_KINDS = {"importer": "importers", "material": "materials", "exporter": "suppliers"}


def folder(given: str = "") -> Path:
    """Return the folder of the rendered reports.

    Parameters
    ----------
    given : str
        A folder; empty for that of the render that runs, or ``site/`` of this project.
    """
    return Path(given or os.environ.get(SITE) or Path(__file__).parents[3] / "site")


def state_folder() -> Path:
    """Return the folder of the tables that earlier reports read: that of the render that runs."""
    return Path(os.environ.get(STATE) or Path(__file__).parents[3] / ".rareearths")


def is_rendering() -> bool:
    """Tell whether a page is being made, beside which the other pages stand."""
    return SITE in os.environ


def records(site: Path, parameters: dict) -> list[dict]:
    """Return the records of the reports that parameters concern, in the order of the site.

    Parameters
    ----------
    site : pathlib.Path
        Folder of the rendered reports; without one there are no records.
    parameters : dict
        ``language``, and the codes that a report must not contradict: ``importer``, ``material``,
        ``exporter``. One that is not given allows all.

    Returns
    -------
    list of dict
        Of reports with numbers, in English where a report is not rendered in the language; without
        those that read records themselves.
    """
    found = _json(site / RECORDS).get("reports")
    entries = list(found.values()) if isinstance(found, dict) else []
    return [
        {name: record.get(name) for name in _READ}
        for record in _in_language(entries, parameters.get("language", ENGLISH))
        if record.get("numbers")
        and not record.get("reads")
        and _concern(record.get("subject") or {}, parameters)
    ]


def alerts(site: Path, of: list[dict]) -> list[dict]:
    """Return the alerts that some reports raise, each with the id of its report among these.

    An alert is given once, for the report of the first language; it holds for its translations.
    """
    found = _json(site / ALERTS).get("alerts")
    own = {name: r["id"] for r in of for name in (r["id"], *(r["translations"] or {}).values())}
    raised = found if isinstance(found, list) else []
    return [alert | {"report": own[alert["report"]]} for alert in raised if alert["report"] in own]


def digest(site: Path, parameters: dict) -> str:
    """Return one hash of all that a report with these parameters can read of the others."""
    read = records(site, parameters)
    text = json.dumps([read, alerts(site, read)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _in_language(entries: list[dict], language: str) -> list[dict]:
    """Return each report once: in a language, or in English."""
    spoken = {name for record in entries if record.get("language", ENGLISH) == language
              for name in (record["id"], *(record.get("translations") or {}).values())}  # fmt: skip
    return [
        record
        for record in entries
        if record.get("language", ENGLISH) == language
        or (record.get("language", ENGLISH) == ENGLISH and record["id"] not in spoken)
    ]


def _concern(subject: dict, parameters: dict) -> bool:
    """Tell whether a report contradicts none of the codes; one that names none does not."""
    wanted = {kind: parameters.get(name) for name, kind in _KINDS.items()}
    return all(
        not code or not subject.get(kind) or code in subject[kind] for kind, code in wanted.items()
    )


def _json(path: Path) -> dict:
    """Return the content of a file of the site; nothing when it is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
