"""Weights of suppliers in the criticality indices: political stability, controls, membership."""

from collections.abc import Collection
from functools import cache

import numpy as np
import pandas as pd

from rareearths import assumptions, catalogue, policy, risk, trade

CONTROLS = ("export_tax", "export_quota", "export_ban", "export_licensing")


@cache
def parameters() -> pd.DataFrame:
    """The assumptions of the indices, see `assumptions.load`."""
    return assumptions.load("indices")


def restrictions(year: int) -> pd.DataFrame:
    """Export taxes, quotas, bans and licences in force at the end of a year.

    Returns
    -------
    pandas.DataFrame
        ``exporter``, ``material``, ``target`` (ISO3 or ``WLD``), ``event_id``; without controls on
        technology alone.
    """
    acts = policy.in_force(f"{year}-12-31")
    acts = acts[acts["instrument"].isin(CONTROLS) & (acts["direction"] == "restrictive")]
    acts = acts[[set(stages) != {"technology"} for stages in acts["stage"]]]
    rows = [
        (exporter, material, target, act.event_id)
        for act in acts.itertuples()
        for exporter in act.issuers
        for target in act.targets
        for material in trade.material_names()
        if _tokens()[material] & set(act.materials)
    ]
    return pd.DataFrame(rows, columns=["exporter", "material", "target", "event_id"])


class Weights:
    """Political instability and trade parameter of the suppliers, looked up for many rows."""

    def __init__(self, year: int, unrated: Collection[str], control, member):
        rows = catalogue.load("political_stability")
        known = rows[rows["year"] == year].set_index("economy")["normalised"]
        self.instability = known.drop(list(unrated), errors="ignore")
        central = parameters()["value"]
        self.control = central["control_weight"] if control is None else control
        self.member = central["member_weight"] if member is None else member
        self.union = _union()
        self.acts = _acts(year)

    def add(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add ``instability`` (0 best, 1 worst) and ``parameter`` to rows of suppliers."""
        rated = rows["exporter"].map(self.instability).astype(float)
        own = rows["exporter"] == rows["importer"]
        inside = rows["exporter"].isin(self.union) & rows["importer"].isin(self.union)
        held = [
            bool({(e, m, i), (e, m, "WLD"), (e, m, "EUU" if i in self.union else i)} & self.acts)
            for e, m, i in zip(rows["exporter"], rows["material"], rows["importer"], strict=True)
        ]
        parameter = np.where(own | inside, self.member, np.where(held, self.control, 1.0))
        rated = rated.fillna(risk.MISSING_STABILITY)
        return rows.assign(instability=rated, parameter=parameter)


@catalogue.remembered
def _union() -> set[str]:
    economies = catalogue.load("economies")
    return set(economies.loc[economies["eu27"], "economy"])


@cache
def _tokens() -> dict[str, set[str]]:
    return {material: policy.material_tokens(material) for material in trade.material_names()}


@cache
def _acts(year: int) -> frozenset:
    acts = restrictions(year)
    return frozenset(zip(acts["exporter"], acts["material"], acts["target"], strict=True))
