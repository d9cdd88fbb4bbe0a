/* Forms: sent once, not lost by accident, filters that apply themselves.
   data-once: a second press does nothing. data-guard: leaving with changes asks. data-autosubmit: a choice submits.
   data-enter-next: Enter goes to the next field instead of sending. data-until-edit: a button that goes with the first
   change, so that nothing is accepted that was not shown. */
(() => {
  "use strict";

  let leaving = false;
  const changed = new WeakSet();

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) changed.add(form);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-once]")) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      event.submitter?.setAttribute("aria-busy", "true");
    }
    leaving = true;
    /* A filter that is empty does not belong into the address. */
    if (form.matches(".filters")) {
      const empty = [...form.elements].filter((el) => el.name && el.value === "");
      empty.forEach((el) => { el.disabled = true; });
      setTimeout(() => empty.forEach((el) => { el.disabled = false; }));
    }
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && event.target.matches("select, [type=checkbox], [type=radio], [type=date]")) form.requestSubmit();
  });

  document.addEventListener("input", (event) => {
    for (const button of document.querySelectorAll("[data-until-edit]")) {
      if (button.form !== event.target.form) continue;
      button.parentElement.querySelectorAll("[data-main][hidden]").forEach((other) => { other.hidden = false; });
      button.remove();
    }
  });

  function next(field) {
    const all = [...field.form.elements].filter((el) => el.matches("input:not([type=hidden]), select, textarea") && !el.disabled && window.oms.shown(el));
    const other = all[all.indexOf(field) + 1];
    other?.focus();
    other?.select?.();
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!field.matches?.("form[data-enter-next] :is(input, select)") || field.closest("table[data-grid]")) return;
    event.preventDefault();
    next(field);
  });
  document.addEventListener("chosen", (event) => {
    if (event.target.matches("form[data-enter-next] input") && !event.target.closest("table[data-grid]")) next(event.target);
  });

  addEventListener("beforeunload", (event) => {
    if (!leaving && [...document.forms].some((form) => changed.has(form))) event.preventDefault();
  });

  /* Back from the cache of the browser: what was sent may be sent again. */
  addEventListener("pageshow", () => {
    leaving = false;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((el) => el.removeAttribute("aria-busy"));
    }
  });

  /* A server that can't be reached is said, never swallowed. */
  document.addEventListener("htmx:sendError", () => {
    const place = document.getElementById("refusals");
    const text = document.body.dataset.offline;
    if (place && text) place.innerHTML = `<div class="notice attention" role="alert"><p></p></div>`;
    if (place && text) place.querySelector("p").textContent = text;
  });
})();
