"""Show a figure with what a reader needs around it."""

import base64
import html
import io

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from rareearths import translation, words
from rareearths.figures import lettering, receipt, spec
from rareearths.figures.alt import describe
from rareearths.figures.interactive import chart_html
from rareearths.figures.look import STYLE, colour_rules, follow_reader
from rareearths.figures.table import folded

IN_LAB_PX = 592  # width in JupyterLab; a page's own style goes before it


def show(
    axes: Axes,
    *,
    title: str,
    subtitle: str,
    source: str,
    alt: str,
    data: pd.DataFrame,
    note: str = "",
    chart: dict | None = None,
    **values,
) -> None:
    """Show a figure with what a reader needs around it.

    The texts are templates, filled with ``values`` (see `words.fill`).

    Parameters
    ----------
    title : str
        What the figure shows, as a sentence.
    subtitle : str
        Measure and unit.
    source : str
        Where the data come from, with their last year.
    alt : str
        What is drawn, for those who cannot see it; what the data say is added, see `describe`.
    data : pandas.DataFrame
        The numbers behind the figure, folded under it and part of its receipt.
    note : str
        What to add to the source.
    chart : dict, optional
        An interactive version, see `spec.chart`, shown in place of the figure where scripts run;
        the figure stays for print and for readers without scripts.

    Raises
    ------
    ValueError
        One of the texts is empty.
    """
    texts = {"title": title, "subtitle": subtitle, "source": source, "alt": alt}
    for name, text in texts.items():
        if not text.strip():
            raise ValueError(f"a figure needs a text for {name}")
    texts["source"] += note
    texts = {name: words.fill(text, **values) for name, text in texts.items()}
    texts["alt"] = describe(texts["alt"], data)
    texts = {name: translation.said(text) for name, text in texts.items()}
    lettering.translate(axes.figure)
    safe = {name: html.escape(text) for name, text in texts.items()}
    interactive = "" if chart is None else chart_html(spec.translated(chart), texts["alt"])
    address = _data_address(axes.figure)
    receipt.display(
        f"<figure><h3>{safe['title']}</h3><p class='subtitle'>{safe['subtitle']}</p>"
        f"{interactive}<img width='{IN_LAB_PX}' alt='{safe['alt']}' src='{address}'>"
        f"<figcaption>{safe['source']}</figcaption></figure>{folded(data, texts['title'])}",
        texts["alt"],
        data,
        kind="figure",
        title=texts["title"],
        alt=texts["alt"],
    )


def layers(**parts: pd.DataFrame) -> pd.DataFrame:
    """Put the data of a figure that draws several things into one table.

    Returns
    -------
    pandas.DataFrame
        ``layer`` (name of the part), then the columns of the parts, missing where a part does not
        have them.

    Examples
    --------
    >>> lines, dots = pd.DataFrame({"year": [2024]}), pd.DataFrame({"share": [0.7]})
    >>> layers(computed=lines, published=dots)
           layer  year  share
    0   computed  2024    NaN
    1  published  <NA>    0.7
    """
    named = [_whole(part).assign(layer=name) for name, part in parts.items()]
    table = pd.concat(named, ignore_index=True)
    return table[["layer", *[name for name in table if name != "layer"]]]


def _whole(part: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers stay whole where another part leaves them missing."""
    return part.astype(dict.fromkeys(part.select_dtypes("integer"), "Int64"))


def _svg(figure: Figure) -> str:
    """Return the figure as SVG; its colours follow the reader's setting."""
    svg = follow_reader(_drawn(figure))
    end_of_tag = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:end_of_tag]}<style>{colour_rules(svg)}</style>{svg[end_of_tag:]}"


def _drawn(figure: Figure) -> str:
    """Return what ``savefig`` writes as SVG; it would draw the whole figure once more, unseen."""
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.set(facecolor=STYLE["savefig.facecolor"], dpi=72)  # an SVG counts in points
        canvas = FigureCanvasSVG(figure)
        if layout := figure.get_layout_engine():
            layout.execute(figure)
        figure.set_layout_engine("none")
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _data_address(figure: Figure) -> str:
    encoded = base64.b64encode(_svg(figure).encode()).decode()
    return f"data:image/svg+xml;base64,{encoded}"
