"use strict";
// Sorts, searches and filters the tables. The page is whole without it.
(() => {
  const MOST_OPENED = 1000; // rows that a search unfolds
  const MANY = new Intl.NumberFormat(document.documentElement.lang);
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const fold = (text) => text.toLocaleLowerCase().replaceAll("ё", "е");
  const sections = [...document.querySelectorAll("details.rows")].map((details) => ({
    details, kind: details.dataset.kind, count: details.querySelector(".count"), rows: null, open: details.open,
  }));

  const without = (cell, name) =>
    [...cell.childNodes].filter((node) => node.nodeName !== name).map((node) => node.textContent).join("");
  const words = (row) => {
    const cells = [...row.cells];
    if (!row.querySelector("ins, del")) return fold(cells.map((cell) => cell.textContent).join("\n"));
    return fold(cells.map((cell) => `${without(cell, "INS")}\n${without(cell, "DEL")}`).join("\n"));
  };
  const rowsOf = (section) =>
    (section.rows ??= [...section.details.querySelectorAll("tbody > tr")].map((row) => ({ row, text: words(row) })));

  const tools = document.getElementById("tools");
  if (tools) {
    const field = (id) => document.getElementById(id);
    const [text, place, kind, told] = ["text", "place", "kind", "told"].map(field);
    const wanted = () => {
      const typed = text.value.trim();
      if (!/^\+?[\d\s().-]+$/.test(typed)) return fold(typed).split(/\s+/).filter(Boolean);
      const digits = typed.replace(/\D/g, ""); // a number in any spelling; of 8 and 7 before a Russian one either
      return digits ? [digits.length === 11 && /^[78]/.test(digits) ? digits.slice(1) : digits] : [];
    };
    const filter = () => {
      const parts = wanted();
      const where = place ? place.value : "";
      const only = kind ? kind.value : "";
      const idle = !parts.length && !where;
      let all = 0, shown = 0;
      for (const section of sections) {
        const rows = rowsOf(section);
        let hits = 0;
        for (const { row, text } of rows) {
          const here = !where || row.dataset.p === undefined || row.dataset.p.split(" ").includes(where);
          row.hidden = !(here && parts.every((part) => text.includes(part)));
          if (!row.hidden) hits += 1;
        }
        section.details.hidden = (only !== "" && only !== section.kind) || (!hits && !idle);
        section.details.open = idle ? section.open : hits <= MOST_OPENED;
        section.count.textContent = MANY.format(hits);
        all += rows.length;
        if (!section.details.hidden) shown += hits;
      }
      told.textContent = idle && !only ? "" : `${MANY.format(shown)} / ${MANY.format(all)}`;
    };
    let waiting = 0;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); };
    text.addEventListener("input", soon);
    for (const chosen of [place, kind]) if (chosen) chosen.addEventListener("change", filter);
    tools.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
    for (const section of sections)
      section.details.querySelector("summary").addEventListener("click", () => { section.open = !section.details.open; });
    tools.hidden = false;
  }

  for (const table of document.querySelectorAll("details.rows table")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, at, heads) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const back = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", back ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => [row, row.cells[at].textContent]);
        rows.sort((a, b) => order.compare(a[1], b[1]) * (back ? -1 : 1));
        const sorted = document.createDocumentFragment();
        for (const [row] of rows) sorted.append(row);
        body.append(sorted);
      });
    });
  }

  const unfold = () => {
    const place = document.getElementById(location.hash.slice(1));
    const details = place && place.closest("details.rows");
    if (details) details.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
