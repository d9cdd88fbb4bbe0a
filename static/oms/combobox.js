/* Search as you type: the ARIA combobox pattern over options that the server draws.
   <div class="combo" data-combobox="URL"><input type="hidden" name=…><input role="combobox"><ul role="listbox" hidden></ul></div>
   A choice sets the hidden input and sends "change" from it (and "chosen" from the text field when it was made with
   Enter); typing again takes the choice back. Who types faster than the server answers and leaves the field gets what
   he would have got: the first match on Tab or Enter, a single match otherwise, and his own words when nothing matches. */
(() => {
  "use strict";
  const WAIT_MS = 90;
  const state = new WeakMap();
  let ids = 0;

  function parts(input) {
    const box = input.closest("[data-combobox]");
    return { box, hidden: box.querySelector("input[type=hidden]"), list: box.querySelector("[role=listbox]") };
  }

  const memory = (input) => { if (!state.has(input)) state.set(input, { timer: 0, request: null }); return state.get(input); };
  const options = (list) => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const active = (list) => list.querySelector("[aria-selected=true]");
  const changed = (hidden) => hidden.dispatchEvent(new Event("change", { bubbles: true }));

  function close(input) {
    const { list } = parts(input);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    clearTimeout(memory(input).timer);
    memory(input).request?.abort();
  }

  function activate(input, option) {
    const { list } = parts(input);
    active(list)?.setAttribute("aria-selected", "false");
    if (!option) { input.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.id ||= `option-${++ids}`;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(input, option) {
    const { hidden } = parts(input);
    input.value = option.dataset.label;
    hidden.value = option.dataset.value;
    close(input);
    changed(hidden);
  }

  async function fetched(input, typed, signal) {
    const url = new URL(parts(input).box.dataset.combobox, location.href);
    url.searchParams.set("q", typed);
    const answer = await fetch(url, { signal, headers: { "HX-Request": "true" } });
    return answer.ok ? answer.text() : null;
  }

  async function ask(input) {
    const { list } = parts(input);
    const mine = memory(input);
    mine.request?.abort();
    const typed = input.value.trim();
    if (!typed) { close(input); return; }
    mine.request = new AbortController();
    try {
      const html = await fetched(input, typed, mine.request.signal);
      if (html === null || document.activeElement !== input) return;
      list.innerHTML = html;
      list.dataset.for = typed;
      list.id ||= `options-${++ids}`;
      input.setAttribute("aria-controls", list.id);
      list.hidden = !list.children.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      activate(input, options(list)[0]);
      window.oms.say(String(options(list).length));
    } catch (error) {
      if (error.name !== "AbortError") close(input);
    }
  }

  /* The field is left before its list came: look once more, quietly. */
  async function resolve(input, eager) {
    const { hidden, list } = parts(input);
    const typed = input.value.trim();
    if (!typed || hidden.value) return;
    let html = null;
    try { html = await fetched(input, typed); } catch { return; }
    if (html === null || hidden.value || input.value.trim() !== typed || document.activeElement === input) return;
    list.innerHTML = html;
    const found = options(list);
    if (found.length && (eager || found.length === 1)) { choose(input, found[0]); return; }
    if (found.length) return;
    hidden.value = typed;
    changed(hidden);
  }

  document.addEventListener("input", (event) => {
    const input = event.target.closest("[data-combobox] [role=combobox]");
    if (!input) return;
    const { hidden } = parts(input);
    if (hidden.value) { hidden.value = ""; changed(hidden); }
    const mine = memory(input);
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => ask(input), WAIT_MS);
  });

  document.addEventListener("keydown", (event) => {
    const input = event.target.closest?.("[data-combobox] [role=combobox]");
    if (!input || event.isComposing) return;
    const { hidden, list } = parts(input);
    const mine = memory(input);
    const fresh = !list.hidden && list.dataset.for === input.value.trim();
    const found = list.hidden ? [] : options(list);
    const at = found.indexOf(active(list));
    mine.eager = false;
    if (event.key === "ArrowDown" && list.hidden && !hidden.value && input.value) { event.preventDefault(); ask(input); return; }
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(input); return; }
    if (["Tab", "Enter"].includes(event.key) && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      const chosen = fresh && at >= 0;
      if (chosen) choose(input, found[at]); else mine.eager = true;
      /* A long list of what was typed before would take the Tab: a box that scrolls can be tabbed into. */
      close(input);
      if (event.key === "Enter" && input.value.trim()) {
        event.preventDefault();
        input.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
      }
      return;
    }
    if (!found.length) return;
    if (event.key === "ArrowDown") { event.preventDefault(); activate(input, found[(at + 1) % found.length]); }
    else if (event.key === "ArrowUp") { event.preventDefault(); activate(input, found[(at - 1 + found.length) % found.length]); }
  }, true);

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-combobox] [role=option]:not([aria-disabled])");
    if (!option) return;
    event.preventDefault();
    choose(option.closest("[data-combobox]").querySelector("[role=combobox]"), option);
  });

  document.addEventListener("focusout", (event) => {
    if (!event.target.matches?.("[data-combobox] [role=combobox]")) return;
    const mine = memory(event.target);
    close(event.target);
    setTimeout(() => { resolve(event.target, mine.eager); mine.eager = false; });
  });
})();
