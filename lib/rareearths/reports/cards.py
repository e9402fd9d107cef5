"""What the index shows of each report: a card, and at the top what changed."""

from rareearths.reports import change_text, labels, sparkline, subject

MOVES = 3  # numbers that are named of a report that changed
_KINDS = {"importers": subject.IMPORTERS, "materials": subject.MATERIALS}
_STATUS = {  # by whether there is a page, and whether the newest run failed
    (True, False): ("good", "ok"),
    (True, True): ("bad", "last good page"),
    (False, True): ("bad", "no page yet"),
    (False, False): ("none", "not rendered yet"),
}


def cards(entries: list[dict]) -> list[dict]:
    """Return the card of each report.

    Parameters
    ----------
    entries : list of dict
        From `rareearths.reports.site`: ``id``, ``schedule``, ``notebook``, ``parameters``,
        ``facts`` (the record or None), ``change`` (a line) and ``failure``.

    Returns
    -------
    list of dict
        The entries with ``title``, ``status`` (class and text), ``question``, ``importers`` and
        ``materials`` (name by code), ``trend`` (``number``, ``svg`` and ``text``, or None) and
        ``moves`` (the first numbers that changed, or None).
    """
    told = [(e["notebook"], (e["facts"] or {}).get("subject") or {}) for e in entries]
    questions = {notebook: said["question"] for notebook, said in told if said.get("question")}
    found = [{kind: _codes(e, kind) for kind in _KINDS} for e in entries]
    names = {kind: _names(kind, found, [said for _, said in told]) for kind in _KINDS}
    about = [{k: {code: names[k][code] for code in one[k]} for k in _KINDS} for one in found]
    return [e | said | _card(e, questions) for e, said in zip(entries, about, strict=True)]


def choices(made: list[dict]) -> dict[str, list[tuple[str, str]]]:
    """Return what a reader can choose of each kind: value and name.

    Importers and materials are in alphabetical order, questions in that of the reports.
    """
    found = {kind: list(_merged(card[kind] for card in made).items()) for kind in _KINDS}
    for pairs in found.values():
        pairs.sort(key=lambda pair: pair[1].casefold())
    questions = {card["notebook"]: card["question"] for card in made}
    return found | {"questions": list(questions.items())}


def news(made: list[dict]) -> dict:
    """Return what changed: ``cards`` whose numbers did, newest first, and a ``sentence``.

    The sentence is empty when no report is published.
    """
    published = [card for card in made if card["facts"]]
    changed = [card for card in published if card["moves"] is not None]
    changed.sort(key=lambda card: card["facts"]["change"]["date"], reverse=True)
    return {"cards": changed, "sentence": _sentence(published, len(changed))}


def summary(made: list[dict]) -> str:
    """Return how many reports there are of each status: "72 reports: 70 ok, 2 no page yet"."""
    texts = [card["status"][1] for card in made]
    counts = ", ".join(f"{texts.count(text)} {text}" for text in dict.fromkeys(texts))
    return f"{_reports(len(made))}: {counts}"


def _codes(entry: dict, kind: str) -> list[str]:
    """Return the codes of a report; of one without a record those that the report list names."""
    parameters = (entry["facts"] or {}).get("parameters") or entry["parameters"]
    return subject.codes(parameters, _KINDS[kind])


def _names(kind: str, found: list[dict], told: list[dict]) -> dict[str, str]:
    """Return a name for each code, from the records; the data are asked for what they lack."""
    names = _merged(said.get(kind, {}) for said in told)
    missing = [code for one in found for code in one[kind] if code not in names]
    return names | (subject.named(kind, missing) if missing else {})


def _card(entry: dict, questions: dict[str, str]) -> dict:
    facts, notebook = entry["facts"] or {}, entry["notebook"]
    return {
        "title": facts.get("title") or entry["id"],
        "status": _status(entry),
        "question": questions.get(notebook) or _readable(notebook),
        "trend": _trend(facts),
        "moves": _moves(facts),
    }


def _status(entry: dict) -> tuple[str, str]:
    facts = entry["facts"]
    if facts and facts["state"] == "no data" and not entry["failure"]:
        return "none", "nothing to report in this selection"
    return _STATUS[bool(facts), bool(entry["failure"])]


def _trend(facts: dict) -> dict | None:
    """Return the line of a record as markup, and in words: its first and its last value."""
    found = facts.get("trend")
    if not found:
        return None
    years, values = found["years"], found["values"]
    known = [(y, v) for y, v in zip(years, values, strict=True) if v is not None]
    (start, first), (end, last) = known[0], known[-1]
    label = labels.label(facts, found["number"])
    text = f"{label.text}: {label.shown(first)} in {start}, {label.shown(last)} in {end}"
    return {"number": found["number"], "svg": sparkline.svg(years, values), "text": text}


def _moves(facts: dict) -> list[str] | None:
    """Return the first numbers that changed, from what to what; None when nothing did."""
    change = facts.get("change")
    if not change or change["state"] != "changed":
        return None
    rows = change_text.view(facts)["rows"]
    told = [f"{name} {before} → {after}" for name, before, after, *_ in rows[:MOVES]]
    return told + ([f"{len(rows) - MOVES} more"] if len(rows) > MOVES else [])


def _sentence(published: list[dict], changed: int) -> str:
    published = [card for card in published if not card["facts"].get("reads")]
    if not published:
        return ""
    first = sum(card["facts"].get("change") is None for card in published)
    if first == len(published):
        return "There is no earlier report to compare with: each report is the first of its kind."
    reports = _reports(len(published))
    many = f"Numbers changed in {changed} of {reports}."
    said = many if changed else f"No number changed in {reports}."
    return said + (f" {first} of them {'is' if first == 1 else 'are'} new." if first else "")


def _merged(named) -> dict[str, str]:
    return {code: name for names in named for code, name in names.items()}


def _readable(notebook: str) -> str:
    """Return the name of a notebook in words, without its number: "import dependence"."""
    stem = notebook.removesuffix(".ipynb")
    number, _, rest = stem.partition("_")
    return labels.readable(rest if number.isdecimal() and rest else stem)


def _reports(number: int) -> str:
    return "1 report" if number == 1 else f"{number} reports"
