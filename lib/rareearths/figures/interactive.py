"""Interactive charts and searchable tables that need no network: scripts stand in the page.

Without scripts, and in print, the static figure or the whole table is shown instead.
"""

import base64
import hashlib
import html
import json
import re

from rareearths import translation
from rareearths.figures import bundle
from rareearths.figures.look import INK, MUTED, PAPER, colour_rules, follow_reader

KEYS = "Arrow keys move from mark to mark."
# However often a page has it: it unpacks the library, which the page allows by its own hash.
# Keys do what a pointer does: Vega sees it move from mark to mark.
_ONCE = """if (!window.chartLibrary) {
  const packed = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  window.chartLibrary = new Response(plain).text().then((code) => {
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
  });
  const item = (element) => [element.__data__].flat()[0];
  const says = (mark) => Object.entries(item(mark).tooltip)
    .map(([name, value]) => name + ": " + value).join("; ");
  const marks = (chart) => {  // of several that say the same, the first
    const all = [...chart.querySelectorAll("svg path, svg line")].filter((e) => item(e)?.tooltip);
    return [...new Map(all.reverse().map((mark) => [says(mark), mark])).values()].reverse();
  };
  const centre = (mark) => {
    const box = mark.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const beside = (all, mark, way) => {  // the nearest above (-1) or below (1), straight or not
    const [x, y] = centre(mark), width = mark.getBoundingClientRect().width;
    const far = (other) => {
      const [u, v] = centre(other), up = way * (v - y), aside = Math.abs(u - x);
      return up < 1 ? Infinity : up + (aside < width / 2 ? 0 : 1e4 + 3 * aside);
    };
    const nearest = all.reduce((best, other) => far(other) < far(best) ? other : best);
    return far(nearest) < Infinity ? nearest : mark;
  };
  const point = (mark, type) => {
    const [clientX, clientY] = centre(mark);
    mark.dispatchEvent(new PointerEvent(type, {bubbles: true, clientX, clientY}));
  };
  const moves = {
    ArrowRight: (all, mark) => all[(all.indexOf(mark) + 1) %% all.length],
    ArrowLeft: (all, mark) => all.at(mark ? all.indexOf(mark) - 1 : -1),
    ArrowDown: (all, mark) => mark ? beside(all, mark, 1) : all[0],
    ArrowUp: (all, mark) => mark ? beside(all, mark, -1) : all[0],
    Home: (all) => all[0],
    End: (all) => all.at(-1),
    Escape: () => null,
  };
  let at = null;
  const go = (mark) => {
    if (at) ["pointerout", "mouseout"].forEach((type) => point(at, type));
    at = mark;
    if (at) ["pointerover", "pointermove"].forEach((type) => point(at, type));
  };
  document.addEventListener("keydown", (event) => {
    const chart = event.target, move = moves[event.key], all = [];
    if (chart.matches(".chart") && move) all.push(...marks(chart));
    if (!all.length) return;
    event.preventDefault();
    go(move(all, all.includes(at) ? at : null));
    chart.nextElementSibling.firstChild.textContent = at ? says(at) : "";
  });
  document.addEventListener("focusout", () => go(null));
}"""
# Scripts only add to what is there: the chart takes the place of its static twin on screen.
_EMBED = """
(async () => {
  const chart = document.getElementById("%(id)s");
  const options = {ast: true, actions: false, renderer: "svg", mode: "vega-lite"};
  try {
    await window.chartLibrary;
    chart.hidden = false;
    // A notebook runs the script before the element has a place on the screen.
    while (!chart.clientWidth) await new Promise((done) => setTimeout(done, 100));
    await vegaEmbed(chart, %(spec)s, options);
    chart.parentElement.classList.add("has-chart");
  } catch (error) {
    chart.hidden = true;
    console.error(error);
  }
})();
"""
_STYLE = f"""
.chart {{ display: block; width: 100%; max-width: 46rem; overflow: hidden; }}
.chart, div#vg-tooltip-element {{ color: {INK}; background: {PAPER}; }}
.chart[hidden], .chart + .keys {{ display: none; }}
.chart svg {{ width: 100%; height: auto; }}
.chart .mark-text {{ pointer-events: none; }}
.chart .vega-bind {{ display: block; margin: .3rem 0; font-size: .85rem; }}
.chart .vega-bind-name {{ margin-right: .6rem; }}
.chart select {{ font: inherit; color: inherit; background: {PAPER}; border: 1px solid {MUTED}; }}
.chart:focus-visible + .keys {{ display: block; font-size: .85rem; color: {MUTED}; }}
.keys output:not(:empty) + span {{ display: none; }}
div#vg-tooltip-element {{ max-width: 20rem; border-color: {MUTED}; }}
div#vg-tooltip-element table {{ margin: 0; }}
div#vg-tooltip-element table tr td {{ border: 0; white-space: normal; max-width: 14rem; }}
div#vg-tooltip-element table tr td.key {{ color: {MUTED}; }}
@media (max-width: 30rem) {{ div#vg-tooltip-element {{ left: 4vw !important; max-width: 92vw; }} }}
@media screen {{ .has-chart > img {{ display: none; }} }}
@media print {{ .chart, .chart + .keys {{ display: none; }} }}
"""
_SEARCH = """
(() => {
  const box = document.getElementById("%(id)s");
  const input = box.querySelector("input");
  const rows = [...box.querySelectorAll("tbody tr")];
  const count = box.querySelector("output");
  const show = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const hits = rows.filter((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      return !row.hidden;
    });
    const said = count.dataset.text.replace("{hits}", hits.length);
    count.textContent = said.replace("{all}", rows.length);
  };
  input.addEventListener("input", show);
  box.querySelector(".search").hidden = false;
  show();
})();
"""


