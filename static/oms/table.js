/* Tables by keyboard: j k move, x selects, Enter opens, e edits; a table remembers its place when one comes back.
   Rows: tr[tabindex="-1"] with data-id, data-href (Enter) and data-edit (e). Works inside [data-table]. */
(() => {
  "use strict";
  const { read, write, typing } = window.oms;
  const KEEP = "oms.place:";

  const rows = (box) => [...box.querySelectorAll("tbody tr[tabindex]")];
  const boxes = () => [...document.querySelectorAll("[data-table]")];
  const place = (box) => KEEP + box.dataset.table + location.search;
  const tick = (row) => row.querySelector(".select input[type=checkbox]");

  function focusRow(row) {
    row.focus({ preventScroll: true });
    const space = row.getBoundingClientRect();
    const top = parseInt(getComputedStyle(document.documentElement).scrollPaddingTop, 10) || 0;
    if (space.top < top) window.scrollBy(0, space.top - top);
    else if (space.bottom > innerHeight - 48) window.scrollBy(0, space.bottom - innerHeight + 48);
  }

  function move(step) {
    const all = boxes().flatMap(rows);
    if (!all.length) return;
    const at = all.indexOf(document.activeElement.closest?.("tr"));
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
    focusRow(all[next]);
  }

  function selected(box) {
    const ticks = [...box.querySelectorAll("tbody .select input[type=checkbox]")];
    for (const input of ticks) {
      if (input.checked) input.closest("tr").setAttribute("aria-selected", "true");
      else input.closest("tr").removeAttribute("aria-selected");
    }
    const number = ticks.filter((input) => input.checked).length;
    box.classList.toggle("selecting", number > 0);
    const said = box.querySelector("[data-selected-count]");
    if (said) said.textContent = number;
    const all = box.querySelector("[data-select-all]");
    if (all) { all.checked = number > 0 && number === ticks.length; all.indeterminate = number > 0 && number < ticks.length; }
  }

  function leave(row) {
    const box = row.closest("[data-table]");
    if (box) write(sessionStorage, place(box), JSON.stringify({ id: row.dataset.id, y: scrollY }));
  }

  function open(row, href, event) {
    if (!href) return;
    leave(row);
    if (event.ctrlKey || event.metaKey) window.open(href, "_blank", "noopener"); else location.assign(href);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const row = event.target.closest?.("[data-table] tbody tr[tabindex]");
    const letters = !read(localStorage, "oms.keys.off");
    if (letters && event.key === "j" || row && event.key === "ArrowDown") { event.preventDefault(); move(1); return; }
    if (letters && event.key === "k" || row && event.key === "ArrowUp") { event.preventDefault(); move(-1); return; }
    if (!row) return;
    if (event.key === "Enter" && event.target === row) { event.preventDefault(); open(row, row.dataset.href, event); }
    if (letters && event.key === "e" && row.dataset.edit) { event.preventDefault(); open(row, row.dataset.edit, event); }
    if (letters && event.key === "x" && tick(row)) { event.preventDefault(); tick(row).click(); }
  });

  document.addEventListener("change", (event) => {
    const box = event.target.closest("[data-table]");
    if (!box) return;
    if (event.target.matches("[data-select-all]")) {
      box.querySelectorAll("tbody .select input[type=checkbox]").forEach((input) => { input.checked = event.target.checked; });
    }
    if (event.target.matches(".select input")) selected(box);
  });

  /* A click anywhere on a row that opens something opens it; marking text with the mouse does not. */
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-table] tr[data-href]");
    if (!row) return;
    if (event.target.closest("a, button, input, label, select, summary")) { leave(row); return; }
    if (event.button === 0 && !String(getSelection())) open(row, row.dataset.href, event);
  });

  for (const box of boxes()) {
    selected(box);
    const kept = JSON.parse(read(sessionStorage, place(box)) || "null");
    if (!kept) continue;
    sessionStorage.removeItem(place(box));
    const row = rows(box).find((candidate) => candidate.dataset.id === kept.id);
    if (row) { scrollTo(0, kept.y); focusRow(row); }
  }
})();
