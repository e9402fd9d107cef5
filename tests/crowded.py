"""The letters of the charts of a page: texts that overlap, or that the edge cuts."""


def crowded(page) -> list[str]:
    """Return the faults in the lettering of all static charts of a page that is open.

    Each chart is laid out once more at one point a pixel; the text stands in the SVG as a comment.
    """
    return page.evaluate(_CROWDED)


_CROWDED = """() => {
  const LEAST = 0.3;  // points; letters that touch by less are no fault
  const faults = [];
  const rounded = (box) => [box.left, box.top, box.right, box.bottom].map((x) => x.toFixed(1));
  for (const image of document.querySelectorAll("figure img")) {
    const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0));
    const place = document.createElement("div");
    place.style.cssText = "position: absolute; left: 0; top: 0";
    place.innerHTML = new TextDecoder().decode(bytes).replace(/^[^]*?<svg/, "<svg");
    document.body.append(place);
    const svg = place.firstElementChild, size = svg.viewBox.baseVal;
    Object.assign(svg.style, {width: `${size.width}px`, height: `${size.height}px`});
    const whole = svg.getBoundingClientRect(), texts = [];
    for (const group of svg.querySelectorAll('g[id^="text_"]')) {
      const signs = [...group.querySelectorAll("use")].map((sign) => sign.getBoundingClientRect());
      const inked = signs.filter((box) => box.width);
      if (!inked.length) continue;
      const said = document.createTreeWalker(group, NodeFilter.SHOW_COMMENT).nextNode();
      texts.push({
        said: said ? said.data.trim() : group.id,
        left: Math.min(...inked.map((box) => box.left)) - whole.left,
        top: Math.min(...inked.map((box) => box.top)) - whole.top,
        right: Math.max(...inked.map((box) => box.right)) - whole.left,
        bottom: Math.max(...inked.map((box) => box.bottom)) - whole.top,
      });
    }
    if (!texts.length) faults.push(`no text: ${image.alt}`);
    texts.forEach((one, i) => {
      const cut = Math.max(-one.left, -one.top, one.right - size.width, one.bottom - size.height);
      if (cut > LEAST) faults.push(`cut: ${one.said} ${rounded(one)}`);
      for (const other of texts.slice(i + 1)) {
        const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (wide > LEAST && high > LEAST) faults.push(`overlap: ${one.said} | ${other.said}`);
      }
    });
    place.remove();
  }
  return faults;
}"""
