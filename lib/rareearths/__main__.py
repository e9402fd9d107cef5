"""The command line: ``rareearths list | render | due | site | data``."""

import argparse
import errno
import os
import sys
from contextlib import suppress
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 good, 1 failed, 2 wrong input)."""
    args = _parser().parse_args(argv)
    with suppress(AttributeError):  # a text stream put in its place has none
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a terminal without a sign shows its code
    try:
        return args.run(args)
    except _expected_errors() as error:
        print(f"rareearths: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the end fails too
        where = error.filename or "standard output"
        print(f"rareearths: {where} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rareearths: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rareearths",
        description="Dependence on one supplier of critical minerals: reports and their data.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list the reports, materials or economies")
    listing.add_argument(
        "what", nargs="?", default="reports", choices=("reports", "materials", "economies")
    )
    listing.set_defaults(run=_list)

    _add_render(commands)
    due = commands.add_parser("due", help="list the reports that are due")
    _add_places(due)
    due.add_argument("--at", metavar="TIME", help="such as 2026-12-01T05:00, UTC; now by default")
    due.set_defaults(run=_due)

    site = commands.add_parser("site", help="join the sites of several shards")
    site.add_argument("parts", nargs="*", type=Path, metavar="SITE", help="sites to join")
    _add_places(site)
    site.set_defaults(run=_site)

    data = commands.add_parser("data", help="build, check or seal the tables")
    steps = data.add_subparsers(required=True, metavar="STEP")
    build = steps.add_parser("build", help="rebuild the tables from their source")
    build.set_defaults(run=_data_build)
    check = steps.add_parser("check", help="check every table against its schema and hash")
    check.set_defaults(run=_data_check)
    seal = steps.add_parser("seal", help="take over the present files' hashes after an edit")
    seal.add_argument("tables", nargs="*", metavar="TABLE")
    seal.set_defaults(run=_data_seal)
    _add_live(steps)
    return parser


def _add_live(steps) -> None:
    refresh = steps.add_parser(
        "refresh",
        help="bring the newest data from the publishers into the tables",
        description="Asks for what is missing or may have been revised. A failure changes nothing.",
    )
    refresh.add_argument("sources", nargs="*", metavar="SOURCE", help="such as comtrade; all")
    refresh.add_argument("--since", type=_year, metavar="YEAR", help="every year from this one on")
    refresh.add_argument("--dry-run", action="store_true", help="only say what would be asked")
    refresh.set_defaults(run=_data_refresh)
    imported = steps.add_parser(
        "import",
        help="put whole archives of a publisher into a store, for questions about all the world",
        description="Years that are in the store, made from the same archive, are not read again.",
    )
    imported.add_argument("source", choices=["baci"], help="whose archives they are")
    imported.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="zip files")
    imported.add_argument(
        "--store", type=Path, metavar="FOLDER", help="by default data/store/SOURCE"
    )
    imported.set_defaults(run=_data_import)
    diff = steps.add_parser("diff", help="say what differs between two vintages of a table")
    diff.add_argument("old", type=Path, metavar="A", help="table file or data folder")
    diff.add_argument("new", type=Path, metavar="B", help="the same, newer")
    diff.set_defaults(run=_data_diff)


def _add_render(commands) -> None:
    render = commands.add_parser(
        "render", help="render reports into site/", description="What has not changed is not run."
    )
    render.add_argument("ids", nargs="*", metavar="ID", help="ids or patterns; all by default")
    _add_places(render)
    choice = render.add_argument_group("which reports")
    choice.add_argument("--only", nargs="+", default=[], metavar="ID", help="the same as ID")
    choice.add_argument(
        "--matrix", nargs="?", const="", metavar="NAME", help="those of one matrix, or of all"
    )
    choice.add_argument("--shard", metavar="I/N", help="part I of N, the same on every machine")
    choice.add_argument("--due", action="store_true", help="those whose schedule says so")
    choice.add_argument("--at", metavar="TIME", help="with --due: as if it were this time, UTC")
    choice.add_argument(
        "--changed", action="store_true", help="published ones whose inputs have changed"
    )
    choice.add_argument("--force", action="store_true", help="also what has not changed")
    how = render.add_argument_group("how")
    how.add_argument("--plan", action="store_true", help="only say what would run, and why")
    how.add_argument("--stock", action="store_true", help="start each kernel anew")
    how.add_argument("--jobs", type=_count, metavar="N", help="reports at once; one per core")
    how.add_argument("--state", type=Path, help="tables of earlier reports; .rareearths/")
    how.add_argument("--fail-on-alert", action="store_true", help="exit with 3 after an alert")
    render.set_defaults(run=_render)


def _add_places(parser) -> None:
    parser.add_argument("--site", type=Path, default=Path("site"), help="site folder")
    parser.add_argument("--config", type=Path, default=Path("reports.yml"), help="report list")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 is wanted, not {text!r}")
    return int(text)


def _year(text: str) -> int:
    if not (text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"a year is wanted, such as 2020, not {text!r}")
    return int(text)


_HEAVY_ERRORS = {
    "rareearths.reports.parameters": "ParameterError",
    "rareearths.scale.store": "StoreError",
}


def _expected_errors() -> tuple:
    from rareearths.catalogue import DataError, UnknownCode
    from rareearths.reports.config import ConfigError
    from rareearths.reports.schedule import TimeError
    from rareearths.reports.store import SiteError

    errors = [DataError, UnknownCode, ConfigError, SiteError, TimeError]
    for module, name in _HEAVY_ERRORS.items():
        if loaded := sys.modules.get(module):  # not loaded, not raised
            errors.append(getattr(loaded, name))
    return tuple(errors)


def _list(args) -> int:
    if args.what == "reports":
        from rareearths.reports import config

        rows = {r.id: f"{r.notebook}, {r.schedule}" for r in config.load()}
    else:
        from rareearths import trade

        rows = trade.material_names() if args.what == "materials" else trade.economy_names()
    for code, text in rows.items():
        print(f"{code:28} {text}")
    return 0


def _render(args) -> int:
    from rareearths.reports.render import Options, render

    names = ("config", "site", "state", "matrix", "shard", "changed", "force", "plan", "stock")
    chosen = {name: getattr(args, name) for name in (*names, "jobs", "fail_on_alert")}
    due = _time(args) if args.due else None
    return render(Options(ids=[*args.ids, *args.only], due=due, **chosen))


def _due(args) -> int:
    from rareearths.reports import config, schedule, site

    at, checked = _time(args), site.checked(args.site)
    for report in config.load(args.config):
        last = checked.get(report.id)
        if schedule.is_due(report.schedule, last, at):
            when = f"last checked {last:%Y-%m-%d %H:%M}" if last else "not rendered yet"
            print(f"{report.id:48} {report.schedule:10} {when}")
    return 0


def _time(args):
    from rareearths.reports import schedule, task

    return schedule.parse_time(args.at) if args.at else task.now()


def _site(args) -> int:
    from rareearths.reports import config, site, store

    joined = site.join(args.parts or [args.site], store.Site(args.site), config.load(args.config))
    print(f"{joined} reports: {args.site / 'index.html'}")
    return 0


def _data_build(args) -> int:
    from rareearths import build

    build.build()
    return 0


def _data_check(args) -> int:
    from rareearths import catalogue, check

    problems = check.check_all()
    for problem in problems:
        print(problem)
    tables = len(catalogue.tables())
    print(f"{tables} tables checked, " + (f"{len(problems)} problems" if problems else "all good"))
    return 1 if problems else 0


def _data_seal(args) -> int:
    from rareearths import build

    for name in build.seal(args.tables) or ["nothing changed"]:
        print(name)
    return 0


def _data_refresh(args) -> int:
    from rareearths.sources import refresh

    try:
        refresh.refresh(args.sources, refresh.Options(since=args.since, dry_run=args.dry_run))
    except refresh.RefreshError as error:
        print(f"rareearths: {error}", file=sys.stderr)
        return 1
    return 0


def _data_import(args) -> int:
    from rareearths import catalogue
    from rareearths.scale import baci_store, store

    folder = args.store or catalogue.folder() / "store" / args.source
    written = baci_store.import_baci(args.archives, store.Store(folder))
    print(f"{len(written)} years written: {folder}")
    return 0


def _data_diff(args) -> int:
    from rareearths.sources import difference

    for found in difference.compare(args.old, args.new):
        print("\n".join(found.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
