"""Widgets around a chart: a choice redraws it, its call and its report entry stand below."""

import html
from collections.abc import Callable

import ipywidgets as widgets
from IPython.utils.capture import capture_output

from rareearths import catalogue, trade
from rareearths.explore import call, entry, pull, view
from rareearths.explore.pull import Pull
from rareearths.explore.view import View
from rareearths.reports import NothingToReport
from rareearths.scenarios import packages, party

_NONE = "none"
_WIDE = widgets.Layout(width="22rem", max_width="99%")
_LOOK = """<style>
.explored figure { margin: 0 }  /* else as an output; room on a phone */
@media (max-width: 40rem) {  /* a label beside its slider would leave no room for it */
  .lever.widget-hslider { flex-wrap: wrap; height: auto }
  .lever.widget-hslider > .widget-label { width: 100% !important; text-align: left }
}
</style>"""
_STYLE = {"description_width": "6.5rem"}


def trade_panel(start: View | None = None) -> widgets.Widget:
    """Return the explorer of trade: who supplies what to whom.

    Parameters
    ----------
    start : View, optional
        What is shown first.
    """
    start = start or View()
    catalogue.preload()  # the first chart of another importer is then as quick as the next ones
    controls = _trade_controls(start)

    def chosen() -> View:
        found = {name: control.value for name, control in controls.items() if name != "years"}
        first, last = controls["years"].value
        return View(**found, start_year=first, end_year=last)

    def offer_events(changed: widgets.Widget) -> None:
        if changed in (controls["exporter"], controls["material"]):
            acts = view.events_for(controls["exporter"].value, controls["material"].value)
            kept = controls["event"].value
            controls["event"].options = [(_NONE, view.NO_EVENT), *((t, e) for e, t in acts.items())]
            controls["event"].value = kept if kept in acts else view.NO_EVENT

    offer_events(controls["exporter"])
    if start.event in dict(controls["event"].options).values():
        controls["event"].value = start.event
    return _panel(controls, chosen, view.show, (call.of_view, entry.of_view), offer_events)


def lever_panel() -> widgets.Widget:
    """Return the explorer of levers: what then has to come from the supplier."""
    choices, sliders = _lever_choices(), _lever_sliders()

    def chosen() -> Pull:
        given = {name: control.value for name, control in choices.items()}
        normal = pull.set_by(given["package"])
        held = {name: round(slider.value, 4) for name, slider in sliders.items()}
        moved = tuple((name, value) for name, value in held.items() if value != normal[name])
        return Pull(**given, moved=moved)

    def set_sliders(changed: widgets.Widget) -> None:
        if changed is choices["package"]:
            for name, value in pull.set_by(changed.value).items():
                sliders[name].value = value

    set_sliders(choices["package"])
    controls = choices | sliders
    return _panel(controls, chosen, pull.show, (call.of_pull, entry.of_pull), set_sliders)


def _trade_controls(start: View) -> dict[str, widgets.Widget]:
    economies = sorted((name, code) for code, name in trade.economy_names().items())
    materials = sorted((name, code) for code, name in trade.material_names().items())
    first, last = trade.year_range()
    return {
        "importer": _dropdown("Importer", economies, start.importer),
        "exporter": _dropdown("Exporter", economies, start.exporter),
        "material": _dropdown("Material", materials, start.material),
        "event": _dropdown("Event", [(_NONE, view.NO_EVENT)], view.NO_EVENT),
        "years": widgets.IntRangeSlider(
            description="Years", value=start.years, min=first, max=last,
            continuous_update=False, layout=_WIDE, style=_STYLE,
        ),
        "basis": _dropdown("Basis", list(trade.BASES), start.basis),
        "chart": _dropdown("Chart", [(t, n) for n, t in view.CHARTS.items()], start.chart),
    }  # fmt: skip


def _lever_choices() -> dict[str, widgets.Widget]:
    start = Pull()
    areas = [(party.name_of(code), code) for code in party.known_areas()]
    named = [(name, code) for code, name in packages.package_names().items()]
    groups = [(name, code) for code, name in party.GROUPS.items()]
    return {
        "importer": _dropdown("Importer", areas, start.importer),
        "package": _dropdown("Package", named, start.package),
        "group": _dropdown("Elements", groups, start.group),
    }


def _lever_sliders() -> dict[str, widgets.Widget]:
    sliders = {
        name: widgets.FloatSlider(
            description=lever.label, min=0, max=lever.most, step=0.01, readout_format=".0%",
            continuous_update=False, layout=widgets.Layout(width="37rem", max_width="99%"),
            style={"description_width": "24.5rem"},
        )
        for name, lever in packages.levers().items()
    }  # fmt: skip
    for slider in sliders.values():
        slider.add_class("lever")
    return sliders


def _dropdown(label: str, options: list, value: str) -> widgets.Dropdown:
    return widgets.Dropdown(
        description=label, options=options, value=value, layout=_WIDE, style=_STYLE
    )


def _panel(
    controls: dict[str, widgets.Widget],
    chosen: Callable,
    show: Callable,
    writers: tuple[Callable, Callable],
    follow: Callable,
) -> widgets.Widget:
    """Put the controls above a chart that they redraw, and the texts on it below.

    ``follow`` sets the controls that depend on the one that was changed.
    """
    picture, texts = widgets.HTML(), [widgets.HTML() for _ in writers]
    following = []

    def redraw(change: dict | None = None) -> None:
        if following:  # one chart for all that is set, not one for each
            return
        if change:
            following.append(True)
            follow(change["owner"])
            following.clear()
        choice = chosen()
        picture.value = _shown(show, choice)
        for text, write in zip(texts, writers, strict=True):
            text.value = _copyable(write(choice))

    for control in controls.values():
        control.observe(redraw, names="value")
    redraw()
    flow = widgets.Layout(display="flex", flex_flow="row wrap")
    below = widgets.Tab(texts, titles=("The call", "Report entry"))
    return widgets.VBox([widgets.Box(list(controls.values()), layout=flow), picture, below])


def _shown(show: Callable, choice) -> str:
    """Return a chart as HTML, or a sentence that says why there is none.

    The picture goes to the browser as one value; a widget of outputs would send it twice.
    """
    try:
        with capture_output(stdout=False, stderr=False) as captured:
            show(choice)
    except (NothingToReport, ValueError) as nothing:
        return f"<p>{html.escape(str(nothing))}</p>"
    markup = "".join(shown.data["text/html"] for shown in captured.outputs)
    return f"{_LOOK}<div class='explored jp-RenderedHTMLCommon'>{markup}</div>"


def _copyable(text: str) -> str:
    """One click selects all of it."""
    style = "user-select: all; font-family: monospace; line-height: 1.35; "
    style += "white-space: pre; overflow-x: auto"
    return f"<pre style='{style}'>{html.escape(text)}</pre>"
