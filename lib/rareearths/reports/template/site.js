// Search, filters and comparison of the index. The page is whole without them; what a reader has
// chosen stands in the fragment of the address, so that it can be linked.
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const element = (name) => document.createElement(name);
  const named = (id) => document.getElementById(id);
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  // Sentences stand in the page, in its language; here their numbers are put in.
  const put = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const KINDS = ["importer", "material", "question"];
  const kept = {}; // how each control is named in the address
  const chosen = { table: "", number: "" }; // to compare; nothing until a reader or a link says so

  const cards = all(".card").map((card) => ({
    card,
    link: card.querySelector("h3 a")?.getAttribute("href"),
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
    const count = document.querySelector("[role=search] output");
    count.textContent = put(count.dataset.text, { hits, all: cards.length });
    named("clear").disabled = !words.length && !wanted.length;
    filterTables();
    if (named("table")) compare();
  };

  const filterTables = () => {
    const left = new Set(cards.filter(({ card }) => !card.hidden).map(({ link }) => link));
    for (const place of all(".numbers")) {
      const rows = all("tbody tr", place);
      for (const row of rows) row.hidden = !left.has(row.querySelector("a").getAttribute("href"));
      place.hidden = rows.every((row) => row.hidden);
    }
  };

  // Comparison: the numbers stand in the tables of the page.

  const tables = new Map(all(".numbers").map((place) => [place.dataset.notebook, place]));
  const table = () => tables.get(named("table").value);

  // What a reader chose stays chosen while filters leave it out, and comes back after them.
  const offer = (control, options) => {
    control.replaceChildren(...options);
    take(control, chosen[control.id]);
  };

  const offerTables = () => {
    const left = [...tables].filter(([, place]) => !place.hidden);
    offer(
      named("table"),
      (left.length ? left : [...tables]).map(
        ([name, place]) => new Option(place.querySelector("summary").textContent, name),
      ),
    );
  };

  const offerNumbers = () => {
    const heads = all("th[data-number]", table());
    offer(
      named("number"),
      heads.map((head) => new Option(head.textContent, head.dataset.number)),
    );
  };

  const rowsOf = (number) => {
    const column = all("thead th", table()).findIndex((head) => head.dataset.number === number);
    const rows = all("tbody tr:not([hidden])", table()).map((row) => ({
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
    offerTables();
    offerNumbers();
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
    document.querySelector(".comparison output").textContent = counted(found.length);
  };

  const counted = (found) => {
    const reports = all("tbody tr", table()).length;
    const fitting = all("tbody tr:not([hidden])", table()).length;
    const { none, text, without, others } = document.querySelector(".comparison output").dataset;
    if (!fitting) return none;
    const lacking = fitting - found ? put(without, { n: fitting - found }) : "";
    const hidden = reports - fitting ? put(others, { n: reports - fitting }) : "";
    return put(text, { found, all: reports }) + lacking + hidden;
  };

  // The address

  const write = () => {
    const said = new URLSearchParams();
    for (const [name, control] of Object.entries(kept)) {
      if (control.value) said.set(name, control.value);
    }
    for (const [name, value] of Object.entries(chosen)) {
      if (value) said.set(name, value);
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
    for (const name in chosen) chosen[name] = wanted.get(name) ?? "";
    filter();
    const isFiltered = ["words", ...KINDS].some((name) => named(name).value);
    if (chosen.table) named("compare")?.scrollIntoView();
    else if (isFiltered) named("reports").scrollIntoView();
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
  for (const name in chosen) {
    named(name)?.addEventListener("input", () => {
      if (name === "table") chosen.number = "";
      chosen[name] = named(name).value;
      compare();
      chosen.table = named("table").value;
      chosen.number = named("number").value;
      write();
    });
  }
  for (const place of all(".find[hidden], .comparison[hidden]")) place.hidden = false;
  window.addEventListener("hashchange", read);
  read();
})();
