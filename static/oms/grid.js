/* The entry grid: lines are <tbody data-line>, made from <template data-line-template> with __n__ for the number.
   Cells that can be pasted have data-column="product|quantity|…". The last field of the last line adds a line on Tab;
   paste from a spreadsheet fills rows from the cell it is pasted into; a change sends "hint" to its line, on which
   htmx asks the server (hx-trigger="hint delay:…"); Ctrl+. sends "substitutes"; Ctrl+Delete empties a line.
   Removing a line keeps its number: the server skips lines without a product. */
(() => {
  "use strict";

  const grids = () => document.querySelectorAll("table[data-grid]");
  const lines = (grid) => [...grid.querySelectorAll("tbody[data-line]")];
  const cells = (line) => [...line.querySelectorAll("[data-column]")].filter((el) => !el.disabled);
  const isEmpty = (line) => cells(line).every((el) => !el.value || el.value === el.dataset.initial);
  const tell = (el, name) => el.dispatchEvent(new CustomEvent(name, { bubbles: true }));

  function add(grid) {
    const template = grid.querySelector("template[data-line-template]");
    const number = lines(grid).reduce((most, line) => Math.max(most, Number(line.dataset.line)), -1) + 1;
    if (number >= Number(grid.dataset.maxLines || 1000)) return null;
    const holder = document.createElement("table");
    holder.innerHTML = template.innerHTML.replaceAll("__n__", number).replaceAll("__pos__", number + 1);
    const line = holder.querySelector("tbody");
    lines(grid).at(-1) ? lines(grid).at(-1).after(line) : grid.append(line);
    const total = document.querySelector(`[name="${grid.dataset.total}"]`);
    if (total) total.value = number + 1;
    window.htmx?.process(line);
    return line;
  }

  /* Sets a cell as if typed; a combobox gets its text and, being a code, its value. */
  function put(cell, text) {
    cell.value = text.trim();
    const combo = cell.closest("[data-combobox]");
    if (combo) combo.querySelector("input[type=hidden]").value = cell.value;
    cell.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function paste(event) {
    const grid = event.target.closest("table[data-grid]");
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!grid || !/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    const block = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((row) => row.split("\t"));
    let line = event.target.closest("tbody[data-line]") || add(grid);
    const start = Math.max(cells(line).indexOf(event.target), 0);
    const touched = [];
    for (const row of block) {
      if (!line) break;
      const targets = cells(line).slice(start);
      row.slice(0, targets.length).forEach((value, i) => put(targets[i], value));
      touched.push(line);
      line = lines(grid)[lines(grid).indexOf(line) + 1] || add(grid);
    }
    touched.forEach((each) => tell(each, "hint"));
    const last = lines(grid)[lines(grid).indexOf(touched.at(-1)) + 1] || touched.at(-1);
    cells(last)[0].focus();
    tell(grid, "pasted");
    window.oms.say(String(touched.length));
  }

  function keydown(event) {
    const line = event.target.closest?.("table[data-grid] tbody[data-line]");
    if (!line) return;
    const grid = line.closest("table");
    const all = cells(line);
    const at = all.indexOf(event.target);
    if (event.key === "Tab" && !event.shiftKey && at === all.length - 1 && line === lines(grid).at(-1) && !isEmpty(line)) {
      const next = add(grid);
      if (next) { event.preventDefault(); cells(next)[0].focus(); }
      return;
    }
    if (event.ctrlKey && event.key === ".") { event.preventDefault(); tell(line, "substitutes"); return; }
    if (event.ctrlKey && event.key === "Delete") { event.preventDefault(); empty(line); return; }
    if (event.defaultPrevented || at < 0 || event.target.matches("select, [aria-expanded=true]")) return;
    const step = { ArrowDown: 1, ArrowUp: -1, Enter: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const other = lines(grid)[lines(grid).indexOf(line) + step] || (event.key === "Enter" && !isEmpty(line) ? add(grid) : null);
    if (other) { const cell = cells(other)[at]; cell.focus(); cell.select?.(); }
  }

  function empty(line) {
    const grid = line.closest("table");
    const next = lines(grid)[lines(grid).indexOf(line) + 1] || lines(grid)[lines(grid).indexOf(line) - 1];
    line.querySelectorAll("input[type=hidden]:not([data-keep])").forEach((el) => { el.value = ""; });
    if (lines(grid).length > 1) { line.remove(); cells(next)[0].focus(); } else { cells(line).forEach((el) => { el.value = el.dataset.initial || ""; }); }
    tell(grid, "hint");
  }

  document.addEventListener("paste", paste);
  document.addEventListener("keydown", keydown);
  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => {
      const line = event.target.closest?.("table[data-grid] tbody[data-line]");
      if (line && (event.target.dataset.column || event.target.type === "hidden")) tell(line, "hint");
    });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-line]");
    if (!button) return;
    const line = add(document.getElementById(button.dataset.addLine));
    if (line) cells(line)[0].focus();
  });

  grids().forEach((grid) => { while (lines(grid).length < Number(grid.dataset.minLines || 1) && add(grid)); });
})();
