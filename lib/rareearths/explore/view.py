"""A view of trade: what is looked at, its data and its chart."""

from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes

from rareearths import catalogue, figures, policy, quality, trade
from rareearths.figures.look import INK
from rareearths.reports import NothingToReport, fill
from rareearths.words import choose

CHARTS = {"suppliers": "All suppliers", "share": "Share of the exporter"}
SOURCE = "Source: CEPII BACI (HS 1992)"
NO_EVENT = ""


@dataclass(frozen=True)
class View:
    """What is looked at.

    Attributes
    ----------
    importer, exporter : str
        ISO3 codes.
    material : str
        A material of ``reference/materials.csv``.
    start_year, end_year : int
    basis : {"value", "tonnes"}
    event : str
        An event of ``policy_events`` whose date is marked, or `NO_EVENT`.
    chart : str
        One of `CHARTS`.

    Raises
    ------
    UnknownCode, ValueError
        A choice that the data do not have; the message says which ones there are.
    """

    importer: str = "JPN"
    exporter: str = "CHN"
    material: str = "rare_earths"
    start_year: int = field(default_factory=lambda: trade.year_range()[0])
    end_year: int = field(default_factory=lambda: trade.year_range()[1])
    basis: str = "tonnes"
    event: str = NO_EVENT
    chart: str = "suppliers"

    def __post_init__(self):
        trade.check_economy(self.importer)
        trade.check_economy(self.exporter)
        trade.check_material(self.material)
        trade.check_years(self.years)
        trade.check_basis(self.basis)
        if self.event:
            policy.load_event(self.event)
        if self.chart not in CHARTS:
            raise ValueError(f"chart {self.chart!r} is not one of {', '.join(CHARTS)}")

    @property
    def years(self) -> tuple[int, int]:
        return self.start_year, self.end_year


def events_for(exporter: str, material: str) -> dict[str, str]:
    """Return the exporter's acts on a material, oldest first: event_id to date and summary."""
    if exporter not in policy.issuers():
        return {}
    acts = policy.load_events(issuers=[exporter], materials=[material])
    return {
        act.event_id: f"{act.date} {act.instrument.replace('_', ' ')}: {act.summary}"
        for act in acts.itertuples()
    }


@catalogue.remembered
def load(view: View) -> pd.DataFrame:
    """Return the data of the chart.

    Returns
    -------
    pandas.DataFrame
        See `trade.supplier_shares` for the chart ``suppliers``, `trade.dependence` for ``share``.

    Raises
    ------
    NothingToReport
        There is nothing to draw; the message says why.
    """
    flows = trade.load_flows(view.importer, products=view.material, years=view.years)
    usable = quality.reliable(flows, view.importer, view.material)
    if view.chart == "share":
        data = trade.dependence(usable, view.exporter) if len(usable) else usable
        known = len(usable) and data[f"share_{view.basis}"].notna().any()
    else:
        data = trade.supplier_shares(usable, view.basis)
        known = len(data)
    if not known:
        raise NothingToReport(_why_empty(view, flows, usable))
    return data


def draw(view: View, data: pd.DataFrame) -> Axes:
    """Draw the data of a view, and the date of its event."""
    axes = figures.canvas()
    if view.chart == "share":
        figures.plot_share_lines(axes, data)
    else:
        figures.plot_supplier_shares(axes, data)
    return plot_event(axes, view.event) if view.event else axes


def show(view: View) -> None:
    """Show the chart of a view with title, source and data; see `load` for errors."""
    data = load(view)
    figures.show(draw(view, data), data=table(view, data), **texts(view), **values(view, data))


def table(view: View, data: pd.DataFrame) -> pd.DataFrame:
    """Return the data of a chart as they are shown under it."""
    return data.reset_index() if view.chart == "share" else figures.newest_first(data)


def texts(view: View) -> dict[str, str]:
    """Return the templates of a chart's texts; `values` fills them."""
    marked = {"note": "; dotted: {act}"} if view.event else {}
    if view.chart == "share":
        return {
            "title": f"{{supplier}} had {{share:pct0}} by {view.basis} in {{year}}",
            "subtitle": "Share in imports of {goods} by {importer}{hollow}",
            "alt": "Two lines by year: the share by value and the share by tonnes.",
            "source": SOURCE,
        } | marked
    return {
        "title": f"{{supplier}} had {{share:pct0}} by {view.basis} in {{year}}",
        "subtitle": f"Suppliers of {{goods}} to {{importer}}, share by {view.basis}",
        "alt": "The shares of the suppliers, stacked, by year.",
        "source": SOURCE,
    } | marked


def values(view: View, data: pd.DataFrame) -> dict:
    """Return what the texts of a chart name."""
    found = {
        "goods": trade.goods_in_text(view.material),
        "importer": trade.economy_in_text(view.importer),
    }
    if view.event:
        found["act"] = act_in_text(view.event)
    if view.chart == "share":
        hollow = figures.hollow_note(data)
        return found | last_share(data, view.exporter, view.basis) | {"hollow": hollow}
    return found | largest_supplier(data)


def largest_supplier(shares: pd.DataFrame) -> dict:
    """Return ``year``, the last one, its largest ``supplier`` (as it begins a sentence), ``share``.

    Parameters
    ----------
    shares : pandas.DataFrame
        See `trade.supplier_shares`.
    """
    of_year = shares[shares["year"] == shares["year"].max()]
    first = of_year.loc[of_year["share"].idxmax()]
    name = trade.economy_at_start(first["exporter"])
    return {"year": int(first["year"]), "supplier": name, "share": float(first["share"])}


def last_share(dependence: pd.DataFrame, exporter: str, basis: str) -> dict:
    """Return ``year``, the last one whose share is known, ``supplier``, ``share``.

    Parameters
    ----------
    dependence : pandas.DataFrame
        See `trade.dependence`.
    """
    known = dependence[f"share_{basis}"].dropna()
    name = trade.economy_at_start(exporter)
    return {"year": int(known.index[-1]), "supplier": name, "share": float(known.iloc[-1])}


def plot_event(axes: Axes, event: str) -> Axes:
    """Draw the date of an event as a dotted upright line, where the years of the chart reach it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With years on its x-axis, drawn already.
    event : str
        An event of ``policy_events``.
    """
    act = policy.load_event(event)
    first, last = axes.get_xlim()
    position = act["from_day"].year + (act["from_day"].day_of_year - 1) / 365.25
    if first <= position < last + 1:
        place = min(position, last)
        axes.axvline(place, color=INK, lw=1.2, linestyle=(0, (1, 1.5)))
        axes.text(
            place, 1.015, act["date"],
            color=INK, fontsize=8, ha="center", va="bottom", transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    return axes


def act_in_text(event: str) -> str:
    """Return date and summary of an event, for the line under a chart."""
    act = policy.load_event(event)
    return f"{act['date']}, {act['summary']}"


def _why_empty(view: View, flows: pd.DataFrame, usable: pd.DataFrame) -> str:
    return choose(
        (
            flows.empty,
            fill(
                "The data show no imports of {material} by {importer} from {start} to {end}. "
                "Choose other years, another material or another importer.",
                material=trade.material_in_text(view.material),
                importer=trade.economy_in_text(view.importer),
                start=view.start_year,
                end=view.end_year,
            ),
        ),
        (usable.empty, "No figures of these years can be relied on. Choose other years."),
        (True, "No weights are known for these imports. Choose the basis value."),
    )
