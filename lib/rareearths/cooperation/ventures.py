"""Projects of rare earths in which two economies have a part, and what they could add.

A part is: the project stands in the economy; or the table prints Japan's offtake, equity or
ownership; or it prints support of the United States. It has no such column for other economies, so
that their parts abroad are not known. Capacities are summed within one basis only.
"""

import pandas as pd

from rareearths import catalogue, stages, supply, trade, words

MATERIAL = "rare_earths"  # the one material whose projects are in the data
CANNOT = (
    "Oxides and metals cannot be compared with trade: a project states oxide or metal of some "
    "elements, customs weigh whole shipments of all of them. A magnet plant helps only if its "
    "metal does not come from the same supplier; the table does not say where it comes from."
)
LATER = (
    "Announced plants may start late or not at all: the answer for magnets hangs on which of them "
    "are built, and on where their metal comes from."
)
UNSURE = (
    "Capacities are what pages state, to June 2026, and none is checked; what runs, what is built "
    "and what is only planned are kept apart, and the range says how much hangs on that."
)
PRINTED = {"JPN": "japan_offtake_or_equity", "USA": "us_support"}
STATES = ("operating", "ramping", "construction", "planned")
STEPS = {
    "operating": ("operating",),
    "ramp_up": ("operating", "ramping"),
    "building": ("operating", "ramping", "construction"),
    "planned": STATES,
}
BASES = {
    "reo": "rare earth oxides, mined",
    "ndpr_oxide": "NdPr oxide",
    "dy_tb_oxide": "Dy and Tb oxide",
    "heavy_oxide": "heavy oxides",
    "magnet_oxides": "magnet oxides",
    "metal": "metal",
    "magnets": "magnets",
}
_NO_PART = "interested"  # a page that only names buyers "among the interested" shows no part


def load(pair: tuple[str, str]) -> pd.DataFrame:
    """Load the projects in which at least one of the two has a part.

    Parameters
    ----------
    pair : (str, str)
        ISO3 codes.

    Returns
    -------
    pandas.DataFrame
        Rows of ``projects`` with ``part_first`` and ``part_second`` (text: "host", or the part as
        printed; missing without one), ``firm`` (the company, without its partners), ``joint``
        (whether both have a part in the firm), ``capacity`` and ``start`` as text.
    """
    rows = catalogue.load("projects")
    rows["part_first"], rows["part_second"] = (parts(rows, code) for code in pair)
    rows["firm"] = rows["company"].str.split(r" / | \(", regex=True).str[0]
    sides = rows.groupby("firm")[["part_first", "part_second"]].transform(lambda p: p.notna().any())
    rows["joint"] = sides.all(axis=1)
    rows["capacity"] = [_capacity(row) for row in rows.itertuples()]
    rows["start"] = [_start(row) for row in rows.itertuples()]
    return rows[rows[["part_first", "part_second"]].notna().any(axis=1)].reset_index(drop=True)


def parts(rows: pd.DataFrame, economy: str) -> pd.Series:
    """The part of an economy in each project: "host", or as printed; missing without one."""
    host = (rows["economy"] == trade.check_economy(economy)).map({True: "host", False: None})
    column = PRINTED.get(economy)
    if column is None:
        return host
    printed = rows[column].where(~rows[column].str.contains(_NO_PART, na=False))
    return printed.fillna(host)


def _capacity(row) -> str:
    if pd.isna(row.capacity_as_given):
        return "capacity not known"
    number = row.capacity_t_per_year
    amount = row.capacity_as_given if pd.isna(number) else f"{number:,.0f}"
    kind = "" if row.capacity_kind in ("stated", "total") else f", {row.capacity_kind}"
    what = row.basis_as_given if pd.notna(row.basis_as_given) else "basis not stated"
    return f"{amount} {what}{kind}".replace("_", " ")


def _start(row) -> str:
    when = "start not known" if pd.isna(row.start_year) else f"{row.start_year:.0f}"
    return f"{when}, {row.status}"