def chart_html(chart: dict, description: str) -> str:
    """Return a chart as markup with its scripts, hidden until they have run.

    Arrow keys move from mark to mark as a pointer does, and what the tooltip says is read out.

    Parameters
    ----------
    chart : dict
        A Vega-Lite specification, see `spec.chart`.
    description : str
        What is drawn, for those who cannot see it.
    """
    spec = json.dumps(chart | {"description": description}, ensure_ascii=False, allow_nan=False)
    identity = "chart-" + hashlib.sha256(spec.encode()).hexdigest()[:12]
    # "</script" and "<!--" mean something to a browser, whatever string of a script they stand in.
    safe = follow_reader(spec).replace("<", "\\u003c")
    style = follow_reader(_STYLE)
    keys, embed = f"{identity}-keys", _EMBED % {"id": identity, "spec": safe}
    return (
        f"<style>{colour_rules(safe + style)}{style}</style>"
        f"<div class='chart' id='{identity}' tabindex='0' aria-describedby='{keys}' hidden></div>"
        f"<p class='keys' id='{keys}'><output></output><span>{translation.said(KEYS)}</span></p>"
        f"{_script(_ONCE % bundle.packed(), runs=bundle.script())}{_script(embed)}"
    )


def searchable_html(table: str, label: str) -> str:
    """Return a table with a field that hides the rows without the words typed into it."""
    identity = "search-" + hashlib.sha256(table.encode()).hexdigest()[:12]
    return (
        f"<div id='{identity}' class='searchable'><p class='search' hidden>"
        f"<label>{html.escape(label)} <input type='search'></label>"
        f" <output data-text='{translation.said('{hits} of {all}')}'></output></p>{table}"
        f"{_script(_SEARCH % {'id': identity})}</div>"
    )


def own_scripts(markup: str) -> list[str]:
    """Return the sha256 (base64) of the scripts in a markup that this module made, no others.

    Those that they unpack and run are among them.
    """
    found = (_digest(script) for script in re.findall(r"<script>(.*?)</script>", markup, re.DOTALL))
    return [digest for script in found for digest in _made.get(script, ())]


_made: dict[str, list[str]] = {}  # by digest: those of all that run


def _script(code: str, *, runs: str = "") -> str:
    _made[_digest(code)] = [_digest(script) for script in (code, runs) if script]
    return f"<script>{code}</script>"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
