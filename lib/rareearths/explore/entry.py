"""The entry of ``reports.yml`` that makes a report of a choice."""

from rareearths.explore.pull import Pull
from rareearths.explore.view import View


def of_view(view: View) -> str:
    """Return the entry of a report on dependence: notebook 20 with the choices of a view.

    Examples
    --------
    >>> print(of_view(View(importer="FRA", material="lithium", start_year=2010, basis="value")))
      - id: import-dependence-fra-from-chn-lithium-2010-2024-value
        notebook: notebooks/20_import_dependence.ipynb
        schedule: monthly
        parameters:
          importer: FRA
          exporter: CHN
          material: lithium
          start_year: 2010
          end_year: 2024
          basis: value
    <BLANKLINE>
    """
    names = ("importer", "exporter", "material", "start_year", "end_year", "basis")
    given = {name: getattr(view, name) for name in names}
    stem = f"import-dependence-{view.importer}-from-{view.exporter}-{view.material}"
    report_id = f"{stem}-{view.start_year}-{view.end_year}-{view.basis}"
    return _entry(report_id, "20_import_dependence", given)


def of_pull(pull: Pull) -> str:
    """Return the entry of a report on levers: notebook 60, which takes a package as it is."""
    given = {"importer": pull.importer, "package": pull.package}
    entry = _entry(f"levers-{pull.importer}-{pull.package}", "60_diversification_levers", given)
    moved = "  # The notebook takes packages: the levers moved here are not in the report.\n"
    return moved + entry if pull.moved else entry


def _entry(report_id: str, notebook: str, parameters: dict) -> str:
    return (
        f"  - id: {report_id.lower().replace('_', '-')}\n"
        f"    notebook: notebooks/{notebook}.ipynb\n"
        "    schedule: monthly\n"
        "    parameters:\n"
        + "".join(f"      {name}: {value}\n" for name, value in parameters.items())
    )
