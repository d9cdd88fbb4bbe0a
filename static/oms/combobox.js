/* Search as you type: the ARIA combobox pattern over options that the server draws.
   <div class="combo" data-combobox="URL"><input type="hidden" name=…><input role="combobox"><ul role="listbox" hidden></ul></div>
   A choice sets the hidden input and sends "change" from it; typing again takes the choice back. */
(() => {
  "use strict";
  const WAIT_MS = 120;
  const state = new WeakMap();
  let ids = 0;

  function parts(input) {
    const box = input.closest("[data-combobox]");
    return { box, hidden: box.querySelector("input[type=hidden]"), list: box.querySelector("[role=listbox]") };
  }

  const memory = (input) => { if (!state.has(input)) state.set(input, { timer: 0, request: null }); return state.get(input); };
  const options = (list) => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const active = (list) => list.querySelector("[aria-selected=true]");

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
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  async function ask(input) {
    const { box, list } = parts(input);
    const mine = memory(input);
    mine.request?.abort();
    const typed = input.value.trim();
    if (!typed) { close(input); return; }
    mine.request = new AbortController();
    try {
      const url = new URL(box.dataset.combobox, location.href);
      url.searchParams.set("q", typed);
      const answer = await fetch(url, { signal: mine.request.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || document.activeElement !== input) return;
      list.innerHTML = await answer.text();
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

  document.addEventListener("input", (event) => {
    const input = event.target.closest("[data-combobox] [role=combobox]");
    if (!input) return;
    const { hidden } = parts(input);
    if (hidden.value) { hidden.value = ""; hidden.dispatchEvent(new Event("change", { bubbles: true })); }
    const mine = memory(input);
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => ask(input), WAIT_MS);
  });

  document.addEventListener("keydown", (event) => {
    const input = event.target.closest?.("[data-combobox] [role=combobox]");
    if (!input || event.isComposing) return;
    const { list } = parts(input);
    const found = list.hidden ? [] : options(list);
    const at = found.indexOf(active(list));
    if (event.key === "ArrowDown" && list.hidden) { event.preventDefault(); ask(input); return; }
    if (!found.length) return;
    if (event.key === "ArrowDown") { event.preventDefault(); activate(input, found[(at + 1) % found.length]); }
    else if (event.key === "ArrowUp") { event.preventDefault(); activate(input, found[(at - 1 + found.length) % found.length]); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(input); }
    else if (event.key === "Enter" && at >= 0 && !event.ctrlKey) { event.preventDefault(); choose(input, found[at]); }
    else if (event.key === "Tab" && at >= 0) choose(input, found[at]);
  }, true);

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-combobox] [role=option]:not([aria-disabled])");
    if (!option) return;
    event.preventDefault();
    choose(option.closest("[data-combobox]").querySelector("[role=combobox]"), option);
  });

  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-combobox] [role=combobox]")) close(event.target);
  });
})();
