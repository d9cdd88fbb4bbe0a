/* A draft on the server while typing: form[data-autosave] posts its fields a moment after the last change, as soon as a
   customer is chosen. The answer's number and version go into the form; a version somebody else moved on stops the saving
   and says who it was. What is typed stays in the page in any case (draft.js). */
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const PAUSE = 1500;
  const state = document.querySelector("[data-draft-state]");
  const skip = /^(csrfmiddlewaretoken|idempotency_key|shown|accept_changes|draft|draft_version)$/;
  const text = () => JSON.stringify([...new FormData(form)].filter(([key, value]) => value && !skip.test(key)));
  const named = (name) => form.querySelector(`[name="${name}"]`);
  const worth = () => named("customer").value && [...new FormData(form)].some(([key, value]) => /^lines-\d+-product$/.test(key) && value);
  let last = text();
  let timer = 0;
  let busy = false;
  let stopped = false;

  async function save() {
    const now = text();
    if (busy || stopped || now === last || !worth()) return;
    busy = true;
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (stopped) return;
      if (answer.ok) {
        last = now;
        named("draft").value = said.number;
        named("draft_version").value = said.version;
        state.textContent = form.dataset.saved.replace("__number__", said.number).replace("__at__", said.at);
      } else if (answer.status === 412) {
        stopped = true;
        state.textContent = `${said.message} ${said.clears}`;
        state.className = "state trouble";
      }
    } catch { /* not reached: the page keeps what is typed, the next change tries again */ } finally { busy = false; }
    if (text() !== last && !stopped) later();
  }

  function later() { clearTimeout(timer); timer = setTimeout(save, PAUSE); }

  for (const event of ["input", "change", "hint"]) form.addEventListener(event, later);
  form.addEventListener("submit", () => { stopped = true; clearTimeout(timer); });
})();
