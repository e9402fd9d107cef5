"""Interactive charts and searchable tables that need no network: scripts stand in the page.

Without scripts, and in print, the static figure or the whole table is shown instead.
"""

import base64
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING

from rareearths.figures import bundle

if TYPE_CHECKING:
    import altair

_ONCE = "if (!window.vegaEmbed) { (() => {\n%s\n})(); }"  # however often a page has it
# Scripts only add to what is there: the chart takes the place of its static twin on screen.
_EMBED = """
(() => {
  const chart = document.getElementById("%(id)s");
  const options = {ast: true, actions: false, renderer: "svg", mode: "vega-lite"};
  const ink = getComputedStyle(chart.parentElement).color;
  options.config = {
    axis: {labelColor: ink, domainColor: ink, tickColor: ink, gridColor: ink, gridOpacity: 0.25},
    legend: {labelColor: ink},
    font: "system-ui, sans-serif",
  };
  chart.hidden = false;
  const draw = () => {
    // A notebook runs the script before the element has a place on the screen.
    if (!chart.clientWidth) { setTimeout(draw, 100); return; }
    vegaEmbed(chart, %(spec)s, options).then(() => {
      chart.parentElement.classList.add("has-chart");
    }).catch((error) => { chart.hidden = true; console.error(error); });
  };
  draw();
})();
"""
_TWIN = """
.chart { display: block; width: 100%; max-width: 46rem; overflow-x: auto; }
.chart[hidden] { display: none; }
@media screen { .has-chart > img { display: none; } }
@media print { .chart { display: none; } }
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
    count.textContent = hits.length + " of " + rows.length;
  };
  input.addEventListener("input", show);
  box.querySelector(".search").hidden = false;
  show();
})();
"""


def chart_html(chart: "altair.Chart") -> str:
    """Return an Altair chart as markup with its scripts, hidden until they have run."""
    spec = json.dumps(chart.to_dict(), ensure_ascii=False, sort_keys=True)
    identity = "chart-" + hashlib.sha256(spec.encode()).hexdigest()[:12]
    # "</script" and "<!--" mean something to a browser, whatever string of a script they stand in.
    embed = _EMBED % {"id": identity, "spec": spec.replace("<", "\\u003c")}
    return (
        f"<style>{_TWIN}</style><div class='chart' id='{identity}' hidden></div>"
        f"{_script(_ONCE % bundle.script())}{_script(embed)}"
    )


def searchable_html(table: str, label: str) -> str:
    """Return a table with a field that hides the rows without the words typed into it."""
    identity = "search-" + hashlib.sha256(table.encode()).hexdigest()[:12]
    return (
        f"<div id='{identity}' class='searchable'><p class='search' hidden>"
        f"<label>{html.escape(label)} <input type='search'></label> <output></output></p>{table}"
        f"{_script(_SEARCH % {'id': identity})}</div>"
    )


def own_scripts(markup: str) -> list[str]:
    """Return the sha256 (base64) of the scripts in a markup that this module made, no others."""
    found = (_digest(script) for script in re.findall(r"<script>(.*?)</script>", markup, re.DOTALL))
    return [digest for digest in found if digest in _made]


_made: set[str] = set()


def _script(code: str) -> str:
    _made.add(_digest(code))
    return f"<script>{code}</script>"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
