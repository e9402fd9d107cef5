"""What two economies signed together: policy events of both, and blocs with both as members."""

import pandas as pd

from rareearths import catalogue, policy

ALONE, WITH_OTHERS, TOWARDS = "The two alone", "With others", "One with the other"
HOW = (ALONE, WITH_OTHERS, TOWARDS)


def load(pair: tuple[str, str], material: str) -> pd.DataFrame:
    """Load the acts of both, and what one did in cooperation with the other, oldest first.

    Parameters
    ----------
    pair : (str, str)
        ISO3 codes.
    material : str
        A material of ``reference/materials.csv``.

    Returns
    -------
    pandas.DataFrame
        Rows of `policy.load_events` that are policy: both issued it, or one issued it, named the
        other and built or opened something. Adds ``how`` (one of `HOW`), ``union`` (whether one of
        the two takes part only through the European Union), ``state`` and ``how_text`` (text), and
        ``number``.
    """
    events = policy.load_events(materials=[material])
    events = events[events["is_policy"]]
    first, second = (policy.codes_of(code) for code in pair)
    issued = [events["issuers"].map(lambda codes, own=own: bool(own & set(codes)))
              for own in (first, second)]  # fmt: skip
    named = [events["targets"].map(lambda codes, own=own: bool(own & set(codes)))
             for own in (first, second)]  # fmt: skip
    both = issued[0] & issued[1]
    kind = events["direction"].isin(["supportive", "liberalising"])
    towards = kind & ((issued[0] & named[1]) | (issued[1] & named[0])) & ~both
    alone = both & events["issuers"].map(lambda codes: set(codes) == set(pair))
    direct = [events[["issuers", "targets"]].sum(axis=1).map(lambda codes, c=code: c in codes)
              for code in pair]  # fmt: skip
    found = events.assign(
        how=pd.Series(WITH_OTHERS, index=events.index).mask(alone, ALONE).mask(towards, TOWARDS),
        union=~(direct[0] & direct[1]),
        state=events["status"].str.replace("_", " "),
    )[both | towards].reset_index(drop=True)
    found["how_text"] = found["how"] + "; " + found["state"]
    return found.assign(number=range(1, len(found) + 1))


def shared_blocs(pair: tuple[str, str]) -> pd.DataFrame:
    """Blocs of which both are members, as the pages read name them.

    Returns
    -------
    pandas.DataFrame
        ``bloc_name``, ``source_url``, ``since_first`` and ``since_second`` (member since,
        as text; "not read" where no date was read), ``note``.
    """
    members = catalogue.load("bloc_members")
    members = members[members["until"].isna()].set_index(["bloc", "economy"])["since"]
    since = members.unstack().reindex(columns=list(pair))
    there = members.index.to_frame(index=False).groupby("bloc")["economy"].agg(set)
    both = [bloc for bloc, codes in there.items() if set(pair) <= codes]
    about = catalogue.load("blocs").set_index("bloc").loc[both]
    dates = since.loc[both].fillna("not read").set_axis(["since_first", "since_second"], axis=1)
    about = about.rename(columns={"name": "bloc_name"})
    return about[["bloc_name", "source_url", "note"]].join(dates).reset_index(drop=True)
