/* The keyboard map and the small things of the shell.
   An element with data-key="g o" is clicked (a field: focused) by that key or chord; data-main by Ctrl+Enter;
   data-back is where Esc leads. The map (?) is read from the page itself. Nothing here knows any page. */
(() => {
  "use strict";

  const OFF = "oms.keys.off";
  const CHORD_MS = 1200;
  let chord = "";
  let timer = 0;

  const read = (store, name) => { try { return store.getItem(name); } catch { return null; } };
  const write = (store, name, value) => { try { store.setItem(name, value); } catch { /* private mode: nothing kept */ } };

  const typing = (el) => el.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const shown = (el) => el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null;
  const dialog = () => document.querySelector("dialog[open]");

  function press(el) {
    if (el.matches("input, select, textarea")) { el.focus(); el.select?.(); } else { el.click(); }
  }

  function find(key) {
    return [...document.querySelectorAll("[data-key]")].find((el) => el.dataset.key === key && !el.disabled);
  }

  function startsChord(key) {
    return [...document.querySelectorAll("[data-key]")].some((el) => el.dataset.key.startsWith(key + " "));
  }

  function back() {
    const link = document.querySelector("[data-back]");
    if (link) link.click();
  }

  function escape(event) {
    const at = document.activeElement;
    if (dialog() || document.querySelector(":popover-open")) return;
    const open = at.closest?.("details[open].confirm");
    if (open) { open.open = false; open.querySelector("summary").focus(); event.preventDefault(); return; }
    if (typing(at)) { at.blur(); return; }
    back();
  }

  function main(event) {
    const at = document.activeElement.closest?.("form");
    const usable = (root) => [...root.querySelectorAll("[data-main]:not([disabled])")].find(shown);
    const button = at && usable(at) || usable(document);
    if (!button || dialog()) return;
    event.preventDefault();
    button.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { main(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { escape(event); return; }
    if (event.key.length !== 1 || typing(event.target) || dialog() || read(localStorage, OFF)) return;
    const key = chord ? `${chord} ${event.key}` : event.key;
    clearTimeout(timer);
    chord = "";
    const target = find(key);
    if (target) { event.preventDefault(); press(target); return; }
    if (startsChord(key)) { chord = key; timer = setTimeout(() => { chord = ""; }, CHORD_MS); }
  });

  /* The map: one line for each data-key of the page, each key once. */
  function fillMap(map) {
    const list = map.querySelector("[data-page-keys]");
    list.querySelectorAll("[data-from-page]").forEach((el) => el.remove());
    const seen = new Set();
    for (const el of document.querySelectorAll("[data-key]")) {
      if (seen.has(el.dataset.key)) continue;
      seen.add(el.dataset.key);
      const row = document.createElement("div");
      row.dataset.fromPage = "";
      const own = [...el.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()).join(" ");
      const label = document.createElement("span");
      label.textContent = el.dataset.keyLabel || own || el.getAttribute("aria-label") || "";
      const keys = document.createElement("span");
      for (const part of el.dataset.key.split(" ")) {
        const kbd = document.createElement("kbd");
        kbd.textContent = part;
        keys.append(kbd, " ");
      }
      row.append(label, keys);
      list.append(row);
    }
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      const map = document.getElementById(opener.dataset.open);
      document.querySelectorAll(":popover-open").forEach((el) => el.hidePopover());
      if (map.id === "keymap") fillMap(map);
      map.showModal();
    }
    const closer = event.target.closest("[data-close-details]");
    if (closer) { const open = closer.closest("details"); open.open = false; open.querySelector("summary").focus(); }
  });

  /* Look: system, light, dark in turn; kept in a cookie so that the server draws it without a flash. */
  const LOOKS = ["system", "light", "dark"];
  function look(button) {
    const now = document.documentElement.dataset.theme || "system";
    button.textContent = button.dataset[now];
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-next]");
    if (!button) return;
    const now = document.documentElement.dataset.theme || "system";
    const next = LOOKS[(LOOKS.indexOf(now) + 1) % LOOKS.length];
    if (next === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = next;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax${secure}`;
    look(button);
  });

  /* What waits: asked after the page stands, so that no page waits for it. */
  async function counts(nav) {
    try {
      const answer = await fetch(nav.dataset.counts, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const numbers = await answer.json();
      for (const [name, number] of Object.entries(numbers)) {
        const place = nav.querySelector(`[data-count="${CSS.escape(name)}"]`);
        if (place) place.textContent = number > 999 ? "999+" : number || "";
      }
    } catch { /* offline: the counts stay empty */ }
  }

  const button = document.querySelector("[data-theme-next]");
  if (button) look(button);
  const nav = document.querySelector("[data-counts]");
  if (nav) counts(nav);
  const on = document.querySelector("[data-keys-on]");
  if (on) {
    on.checked = !read(localStorage, OFF);
    on.addEventListener("change", () => { if (on.checked) localStorage.removeItem(OFF); else write(localStorage, OFF, "1"); });
  }

  window.oms = { read, write, typing, shown, say: (text) => { const el = document.getElementById("said"); if (el) el.textContent = text; } };
})();