def joint(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the projects of firms in which both have a part, by firm and start year."""
    order = ["firm", "start_year", "project"]
    return rows[rows["joint"]].sort_values(order, kind="stable", ignore_index=True)


def in_one(rows: pd.DataFrame) -> list[str]:
    """Names of the projects in which both have a part, not only in the firm."""
    both = rows[["part_first", "part_second"]].notna().all(axis=1)
    return list(rows.loc[both, "project"])


def joint_short(rows: pd.DataFrame) -> str:
    """How many projects and firms both have a part in, for the answer; empty without any."""
    firms = sorted(rows.loc[rows["joint"], "firm"].unique())
    if not firms:
        return "The table of projects shows none in which both have a part."
    number = len(in_one(rows))
    return (
        f"Both have a part in {number or 'none'} of the projects in the table and, if only in "
        f"different projects, in {'one firm' if len(firms) == 1 else f'{len(firms)} firms'} "
        f"({words.joined(firms)})."
    )


def joint_text(rows: pd.DataFrame, pair: tuple[str, str]) -> str:
    """How many projects and firms both have a part in, as a sentence."""
    found, names = rows[rows["joint"]], in_one(rows)
    first, second = (trade.economy_in_text(code) for code in pair)
    if found.empty:
        return f"The table shows no firm in which both {first} and {second} have a part."
    same = f"{len(names)} ({'; '.join(names)})" if names else "none"
    firms = words.joined(sorted(found["firm"].unique()))
    return (
        f"Projects in which both have a part: {same}. Firms in which both have one, if only in "
        f"different projects: {found['firm'].nunique()} ({firms})."
    )


def gap_text(pair: tuple[str, str]) -> str:
    """Which parts of the two the table cannot tell; empty where it prints both."""
    unknown = [trade.economy_in_text(code) for code in pair if code not in PRINTED]
    if not unknown:
        return ""
    return (
        f"It has no column for offtake, equity or support of {words.joined(unknown)}: such parts "
        "in other economies cannot be told; that none is shown does not mean that there is none."
    )


def project_cells(rows: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    """Projects ready for a table: name with its page, place, parts, capacity, start.

    Returns
    -------
    pandas.DataFrame
        ``project_name``, ``source_url``, ``place_stage``, ``part_text``, ``capacity_text``
        (capacity, start and status).
    """
    names = trade.economy_names()
    return pd.DataFrame(
        {
            "project_name": rows["project"] + " (" + rows["firm"] + ")",
            "source_url": rows["source_url"].fillna(""),
            "place_stage": rows["economy"].map(names) + ", " + rows["stage"],
            "part_text": [
                _part_text(row, [names[code] for code in pair]) for row in rows.itertuples()
            ],
            "capacity_text": rows["capacity"] + "; " + rows["start"],
        }
    )


def _part_text(row, names: list[str]) -> str:
    both = zip(names, (row.part_first, row.part_second), strict=True)
    return "; ".join(f"{name}: {part}" for name, part in both if pd.notna(part)) or "–"


def summed(rows: pd.DataFrame) -> pd.DataFrame:
    """The projects that `promise` sums, by basis and start year."""
    kept = rows["basis"].isin(BASES) & rows["status"].isin(STATES)
    counted = rows["count_in_capacity"].eq(True).fillna(False).astype(bool)
    counted |= rows["why_not_counted"].str.startswith("total incl.", na=False)
    return rows[kept & counted].sort_values(["basis", "start_year"], ignore_index=True)


def promise(rows: pd.DataFrame) -> pd.DataFrame:
    """Capacity that could be summed, by basis and step, from operating to all that is planned.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `load`.

    Returns
    -------
    pandas.DataFrame
        Indexed by basis: for each of `STEPS` ``<step>_low`` and ``<step>_high`` (tonnes of the
        basis a year; they differ where a page prints a range). A step holds the ones before it. A
        planned phase whose total holds an earlier phase adds what is new.
    """
    counted = rows[rows["count_in_capacity"].eq(True).fillna(False).astype(bool)]
    later = rows["why_not_counted"].str.startswith("total incl.", na=False)
    every = pd.concat([_ends(counted), _added(rows[later], counted)])
    every = every[every["basis"].isin(BASES)]
    found = {}
    for step, states in STEPS.items():
        of_step = every[every["status"].isin(states)].groupby("basis")
        for end in ("low", "high"):
            found[f"{step}_{end}"] = of_step[end].sum()
    table = pd.DataFrame(found).reindex([basis for basis in BASES if basis in set(every["basis"])])
    return table.fillna(
        0.0
    )  # a basis that occurs, but not at that step: no such capacity is listed


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Each capacity as a range: the figure twice, or the two ends that are printed."""
    single = rows["capacity_t_per_year"]
    return rows.assign(
        low=single.fillna(rows["capacity_low_t_per_year"]),
        high=single.fillna(rows["capacity_high_t_per_year"]),
    )[["project", "firm", "stage", "basis", "status", "low", "high"]]


def _added(totals: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """What a later phase adds to the phase that its total includes."""
    keys = ["firm", "stage", "basis"]
    both = _ends(totals).merge(_ends(counted)[[*keys, "low", "high"]], on=keys, suffixes=("", "_1"))
    return both.assign(low=both["low"] - both["high_1"], high=both["high"] - both["low_1"])[
        ["project", "firm", "stage", "basis", "status", "low", "high"]
    ]


def promise_table(table: pd.DataFrame) -> pd.DataFrame:
    """`promise` as text: ``basis_name`` and a column for each of `STEPS`."""
    shown = {"basis_name": [BASES[basis] for basis in table.index]}
    for step in STEPS:
        ends = zip(table[f"{step}_low"], table[f"{step}_high"], strict=True)
        shown[f"step_{step}"] = [
            f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}" for low, high in ends
        ]
    return pd.DataFrame(shown)


def nothing_text(added: tuple[float, float], bought: pd.Series, exporter: str) -> str:
    """Why what could be added cannot be set against what the two buy."""
    name = trade.economy_in_text(exporter)
    return words.choose(
        (not added[1], "Of magnets, the one basis that is weighed alike in projects and at the "
                       "border, the table shows no plant with a part of the two still to come."),
        (bought.empty, f"What the two buy in magnets from {name} is not known by weight, so that "
                       "the plants cannot be set against it."),
        (True, ""),
    )  # fmt: skip


def limits() -> str:
    """What the comparison of two economies' projects does not show, as a list."""
    year = stages.only_weighed_year()
    only = f", with weights for {year} only" if year else ""
    return (
        "- Ores of rare earths (HS 253090) are not in the data: what mines ship to separators "
        "abroad, from the United States or Australia for example, cannot be seen.\n"
        "- Magnets are a selection of the larger flows of HS 850511, which holds metal magnets "
        f"without rare earths too{only}; for most economies they are not in the data.\n"
        "- The table of projects is a selection. It prints a part of Japan and support of the "
        "United States, and no part of other economies. Capacities are stated, not measured, mix "
        "kinds of figure (output, targets), and announced dates slip.\n"
        "- Know-how has no figure here: plants, published shares and exports stand in for it."
    )


def weighed_year(flows: pd.DataFrame) -> int | None:
    """The newest year in which magnets have weights; None without any."""
    known = flows[(flows["stage"] == stages.MAGNETS) & flows["quantity_t"].notna()]
    return int(known["year"].max()) if len(known) else None


def magnets_bought(flows: pd.DataFrame, exporter: str) -> pd.Series:
    """Magnets that each importer bought from the exporter in the newest year with weights, tonnes.

    Larger flows of HS 850511, gross weight; empty where none is known.
    """
    own = flows[(flows["stage"] == stages.MAGNETS) & (flows["exporter"] == exporter)]
    own = own.dropna(subset=["quantity_t"])
    own = own[own["year"] == weighed_year(flows)]
    return own.groupby("importer")["quantity_t"].sum()


def added_magnets(table: pd.DataFrame) -> tuple[float, float]:
    """Magnet capacity beyond what operates: with the ramp-up only, and with all that is planned."""
    if "magnets" not in table.index:
        return 0.0, 0.0
    row = table.loc["magnets"]
    return (
        float(row["ramp_up_low"] - row["operating_high"]),
        float(row["planned_high"] - row["operating_low"]),
    )


def added_variants(rows: pd.DataFrame, pair: tuple[str, str], bought_t: float) -> pd.DataFrame:
    """`added_magnets` when one choice is changed at a time.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `load`.
    pair : (str, str)
    bought_t : float
        What the two bought from the exporter, tonnes.

    Returns
    -------
    pandas.DataFrame
        ``changed`` (text), ``added_low``, ``added_high`` (tonnes a year), ``part_text`` (of what
        was bought); empty where nothing is added.
    """
    late = rows[(rows["basis"] == "magnets") & (rows["status"] != "operating")]
    late = summed(late)
    if late.empty or not bought_t > 0:
        return pd.DataFrame(columns=["changed", "added_low", "added_high", "part_text"])
    largest = late.loc[late["capacity_t_per_year"].idxmax(), "project"]
    cases = {
        "base: all that do not fully run": rows,
        "without what is only planned": rows[rows["status"] != "planned"],
        f"without the largest, {largest}": rows[rows["project"] != largest],
        "only plants in the two economies": rows[rows["economy"].isin(pair)],
    }
    found = []
    for changed, part in cases.items():
        low, high = added_magnets(promise(part))
        span = [supply.share_text(end / bought_t) for end in (low, high)]
        found.append((changed, low, high, " to ".join(dict.fromkeys(span))))
    return pd.DataFrame(found, columns=["changed", "added_low", "added_high", "part_text"])
