"""Tables of the criticality page: numbers with their ranges as text."""

import pandas as pd

from rareearths import supply, trade, words
from rareearths.risk import geodep, indices

RATIO_SHOWN = 1000  # a ratio of imports to exports above it says no more


def material_table(ranked: pd.DataFrame) -> pd.DataFrame:
    """Scores and ranks with their ranges as text, see `index_checks.material_scores`."""
    scores = zip(ranked["score"], ranked["score_low"], ranked["score_high"], strict=True)
    ranks = zip(ranked["rank"], ranked["rank_low"], ranked["rank_high"], strict=True)
    return pd.DataFrame(
        {
            "index_label": [at_start(indices.INDICES[name].label) for name in ranked["index"]],
            "score_range": [words.ranged(*each, "ratio") for each in scores],
            "rank_range": [words.ranged(*each, "count") for each in ranks],
            "of_n": ranked["n"],
        }
    )


def pair_table(main: pd.DataFrame) -> pd.DataFrame:
    """Agreement and largest term of every pair as text, see `concordance.main_terms`."""
    rows = main.sort_values("tau", kind="stable")
    taus = zip(rows["tau"], rows["low"], rows["high"], strict=True)
    parts = zip(rows["part"], rows["part_low"], rows["part_high"], strict=True)
    short = {name: index.short for name, index in indices.INDICES.items()}
    return pd.DataFrame(
        {
            "index_pair": (rows["first"].map(short) + ", " + rows["second"].map(short)).to_list(),
            "tau_range": [words.ranged(*each, "ratio") for each in taus],
            "main_term": [at_start(label) for label in rows["label"]],
            "part_range": [words.ranged(*each, "ratio") for each in parts],
            "often": rows["first_in"].to_list(),
        }
    )


def step_table(steps: pd.DataFrame) -> pd.DataFrame:
    """The exchange of single terms, see `concordance.one_at_a_time`."""
    return pd.DataFrame(
        {
            "step_text": [at_start(step) for step in steps["step"]],
            "tau_alone": steps["tau"],
            "rank_alone": steps["rank"],
        }
    )


def sensitivity_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The sensitivity of the headline as text, see `index_checks.sensitivity`."""

    def spans(low: str, high: str, form: str) -> list[str]:
        pairs = zip(rows[low], rows[high], strict=True)
        return [ends(*pair, form) for pair in pairs]

    return rows[["changed", "low_end", "high_end"]].assign(
        tau_range=spans("tau_low", "tau_high", "ratio"),
        first_ranks=spans("first_low", "first_high", "count"),
        second_ranks=spans("second_low", "second_high", "count"),
    )


def screen_table(screened: pd.DataFrame, material: str) -> pd.DataFrame:
    """The GeoDep criteria of the codes of a material, see `geodep.screen`."""
    rows = screened[screened["material"] == material]
    ratio = [
        "nothing exported"
        if value == geodep.NO_EXPORTS
        else f"over {RATIO_SHOWN:,}"
        if value > RATIO_SHOWN
        else words.show_number(value, "short")
        for value in rows["ratio"]
    ]
    return rows.assign(
        label=rows["product"].map(trade.product_labels()),
        trade_ratio=ratio,
        flag=rows["flagged"].map({True: "yes", False: "no"}),
    )


def exports_table(exports: pd.DataFrame, top: int = 6) -> pd.DataFrame:
    """The largest exporters of the world, see `index_checks.hub_exports`."""
    rows = exports.head(top)
    return pd.DataFrame(
        {
            "export_place": rows["exporter"].map(trade.economy_names()),
            "export_share": [supply.share_text(share) for share in rows["share"]],
            "mine_part": [supply.share_text(share) for share in rows["mine_share"]],
        }
    )


def ends(low: float, high: float, form: str) -> str:
    """Return two numbers as a range, or as one where they read the same."""
    made = [words.show_number(end, form) for end in (low, high)]
    return made[0] if made[0] == made[1] else " to ".join(made)


def at_start(text: str) -> str:
    """Return text as it begins a sentence."""
    return text[0].upper() + text[1:]
