/* The entry grid: lines are <tbody data-line>, made from <template data-line-template> with __n__ for the number.
   Cells that can be pasted have data-column="product|quantity|…". The last field of the last line adds a line on Tab;
   Enter goes to the first cell of the next line; paste from a spreadsheet fills rows from the cell it is pasted into;
   a change sends "hint" to its line, on which htmx asks the server (hx-trigger="hint delay:…"); Ctrl+Delete empties a line.
   An answer's [data-fill="price" data-text="…"] becomes the cell's placeholder, [data-wrong="price"] marks the cell.
   An answer's [data-instead="SKU" data-text data-quantity] is taken in place of the line's product by a click, the first by
   Ctrl+. ; once more brings back what was there.
   Removing a line keeps its number: the server skips lines without a product. */
(() => {
  "use strict";

  const grids = () => document.querySelectorAll("table[data-grid]");
  const lines = (grid) => [...grid.querySelectorAll("tbody[data-line]")];
  const cells = (line) => [...line.querySelectorAll("[data-column]")].filter((el) => !el.disabled);
  const isEmpty = (line) => cells(line).every((el) => !el.value || el.value === el.dataset.initial);
  const tell = (el, name) => el.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  const number = /^[\d\s.,'\u00a0]*$/;

  function add(grid) {
    const template = grid.querySelector("template[data-line-template]");
    const next = lines(grid).reduce((most, line) => Math.max(most, Number(line.dataset.line)), -1) + 1;
    if (next >= Number(grid.dataset.maxLines || 1000)) return null;
    const holder = document.createElement("table");
    holder.innerHTML = template.innerHTML.replaceAll("__n__", next).replaceAll("__pos__", next + 1);
    const line = holder.querySelector("tbody");
    lines(grid).at(-1) ? lines(grid).at(-1).after(line) : grid.append(line);
    window.htmx?.process(line);
    return line;
  }

  const after = (grid, line) => lines(grid)[lines(grid).indexOf(line) + 1];

  function go(cell) {
    cell.focus();
    cell.select?.();
  }

  /* Sets a cell; a combobox gets its text and, being a code, its value. */
  function put(cell, text) {
    cell.value = text.trim();
    const combo = cell.closest("[data-combobox]");
    if (combo) combo.querySelector("input[type=hidden]").value = cell.value;
  }

  function paste(event) {
    const grid = event.target.closest("table[data-grid]");
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!grid || !/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    const block = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((row) => row.split("\t"));
    let line = event.target.closest("tbody[data-line]") || add(grid);
    /* Whole rows begin with a code: they fill from the first column, wherever the cursor is. */
    const whole = block[0].length > 1 && !number.test(block[0][0]);
    const start = whole ? 0 : Math.max(cells(line).indexOf(event.target), 0);
    const touched = [];
    for (const row of block) {
      if (!line) break;
      const targets = cells(line).slice(start);
      row.slice(0, targets.length).forEach((value, i) => put(targets[i], value));
      touched.push(line);
      line = after(grid, line) || add(grid);
    }
    go(cells(after(grid, touched.at(-1)) || touched.at(-1))[0]);
    tell(touched.at(-1), "hint");
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
      if (next) { event.preventDefault(); go(cells(next)[0]); }
      return;
    }
    if (event.ctrlKey && event.key === ".") { event.preventDefault(); exchange(line, line.querySelector("[data-instead]")); return; }
    if (event.ctrlKey && event.key === "Delete") { event.preventDefault(); empty(line); return; }
    if (event.defaultPrevented || at < 0 || event.ctrlKey || event.metaKey || event.target.matches("select, [aria-expanded=true]")) return;
    if (event.key === "Enter") {
      event.preventDefault();
      const next = after(grid, line) || (isEmpty(line) ? null : add(grid));
      if (next) go(cells(next)[0]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const other = lines(grid)[lines(grid).indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)];
      if (event.target.matches("[list]") && event.target.value) return;
      event.preventDefault();
      if (other) go(cells(other)[at]);
    }
  }

  function empty(line) {
    const grid = line.closest("table");
    const next = after(grid, line) || lines(grid)[lines(grid).indexOf(line) - 1];
    if (next) { line.remove(); go(cells(next)[0]); }
    else line.querySelectorAll("input").forEach((el) => { el.value = el.dataset.initial || ""; });
    lines(grid).forEach((each, i) => { each.querySelector(".pos").textContent = i + 1; });
    tell(grid, "hint");
  }

  /* The line becomes what is offered instead; without an offer it becomes again what it was before. */
  function exchange(line, offer) {
    const [product, quantity, unit] = ["product", "quantity", "unit"].map((name) => line.querySelector(`[data-column="${name}"]`));
    const code = product.closest("[data-combobox]").querySelector("input[type=hidden]");
    const now = [code.value, product.value, quantity.value, unit.value];
    const then = offer ? [offer.dataset.instead, offer.dataset.text, offer.dataset.quantity, ""] : JSON.parse(line.dataset.before || "null");
    if (!then) return;
    if (offer) line.dataset.before = JSON.stringify(now); else delete line.dataset.before;
    [code.value, product.value, quantity.value, unit.value] = then;
    go(quantity);
    tell(line, "hint");
    window.oms.say(product.value);
  }

  /* What the answer says about a line, put into its cells. */
  function fill(line) {
    const said = line.querySelector("tr.hint");
    for (const cell of cells(line)) {
      const wrong = said?.querySelector(`[data-wrong="${cell.dataset.column}"]`);
      if (wrong) cell.setAttribute("aria-invalid", "true"); else cell.removeAttribute("aria-invalid");
      cell.placeholder = said?.querySelector(`[data-fill="${cell.dataset.column}"]`)?.dataset.text || "";
    }
  }

  document.addEventListener("paste", paste);
  document.addEventListener("keydown", keydown);
  document.addEventListener("chosen", (event) => {
    const line = event.target.closest("tbody[data-line]");
    if (line) go(cells(line)[cells(line).indexOf(event.target) + 1]);
  });
  document.addEventListener("input", (event) => {
    const line = event.target.closest?.("table[data-grid] tbody[data-line]");
    if (line && event.target.matches("[data-column]:not([role=combobox])")) tell(line, "hint");
  });
  document.addEventListener("change", (event) => {
    const inside = event.target.closest?.("table[data-grid]");
    if (inside && event.target.type !== "hidden") return;
    const form = event.target.form;
    if (form?.querySelector("table[data-grid]")) tell(form, "hint");
  });
  document.addEventListener("htmx:afterSettle", () => grids().forEach((grid) => lines(grid).forEach(fill)));
  document.addEventListener("click", (event) => {
    const offer = event.target.closest("[data-instead]");
    if (offer) exchange(offer.closest("tbody[data-line]"), offer);
    const button = event.target.closest("[data-add-line]");
    if (!button) return;
    const line = add(document.getElementById(button.dataset.addLine));
    if (line) go(cells(line)[0]);
  });

  window.oms.addLine = add;
  grids().forEach((grid) => {
    while (lines(grid).length < Number(grid.dataset.minLines || 1) && add(grid));
    lines(grid).forEach(fill);
  });
  const refused = document.querySelector("form[data-refused]");
  if (refused) (refused.querySelector("[aria-invalid=true]") || document.querySelector("[data-main]"))?.focus();
})();
