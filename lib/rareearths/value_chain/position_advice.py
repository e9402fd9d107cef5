"""What follows from the page on the value chain: advice, what would change it, how sure it is."""

import pandas as pd

from rareearths.value_chain import upgrading, value_added
from rareearths.words import choose, joined

FAR = 0.05  # the look-through moves the customs share by this much or more

_ADVICE = {
    upgrading.DOWN: "Find out by company figures whether output at home fell, or whether plants "
    "abroad now do the last steps: trade alone does not tell the two apart.",
    upgrading.UP: "Before it is called a success, check by company figures that the later stage is "
    "made at home and not passed on.",
    upgrading.MIXED: "Look at the signals one by one: there is no single direction to act on.",
    upgrading.UNCLEAR: "Claim neither a rise nor a fall: the trade data do not settle it.",
    upgrading.NONE: "Do not speak of a move along the chain on these data.",
}
_NOT_YET = "Do not build on the move alone: not every variant of the test shows it. "
_CHOICES = {
    "Years in each window": "how many years are compared",
    "First year": "the first year",
    "What counts as chance": "what counts as chance",
    "Magnets": "whether all magnets count",
}


_INPUT_NAMES = {
    "magnet_price": "the price of the magnet",
    "prices": "the prices of the oxides",
    "terbium": "how much terbium is in the magnet",
    "dysprosium": "how much dysprosium is in the magnet",
    "rare_earths": "how much rare earth is in the magnet",
    "material_use": "how much metal is lost in making the magnet",
    "oxide_per_metal": "how much oxide is lost in making the metal",
}


def steadiness(rows: pd.DataFrame, verdict: str) -> tuple[int, int]:
    """How many of the variants give the same verdict, and of how many; see `variants`."""
    tried = [*rows["low_move"], *rows["high_move"]]
    return sum(move == verdict for move in tried), len(tried)


def votes(rows: pd.DataFrame) -> dict[str, int]:
    """How many of the variants give each verdict, see `position_tables.variants`."""
    return pd.Series([*rows["low_move"], *rows["high_move"]]).value_counts().to_dict()


def signal_votes(rows: pd.DataFrame, found: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """In how many of the variants a signal moves as on the page, and of how many that know it.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `position_tables.variants`.
    found : pandas.DataFrame
        See `upgrading.signals`.
    """
    ways = [*rows["low_ways"], *rows["high_ways"]]
    counted = {}
    for row in found.itertuples():
        tried = [way[row.signal] for way in ways if row.signal in way]
        counted[row.signal] = (sum(way == row.direction for way in tried), len(tried))
    return counted


def to_do(
    verdict: str,
    look: dict,
    ladder: pd.DataFrame | None,
    exporter: str,
    steady: tuple[int, int] = (1, 1),
) -> str:
    """The advice, by what the page found; ``steady`` as in `steadiness`."""
    if look and look["high"] - look["direct"] >= FAR:
        seen = (
            "the {direct:pct0} of the customs" if look["direct"] else "customs, which list no flow"
        )
        magnets = (
            "Judge dependence in magnets by a range ({low:pct0} to {high:pct0} with what the third "
            f"economies buy, {{all:pct0}} at most), not by {seen}, and ask suppliers in third "
            "economies where their material comes from. "
        )
    elif look and look["direct"] > 0:
        magnets = "In magnets the customs share, {direct:pct0}, tells most of the story. "
    else:
        magnets = ""
    if ladder is not None and _holds_oxide(exporter):
        magnets += _on_plant(ladder.set_index("step"))
    shaky = verdict in (upgrading.UP, upgrading.DOWN) and steady[0] < steady[1]
    return magnets + (_NOT_YET if shaky else "") + _ADVICE[verdict]


def _holds_oxide(exporter: str) -> bool:
    """Whether the supplier has at least half of the world's separation, by every page."""
    shares = value_added.made_where(exporter).set_index("step")["least"]
    return bool(shares["oxide"] >= 0.5)


def _on_plant(steps: pd.DataFrame) -> str:
    """What a magnet plant alone changes, by the ranges of the oxide and of the magnet step."""
    oxide, magnet = steps.loc["oxide"], steps.loc["magnet"]
    return choose(
        (
            oxide["share_low"] > magnet["share_high"],
            "A magnet plant outside {exporter} moves the smaller part of the value: without oxide "
            "from elsewhere, {oxide} of the price stays where it is. ",
        ),
        (
            magnet["share_low"] > oxide["share_high"],
            "A magnet plant outside {exporter} moves the larger part of the value; the oxide is "
            "{oxide} of the price and has to come from elsewhere too. ",
        ),
        (
            True,
            "Which step holds more of the value is not certain (the ranges overlap), so a magnet "
            "plant outside {exporter} is not enough: without oxide from elsewhere, {oxide} of the "
            "price stays where it is. ",
        ),
    )


def what_changes(rows: pd.DataFrame, look: dict, effects: pd.DataFrame | None) -> str:
    """What would change the answer: variants that turn the verdict, and the figures that matter."""
    turned = rows.loc[rows["then"] == "Verdict changes", "varied"]
    changed = [_CHOICES[name] for name in turned]
    text = "No variant of the table above turns the verdict on the move. "
    if changed:
        text = f"The verdict on the move depends on {joined(changed)}. "
    if look and look["high"] - look["direct"] >= FAR:
        text += (
            "Where the third economies get the material of the magnets they sell to {importer} "
            "decides where between {direct:pct0} and {all:pct0} the share lies; a survey of the "
            "plants would settle it. "
        )
    if effects is not None:
        text += f"The share of the oxide turns most on {_INPUT_NAMES[effects['input'].iloc[0]]}."
    return text.strip()


def how_sure(
    steady: tuple[int, int], magnets: bool, verdict: str, given: pd.DataFrame | None = None
) -> str:
    """How far the verdict can be trusted; ``given`` as in `value_added.load_parameters`."""
    same, tried = steady
    if verdict == upgrading.NONE:
        return "The balance by stage is as sure as the trade data; on a move they say nothing."
    text = f"{same} of {tried} variants give the same verdict. " + choose(
        (same == tried, "That is steady"), (same * 3 >= tried * 2, "That is fairly steady"),
        (True, "That is not steady"),
    )  # fmt: skip
    text += ", and the test takes years as independent, which they are not: it finds a move too "
    text += "easily. A customs code holds goods of many kinds, so a unit value is no price."
    if given is not None:
        judged = int((given["kind"] == "judgement").sum())
        text += (
            f" Of the {len(given)} assumptions behind the steps of value {judged} are judgements, "
            "others of low confidence: take the shares as orders of size."
        )
    if magnets:
        text += " What third economies buy need not go into the magnets they sell on."
    return text
