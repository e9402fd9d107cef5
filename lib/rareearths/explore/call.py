"""The code that makes a chart, to be copied into a cell of a notebook."""

import json

from rareearths.explore.pull import Pull
from rareearths.explore.view import View, texts


def of_view(view: View) -> str:
    """Return Python that shows the chart of a view, step by step."""
    loads, plots, facts = (_share if view.chart == "share" else _suppliers)(view)
    event = f"view.plot_event(axes, {_quoted(view.event)})\n" if view.event else ""
    act = [f"act=view.act_in_text({_quoted(view.event)}),"] if view.event else []
    lines = [
        "axes,",
        *(f"{name}={_quoted(text)}," for name, text in texts(view).items()),
        f"data={plots[1]},",
        "goods=trade.goods_in_text(material),",
        "importer=trade.economy_in_text(importer),",
        *facts,
        *act,
    ]
    return (
        "from rareearths import figures, quality, trade\n"
        "from rareearths.explore import view\n\n"
        f"importer, material = {_quoted(view.importer)}, {_quoted(view.material)}\n"
        f"flows = trade.load_flows(importer, products=material, years={view.years})\n"
        "flows = quality.reliable(flows, importer, material)\n"
        f"data = {loads}\n"
        f"axes = {plots[0]}\n{event}"
        "figures.show(\n" + "".join(f"    {line}\n" for line in lines) + ")\n"
    )


def of_pull(pull: Pull) -> str:
    """Return Python that shows the chart of a pull of levers."""
    names = ("importer", "package", "group")
    given = [f"{name}={_quoted(getattr(pull, name))}," for name in names]
    moved = "".join(f"({_quoted(name)}, {value!r}), " for name, value in pull.moved)
    given += [f"moved=({moved.removesuffix(' ')}),"] if moved else []
    return (
        "from rareearths.explore import pull\n\n"
        "levers = pull.Pull(\n" + "".join(f"    {line}\n" for line in given) + ")\n"
        "pull.show(levers)\n"
    )


def _suppliers(view: View) -> tuple[str, tuple[str, str], list[str]]:
    return (
        f"trade.supplier_shares(flows, {_quoted(view.basis)})",
        ("figures.plot_supplier_shares(figures.canvas(), data)", "figures.newest_first(data)"),
        ["**view.largest_supplier(data),"],
    )


def _share(view: View) -> tuple[str, tuple[str, str], list[str]]:
    exporter = _quoted(view.exporter)
    return (
        f"trade.dependence(flows, {exporter})",
        ("figures.plot_share_lines(figures.canvas(), data)", "data.reset_index()"),
        [
            "hollow=figures.hollow_note(data),",
            f"**view.last_share(data, {exporter}, {_quoted(view.basis)}),",
        ],
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
