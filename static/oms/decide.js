/* The approver's queue by keyboard: a approves all of the order, l leaves it, o (or a digit) opens its lines, a number and
   Enter cuts the line to it; j and k move (table.js). What is marked adds up below and is sent with Ctrl+Enter, not before.
   Amounts are added in minor units, as whole numbers. */
(() => {
  "use strict";
  const { write, read } = window.oms;
  const form = document.getElementById("decide");
  if (!form) return;
  const REASON = "oms.cut.reason";
  const tally = form.querySelector("[data-tally]");
  const send = form.querySelector("[data-main]");
  const words = tally.dataset;
  const orders = [...form.querySelectorAll("tbody[data-order]")];
  const row = (order) => order.querySelector("tr[tabindex]");
  const boxes = (order) => [...order.querySelectorAll("input.box")];
  const mark = (order) => order.querySelector("input[name^=decision-]");
  const rest = (order) => order.querySelector("select[name^=rest-]");
  const whole = (text) => /^\d+$/.test(text.trim()) ? Number(text.trim()) : 0;
  const here = () => document.activeElement.closest?.("tbody[data-order]");

  const minor = (text) => { const [units, cents = ""] = text.split("."); return BigInt(units + cents.padEnd(6, "0").slice(0, 6)); };
  const half = (amount, part, of) => of ? (2n * amount * BigInt(part) + BigInt(of)) / (2n * BigInt(of)) : 0n;
  function money(micros, currency) {
    const places = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
    const unit = 10n ** BigInt(6 - places);
    const rounded = ((micros + unit / 2n) / unit).toString().padStart(places + 1, "0");
    const units = Number(rounded.slice(0, rounded.length - places)).toLocaleString(document.documentElement.lang);
    return `${units}${places ? "." + rounded.slice(-places) : ""} ${currency}`;
  }

  function sums(order) {
    const kind = mark(order).value;
    let approved = 0n, left = 0n, units = 0, all = 0;
    for (const box of boxes(order)) {
      const pending = Number(box.dataset.pending);
      const amount = kind === "all" ? pending : Math.min(whole(box.value), pending);
      const net = minor(box.dataset.net);
      approved += half(net, amount, pending);
      left += net - half(net, amount, pending);
      units += amount;
      all += pending;
    }
    return { kind, approved, left, units, all, cut: Boolean(rest(order).value) };
  }

  function draw() {
    const total = new Map();
    let marked = 0;
    for (const order of orders) {
      const { kind, approved, left, units, all, cut } = sums(order);
      const said = order.querySelector("[data-decision]");
      said.textContent = { all: words.all, typed: `${words.typed} ${units.toLocaleString()} ${words.of} ${all.toLocaleString()}`, leave: words.leave }[kind] || "";
      order.dataset.mark = kind;
      if (kind !== "all" && kind !== "typed") continue;
      marked += 1;
      const sum = total.get(order.dataset.currency) || { approved: 0n, cut: 0n, wait: 0n };
      sum.approved += approved;
      if (cut) sum.cut += left; else sum.wait += left;
      total.set(order.dataset.currency, sum);
    }
    const parts = [...total].flatMap(([currency, sum]) => [
      `${money(sum.approved, currency)} ${words.approve}`,
      ...(sum.cut ? [`${money(sum.cut, currency)} ${words.cut}`] : []),
      ...(sum.wait ? [`${money(sum.wait, currency)} ${words.wait}`] : []),
    ]);
    tally.textContent = marked ? `${marked}: ${parts.join(" · ")}` : words.none;
    send.disabled = !marked;
  }

  function unfold(order, open) {
    const lines = order.querySelector("tr.lines");
    lines.hidden = open === undefined ? !lines.hidden : !open;
    order.querySelector(".fold").setAttribute("aria-expanded", String(!lines.hidden));
  }

  function set(order, kind) {
    mark(order).value = mark(order).value === kind ? "" : kind;
    if (mark(order).value !== "typed") boxes(order).forEach((box) => { box.value = box.dataset.pending; });
    const accept = order.querySelector("input[name^=accept-]");
    if (accept) accept.checked = mark(order).value === "all";
    draw();
  }

  function on(order) {
    const next = orders[orders.indexOf(order) + 1] || order;
    row(next).focus();
  }

  form.closest("main").addEventListener("click", (event) => {
    const fold = event.target.closest(".fold");
    if (fold) { unfold(fold.closest("tbody[data-order]")); return; }
    const button = event.target.closest("[data-decide]");
    if (!button) return;
    const order = last && form.contains(last) ? last : orders[0];
    if (button.dataset.decide === "unfold") { unfold(order); row(order).focus(); return; }
    set(order, button.dataset.decide);
    on(order);
  });

  let last = null;
  form.addEventListener("focusin", () => { last = here() || last; });

  form.addEventListener("input", (event) => {
    const order = event.target.closest("tbody[data-order]");
    if (!order) return;
    if (event.target.matches("input.box")) mark(order).value = "typed";
    if (event.target === rest(order)) write(localStorage, REASON, rest(order).value);
    draw();
  });

  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const order = here();
    const box = event.target.closest("input.box");
    if (box) {
      const all = boxes(order);
      const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") { event.preventDefault(); row(order).focus(); return; }
      if (!step) return;
      event.preventDefault();
      const other = all[all.indexOf(box) + step];
      if (other) { other.focus(); other.select(); } else if (step > 0) on(order); else row(order).focus();
      return;
    }
    if (event.target !== (order && row(order))) return;
    if (/^\d$/.test(event.key)) {
      event.preventDefault();
      unfold(order, true);
      const first = boxes(order)[0];
      first.focus();
      first.value = event.key;
      first.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      unfold(order, event.key === "ArrowRight");
    }
  });

  const usual = read(localStorage, REASON);
  for (const order of orders.filter((each) => !each.matches("[data-refused]"))) {
    if (usual !== null && [...rest(order).options].some((option) => option.value === usual)) rest(order).value = usual;
  }
  draw();
  if (document.activeElement === document.body && orders.length) row(orders[0]).focus({ preventScroll: true });
})();
