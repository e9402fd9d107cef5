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
    """Return the entry of a report on levers: notebook 60 with package and moved levers.

    Examples
    --------
    >>> print(of_pull(Pull("EU27", "announced", moved=(("recycling", 0.2), ("substitution", 0.1)))))
      - id: levers-eu27-announced-recycling-20-substitution-10
        notebook: notebooks/60_diversification_levers.ipynb
        schedule: monthly
        parameters:
          importer: EU27
          package: announced
          moved: {recycling: 0.2, substitution: 0.1}
    <BLANKLINE>
    """
    given = {"importer": pull.importer, "package": pull.package}
    moved = [f"{name}: {value}" for name, value in pull.moved]
    given |= {"moved": f"{{{', '.join(moved)}}}"} if moved else {}
    held = "".join(f"-{name}-{100 * value:g}" for name, value in pull.moved)
    report_id = f"levers-{pull.importer}-{pull.package}{held}".replace(".", "-")
    return _entry(report_id, "60_diversification_levers", given)


def _entry(report_id: str, notebook: str, parameters: dict) -> str:
    return (
        f"  - id: {report_id.lower().replace('_', '-')}\n"
        f"    notebook: notebooks/{notebook}.ipynb\n"
        "    schedule: monthly\n"
        "    parameters:\n"
        + "".join(f"      {name}: {value}\n" for name, value in parameters.items())
    )
