"""The command line: ``rareearths list | render | data``."""

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 good, 1 failed, 2 wrong input)."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except _expected_errors() as error:
        print(f"rareearths: {error}", file=sys.stderr)
        return 2
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

    render = commands.add_parser("render", help="render reports into site/")
    render.add_argument("ids", nargs="*", metavar="ID", help="ids in reports.yml; all by default")
    render.add_argument("--site", type=Path, default=Path("site"), help="output folder")
    render.add_argument("--config", type=Path, default=Path("reports.yml"), help="report list")
    render.add_argument("--jobs", type=int, metavar="N", help="reports at once; one per core")
    render.set_defaults(run=_render)

    data = commands.add_parser("data", help="build, check or seal the tables")
    steps = data.add_subparsers(required=True, metavar="STEP")
    build = steps.add_parser("build", help="rebuild the tables from their source")
    build.set_defaults(run=_data_build)
    check = steps.add_parser("check", help="check every table against its schema and hash")
    check.set_defaults(run=_data_check)
    seal = steps.add_parser("seal", help="take over the present files' hashes after an edit")
    seal.add_argument("tables", nargs="*", metavar="TABLE")
    seal.set_defaults(run=_data_seal)
    return parser


def _expected_errors() -> tuple:
    from rareearths.catalogue import DataError, UnknownCode
    from rareearths.reports.config import ConfigError
    from rareearths.reports.parameters import ParameterError

    return DataError, UnknownCode, ConfigError, ParameterError


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
    from rareearths.reports import render

    return render.render(args.config, args.site, args.ids, jobs=args.jobs)


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


if __name__ == "__main__":
    sys.exit(main())
