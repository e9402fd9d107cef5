"""Run the tests of the claims and lay their findings out."""

from math import isnan

import pandas as pd

from rareearths import catalogue, policy, trade
from rareearths.claims import levers, policies, published, traded  # noqa: F401  their tests
from rareearths.claims.finding import (
    EXPORTER,
    NOT_TESTABLE,
    TESTS,
    VERDICTS,
    Finding,
    MissingData,
    Setting,
)
from rareearths.words import FORMATS, with_signs

_LOOKUPS = ("economies", "materials", "products")  # codes and names, read once and kept


def load_claims() -> pd.DataFrame:
    """Load the claims: ``claim_id``, ``theme``, ``claim``, ``testable``, ... in their order."""
    return catalogue.load("claims")


def assess(claim_id: str, setting: Setting) -> Finding:
    """Test one claim.

    Parameters
    ----------
    claim_id : str
        A claim of ``policy/claims.csv``.
    setting : Setting

    Returns
    -------
    Finding
        "Not testable" where the data that the test needs are missing or no test can be made.

    Raises
    ------
    UnknownCode
        A claim, an economy or a material that the data do not know.
    """
    claims = load_claims().set_index("claim_id")
    if claim_id not in claims.index:
        near = catalogue.closest(claim_id, claims.index)
        raise catalogue.UnknownCode(f"unknown claim {claim_id!r}; {near}")
    check(setting)
    return _run(claim_id, setting)


def check(setting: Setting) -> None:
    """Raise `UnknownCode` or ValueError where a setting names what the data do not know."""
    economies = (setting.importer, setting.partner, EXPORTER)
    for economy in economies:
        trade.check_economy(economy)
    policy.check_bloc(setting.bloc)
    if len(set(economies)) < len(economies):
        raise ValueError(
            f"importer and partner must differ, and neither be {EXPORTER}, which the claims are "
            f"about: {setting.importer}, {setting.partner}"
        )


def _run(claim_id: str, setting: Setting) -> Finding:
    if claim_id not in TESTS:
        return Finding(NOT_TESTABLE, "", "No data here bear on it.")
    try:
        return TESTS[claim_id].run(setting)
    except MissingData as missing:
        return Finding(NOT_TESTABLE, "", f"The data are missing: {missing}.")


def ledger(setting: Setting) -> pd.DataFrame:
    """Test every claim.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    pandas.DataFrame
        One row a claim, in the order of the table: its columns, ``verdict``, ``measure``,
        ``because``, ``value``, ``low``, ``high``, ``form``, ``value_text`` and ``range`` (text),
        ``range_of`` (the range and what it runs over), ``tables`` (titles of those read),
        ``rule``, ``general`` (the same for every importer), ``notebook`` and ``shown_in`` (its name
        as text).
    """
    check(setting)
    rows = []
    for claim in load_claims().to_dict("records"):
        with catalogue.recorded() as tables:
            found = _run(claim["claim_id"], setting)
        test = TESTS.get(claim["claim_id"])
        rows.append(
            claim
            | vars(found)
            | {
                "range_of": _range_of(found),
                "claim_label": claim["label"],
                "because": with_signs(found.because),
                "value_text": f"{_show(found.value, found.form)} {found.unit}".strip(),
                "range": _range(found),
                "tables": "; ".join(
                    catalogue.table(name).title for name in tables if name not in _LOOKUPS
                ),
                "general": bool(test and test.general),
                "rule": test.rule if test else "No test: the claim names nothing that is measured.",
                "notebook": test.notebook if test else "",
                "shown_in": _name(test.notebook) if test else "–",
            }
        )
    return pd.DataFrame(rows)


def counts(table: pd.DataFrame) -> dict[str, int]:
    """How many claims have each verdict: ``n_supported``, ``n_not_supported``, ...; ``n_general``
    (of claims about the world) and ``n`` in all."""
    found = table["verdict"].value_counts()
    verdicts = {f"n_{v.replace(' ', '_')}": int(found.get(v, 0)) for v in VERDICTS}
    return verdicts | {"n_general": int(table["general"].sum()), "n": len(table)}


def in_words(table: pd.DataFrame) -> str:
    """The counts as text: 7 are supported, 5 contested, ..."""
    found = table["verdict"].value_counts()
    said = [f"{found[v]} {v}" for v in VERDICTS if v in found]
    verb = "is" if said[0].startswith("1 ") else "are"
    return ", ".join([said[0].replace(" ", f" {verb} ", 1), *said[1:]])


def names(table: pd.DataFrame, verdict: str) -> str:
    """The claims with one verdict as text, by their labels; "none" without any."""
    return "; ".join(table.loc[table["verdict"] == verdict, "label"]) or "none"


def numbers(table: pd.DataFrame) -> dict[str, float]:
    """The numbers of the claims for the record, by claim: ``dependence_today``, ..."""
    return {row.claim_id.replace("-", "_"): row.value for row in table.itertuples()}


def widest(table: pd.DataFrame) -> str:
    """The claim of `with_range` whose range is the widest, as text with its ends."""
    row = table.loc[(table["high"] - table["low"]).idxmax()]
    return f"{row['label']}, {row['range']}"


def with_range(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the claims whose number is a share or a relative change and has a range."""
    known = table.dropna(subset=["value", "low", "high"])
    return known[known["form"].isin(["pct0", "signed_pct0"])].reset_index(drop=True)


def _range_of(found: Finding) -> str:
    """The range and what it runs over, as text."""
    return _range(found) + (f" ({found.span})" if found.span else "")


def _name(notebook: str) -> str:
    """The name of a notebook as text: 20_import_dependence.ipynb is import dependence."""
    return notebook.removesuffix(".ipynb").split("_", 1)[1].replace("_", " ")


def _show(value: float, form: str) -> str:
    if isnan(value):
        return "–"
    unit = " points" if form == "points" else ""
    return FORMATS[form](value) + unit


def _range(found: Finding) -> str:
    if isnan(found.low) or isnan(found.high):
        return "–"
    return f"{_show(found.low, found.form)} to {_show(found.high, found.form)}"
