"""The README of the results, made from ``results.json`` alone."""

from bench import machine

_HEAD = """# Benchmarks

Made by `make bench`; do not edit. To repeat it on a quiet machine (about half an hour):

```
make bench                              # every topic, main figures three times
make bench BENCH="rendering --quick"    # one topic, every figure once
```

The numbers are in `results.json`, each repetition too. Tables show the median and, where there are
several runs, the lowest and highest. A topic is one module of this folder (`rendering.py` is an
example): `TITLE`, `TELLS` and `run(bench)`, which returns figures; list it in `__main__.py`. The
other systems are installed into folders of `bench/` by the first run (`requirements*.txt`); what
cannot be installed or fails stands here with its error.
"""


def readme(results: dict[str, dict]) -> str:
    """Return the README for the results of some topics."""
    parts = [_HEAD, _machines(results), _side_by_side(results)]
    parts += [_topic(name, topic) for name, topic in results.items()]
    return "\n".join(part for part in parts if part)


def _machines(results: dict[str, dict]) -> str:
    """Return what it was measured on, once when it is the same for all topics."""
    seen = []
    for topic in results.values():
        about = topic["machine"]
        packages = ", ".join(f"{name} {v}" for name, v in about["packages"].items() if v)
        text = (
            f"{about['cores']} cores ({about['processor']}), {about['memory_mb'] / 1000:.0f} GB "
            f"of memory, {about['system']}, Python {about['python']}; {packages}."
        )
        if text not in seen:
            seen.append(text)
    return "\n\n".join(f"Measured on {text}" for text in seen) + "\n"


def _side_by_side(results: dict[str, dict]) -> str:
    """Return the table of the systems, fastest first, each compared with `rareearths render`."""
    figures = [f for topic in results.values() for f in topic["figures"] if f["system"]]
    own = next((f["median"] for f in figures if "**" in f["system"]), None)
    if not figures:
        return ""
    rows = ["## Side by side", "", "All reports, from cold to pages.", ""]
    rows += ["| system | seconds | compared with `rareearths render` |", "|---|---:|---:|"]
    measured = [f for f in figures if f["median"] is not None]
    for f in sorted(measured, key=lambda f: f["median"]):
        times = f"{f['median'] / own:.2f} times as long" if own else ""
        rows.append(f"| {f['system']} | {_seconds(f)} | {times} |")
    rows += [f"| {f['system']} | failed | {_cell(f['error'])} |" for f in figures if f["error"]]
    return "\n".join(rows) + "\n"


def _topic(name: str, topic: dict) -> str:
    lines = [f"## {topic['title']}", "", topic["tells"], ""]
    about = topic["machine"]
    busy = topic["load_before"] > machine.BUSY * about["cores"]
    warning = " **The machine was busy: do not trust the times.**" if busy else ""
    lines += [
        f"`{name}`, {topic['date']} UTC, {topic['runs']} runs, {topic['seconds']} s in all; load "
        f"before: {topic['load_before']}.{warning}",
        "",
    ]
    if topic["error"]:
        return "\n".join([*lines, f"Not measured: {_cell(topic['error'])}"]) + "\n"
    lines += ["| figure | median | lowest to highest | target | |", "|---|---:|---:|---|---|"]
    lines += [_row(figure) for figure in topic["figures"]]
    return "\n".join(lines) + "\n"


def _row(figure: dict) -> str:
    limits = {"at most": figure["at_most"], "at least": figure["at_least"]}
    target = next((f"{words} {v:g}" for words, v in limits.items() if v is not None), "")
    verdict = figure["verdict"]
    if verdict:
        target += f": {verdict}" if verdict == "met" else f": **{verdict}**"
    spread = ""
    if len(figure["values"]) > 1:
        spread = f"{_number(figure, 'lowest')} to {_number(figure, 'highest')}"
    remark = _cell(figure["error"] or figure["note"])
    cells = (figure["name"], _number(figure, "median"), spread, target, remark)
    return "| " + " | ".join(cells) + " |"


def _number(figure: dict, which: str) -> str:
    value = figure[which]
    if value is None:
        return "failed"
    shown = f"{value:.0f}" if value >= 100 or not figure["unit"] else f"{value:.2f}"
    return f"{shown} {figure['unit']}".strip()


def _seconds(figure: dict) -> str:
    return f"{figure['median']:.1f}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
