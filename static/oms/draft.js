/* Back without loss: <form data-draft="name"> keeps what is typed in the tab's own store and brings it back.
   data-given: the server filled the form, so nothing is brought back over it. Sending the form drops the draft;
   what the server refuses comes back from the server and is kept again. [data-draft-note] shows that it came back. */
(() => {
  "use strict";
  const { read, write } = window.oms;
  const LEFT_OUT = /^(csrfmiddlewaretoken|idempotency_key|shown|accept_changes|draft|draft_version)$/;
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const name = `oms.draft:${form.dataset.draft}`;
  const values = () => [...new FormData(form)].filter(([key, value]) => !LEFT_OUT.test(key) && value);
  const kept = JSON.parse(read(sessionStorage, name) || "null");
  let timer = 0;
  let sent = false;

  if (kept && !form.matches("[data-given], [data-refused]")) {
    const grid = form.querySelector("table[data-grid]");
    const named = (key) => form.querySelector(`[name="${CSS.escape(key)}"]`);
    for (const [key, value] of kept) {
      while (grid && key.startsWith("lines-") && !named(key) && window.oms.addLine(grid));
      if (named(key)) named(key).value = value;
    }
    document.querySelectorAll("[data-draft-note]").forEach((note) => { note.hidden = false; });
    /* htmx listens from DOMContentLoaded on. */
    document.addEventListener("DOMContentLoaded", () => setTimeout(() => form.dispatchEvent(new CustomEvent("hint", { bubbles: true }))));
  }
  const empty = JSON.stringify(values().filter(([key]) => key.startsWith("customer") || key.startsWith("lines-")));

  function keep() {
    clearTimeout(timer);
    if (sent) return;
    const now = values();
    const told = JSON.stringify(now.filter(([key]) => key.startsWith("customer") || key.startsWith("lines-")));
    if (told === "[]") { if (empty !== "[]") sessionStorage.removeItem(name); return; }
    write(sessionStorage, name, JSON.stringify(now));
  }

  for (const event of ["input", "change", "hint"]) form.addEventListener(event, () => { clearTimeout(timer); timer = setTimeout(keep, 200); });
  addEventListener("pagehide", keep);
  form.addEventListener("submit", () => { sent = true; clearTimeout(timer); sessionStorage.removeItem(name); });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-draft-drop]")) return;
    sent = true;
    sessionStorage.removeItem(name);
    location.assign(location.pathname);
  });
})();
