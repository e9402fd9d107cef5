// Search, filters and comparison of the index. The page is whole without them; what a reader has
// chosen stands in the fragment of the address, so that it can be linked.
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const element = (name) => document.createElement(name);
  const named = (id) => document.getElementById(id);
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const KINDS = ["importer", "material", "question"];
  const kept = {}; // how each control is named in the address
  let compared = false;

  const cards = all(".card").map((card) => ({
    card,
    text: plain(card.textContent),
    has: (kind, value) =>
      [card, ...all(`[data-${kind}]`, card)].some((place) => place.dataset[kind] === value),
  }));

  const filter = () => {
    const words = plain(named("words").value).split(/\s+/).filter(Boolean);
    const wanted = KINDS.map((kind) => [kind, named(kind).value]).filter(([, value]) => value);
    let hits = 0;
    for (const { card, text, has } of cards) {
      const fits = words.every((word) => text.includes(word));
      card.hidden = !(fits && wanted.every(([kind, value]) => has(kind, value)));
      hits += !card.hidden;
    }
    document.querySelector("[role=search] output").textContent = `${hits} of ${cards.length}`;
    named("clear").disabled = !words.length && !wanted.length;
  };

  // Comparison: the numbers stand in the tables of the page.

  const table = () =>
    all(".numbers").find((place) => place.dataset.notebook === named("table").value);

  const offerNumbers = () => {
    const heads = all("th[data-number]", table());
    named("number").replaceChildren(
      ...heads.map((head) => new Option(head.textContent, head.dataset.number)),
    );
  };

  const rowsOf = (number) => {
    const column = all("thead th", table()).findIndex((head) => head.dataset.number === number);
    const rows = all("tbody tr", table()).map((row) => ({
      link: row.querySelector("a"),
      shown: row.cells[column].textContent,
      value: Number(row.cells[column].dataset.value ?? NaN),
    }));
    return rows.filter((row) => !Number.isNaN(row.value)).sort((a, b) => b.value - a.value);
  };

  const measure = (value, shown, low, high) => {
    const [box, track, fill, text] = ["div", "span", "span", "span"].map(element);
    const part = (number) => (100 * (number - low)) / (high - low);
    track.className = "track";
    fill.style.left = `${part(Math.min(value, 0))}%`;
    fill.style.width = `${part(Math.max(value, 0)) - part(Math.min(value, 0))}%`;
    track.setAttribute("aria-hidden", "true");
    track.append(fill);
    text.textContent = shown;
    box.className = "measure";
    box.append(track, text);
    return box;
  };

  const compare = () => {
    const found = rowsOf(named("number").value);
    const values = found.map((row) => row.value);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const made = found.map(({ link, shown, value }) => {
      const [row, head, cell] = ["tr", "th", "td"].map(element);
      head.scope = "row";
      head.className = "text";
      head.append(link.cloneNode(true));
      cell.append(measure(value, shown, low, high));
      row.append(head, cell);
      return row;
    });
    document.querySelector(".bars tbody").replaceChildren(...made);
    const reports = all("tbody tr", table()).length;
    const without = reports - found.length;
    const said = without ? `, ${without} without this number` : "";
    document.querySelector(".comparison output").textContent =
      `${found.length} of ${reports} reports, highest first${said}`;
  };

  // The address

  const write = () => {
    const said = new URLSearchParams();
    for (const [name, control] of Object.entries(kept)) {
      const isShown = compared || !control.closest(".comparison");
      if (control.value && isShown) said.set(name, control.value);
    }
    const fragment = said.toString();
    const { pathname, search } = location;
    history.replaceState(null, "", fragment ? `#${fragment}` : pathname + search);
  };

  const take = (control, value) => {
    control.value = value ?? "";
    if (control.selectedIndex === -1) control.selectedIndex = 0;
  };

  const read = () => {
    if (named(location.hash.slice(1))) return; // a place on the page
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const name of ["words", ...KINDS]) take(named(name), wanted.get(name));
    filter();
    if (kept.number) {
      compared = wanted.has("table");
      take(named("table"), wanted.get("table"));
      offerNumbers();
      take(named("number"), wanted.get("number"));
      compare();
    }
    if (["words", ...KINDS].some((name) => named(name).value)) named("reports").scrollIntoView();
    else if (compared) named("compare").scrollIntoView();
  };

  for (const name of ["words", ...KINDS]) {
    kept[name] = named(name);
    named(name).addEventListener("input", () => {
      filter();
      write();
    });
  }
  named("clear").addEventListener("click", () => {
    for (const name of ["words", ...KINDS]) take(named(name), "");
    filter();
    write();
    named("words").focus();
  });
  for (const name of ["table", "number"]) {
    if (!named(name)) continue;
    kept[name] = named(name);
    named(name).addEventListener("input", () => {
      compared = true;
      if (name === "table") offerNumbers();
      compare();
      write();
    });
  }
  for (const place of all(".find[hidden], .comparison[hidden]")) place.hidden = false;
  window.addEventListener("hashchange", read);
  read();
})();
