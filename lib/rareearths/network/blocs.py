"""Blocs: who belongs to which group of economies, and since when."""

import pandas as pd

from rareearths import catalogue, policy, trade

NOT_A_SET = "Do not use as a set"  # in the note of a bloc whose members no page lists


def members_of(bloc: str, members: list[str]) -> list[str]:
    """Return the members: of the list where one is given, else of the bloc.

    A bloc that has ended keeps those it had at its end.

    Parameters
    ----------
    bloc : str
        As in ``reference/blocs.csv``; checked even where a list takes precedence.
    members : list of str
        ISO3 codes, or an empty list.

    Returns
    -------
    list of str
        ISO3 codes, sorted.

    Raises
    ------
    UnknownCode
        A bloc or an economy that the data do not know.
    ValueError
        Fewer than two members, the same one twice, or a bloc whose members no page lists.
    """
    policy.check_bloc(bloc)
    if members:
        codes = [trade.check_economy(code) for code in members]
        if len(set(codes)) < len(codes):
            raise ValueError(f"members name an economy twice: {', '.join(codes)}")
        if len(codes) < 2:
            raise ValueError(f"members: {codes[0]} alone has no partner; name two or more")
        return sorted(codes)
    about = catalogue.load("blocs").set_index("bloc").loc[bloc]
    if NOT_A_SET in about["note"]:
        raise ValueError(
            f"no page read lists the members of {bloc}; name them in members, or take another bloc"
        )
    return sorted(memberships(bloc)["economy"])


def memberships(bloc: str) -> pd.DataFrame:
    """Load the members of a bloc: ``economy``, ``since`` and ``until`` (year; missing: unread)."""
    rows = catalogue.load("bloc_members")
    rows = rows[rows["bloc"] == policy.check_bloc(bloc)].reset_index(drop=True)
    years = {name: rows[name].str[:4].astype("Float64").astype("Int64")
             for name in ("since", "until")}  # fmt: skip
    return pd.DataFrame({"economy": rows["economy"], **years})


def ended(bloc: str) -> str:
    """Return the day on which all memberships of a bloc ended; empty while it lasts.

    Examples
    --------
    >>> ended("MSP"), ended("G7")
    ('2026-02-04', '')
    """
    rows = catalogue.load("bloc_members")
    until = rows.loc[rows["bloc"] == bloc, "until"]
    return "" if until.empty or until.isna().any() else until.max()


def members_in(rows: pd.DataFrame, year: int) -> list[str]:
    """Members of a year: joined in it or before, not yet left at its end.

    One whose first year was not read is left out: an empty cell is not "always".

    Examples
    --------
    >>> len(members_in(memberships("EU27"), 1995)), len(members_in(memberships("EU27"), 2013))
    (14, 27)
    """
    joined = (rows["since"] <= year).fillna(False).astype(bool)
    stays = (rows["until"].isna() | (rows["until"] > year)).fillna(False).astype(bool)
    return sorted(rows.loc[joined & stays, "economy"])


def check_supplier(exporter: str, members: list[str], bloc: str = "") -> str:
    """Return the supplier, or raise ValueError where it is a member itself."""
    if trade.check_economy(exporter) in members:
        others = ", ".join(code for code in members if code != exporter)
        of_bloc = f" of {bloc}" if bloc else ""
        raise ValueError(
            f"exporter {exporter} is a member{of_bloc}; name another supplier, or the others as "
            f"members: {others}"
        )
    return exporter


def membership_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`memberships` in words: ``member_name``, ``member_since`` (text, "not read" if missing)."""
    since = rows["since"].astype("str").where(rows["since"].notna(), "not read")
    names = rows["economy"].map(trade.economy_names())
    return pd.DataFrame({"member_name": names, "member_since": since})
