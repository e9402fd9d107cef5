"""An importer beside others that buy the same: their steps, their mean changes, a mix of them."""

from math import exp

import numpy as np
import pandas as pd

from rareearths import events, trade
from rareearths.events import Study
from rareearths.evidence import show_change
from rareearths.synthetic import Synthetic

WIDE = 2.0  # a mean change that is so many times the median one, or more, is not called alike


def rank_of_change(changes: pd.Series, importer: str) -> float:
    """Rank p-value of a mean change: the share of importers as far from the median as this one.

    Parameters
    ----------
    changes : pandas.Series
        As from `events.changes_among`, fractions; the importer is among them.

    Examples
    --------
    >>> rank_of_change(pd.Series({"A": 0.0, "B": 0.1, "C": -0.1, "D": 3.0}), "D")
    0.25
    """
    logs = np.log1p(changes)
    far = (logs - logs.median()).abs()
    return float((far >= far[importer] * (1 - 1e-9)).mean())


def summary(lead: Study, mix: Synthetic | None) -> dict:
    """Where an importer stands among others, for sentences.

    Parameters
    ----------
    lead : events.Study
        By tonnes or value.
    mix : Synthetic or None

    Returns
    -------
    dict
        ``n_partners``, ``p_partner`` (rank of the step); ``own_change``, ``median_change`` (text),
        ``change_p`` (rank of the mean change), ``n_more`` (others whose mean moved further the same
        way), ``moved`` ("fell more"); ``change_ranks``, ``mix_apart`` (whether the rank of the mean
        change, or of the mix, sets it apart), ``change_apart`` (that, or `WIDE`); `mix_summary`.
        Missing where there is nothing to compare.
    """
    changes = events.changes_among(lead)
    found = {"n_partners": max(len(changes) - 1, 0), "p_partner": lead.partner.p}
    found |= {"importer_name": trade.economy_names()[lead.importer]}
    found |= _of_change(changes, lead) if len(changes) > 1 else {"change_apart": False}
    made = mix_summary(mix) if mix else {}
    return found | made | {"mix_apart": mix is not None and mix.p <= events.RANK}


def _of_change(changes: pd.Series, lead: Study) -> dict:
    own, others = changes[lead.importer], changes.drop(lead.importer)
    times = exp(abs(np.log1p(own) - np.log1p(others).median()))
    p = rank_of_change(changes, lead.importer)
    return {
        "own_change": show_change(own, lead.measure),
        "median_change": show_change(others.median(), lead.measure),
        "change_p": p,
        "n_more": int((others < own).sum() if own < 0 else (others > own).sum()),
        "moved": "fell more" if own < 0 else "rose more",
        "change_ranks": p <= events.RANK,
        "change_apart": p <= events.RANK or times >= WIDE,
    }


def set_apart(studies: dict[str, Study], lead: Study) -> list[Study]:
    """The studies, the leading one aside, whose step ranks apart from that of other importers."""
    return [
        study
        for study in studies.values()
        if study.measure != lead.measure and study.against_others in ("lower", "higher")
    ]


def mix_of_others(
    event_id: str, importer: str, exporter: str, material: str, window: int
) -> tuple[Synthetic | None, str]:
    """The synthetic control by tonnes, or None and the reason why there is none."""
    try:
        return events.against_partners(event_id, importer, exporter, material, window=window), ""
    except ValueError as error:
        return None, str(error)


def mix_table(mix: Synthetic) -> pd.DataFrame:
    """The importer and its mix by year: ``year`` (text), ``importer``, ``mix``."""
    table = pd.DataFrame({"importer": mix.treated, "mix": mix.control}).rename_axis("year")
    return table.reset_index().astype({"year": str})


def mix_summary(mix: Synthetic) -> dict:
    """The words and numbers of a synthetic control that sentences need."""
    gap = float((mix.gap / mix.control)[mix.treated.index >= mix.first_after].mean())
    large = mix.weights[mix.weights >= 0.05].sort_values(ascending=False)
    names = trade.economy_names()
    return {
        "mix_side": "below" if gap < 0 else "above",
        "mix_size": show_change(abs(gap), "tonnes")[1:],
        "mix_p": mix.p,
        "n_units": len(mix.ratios),
        "n_donors": len(mix.weights),
        "recipe": ", ".join(f"{names.get(c, c)} {w:.0%}" for c, w in large.items()),
    }
