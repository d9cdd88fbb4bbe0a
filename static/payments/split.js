/* Splitting an amount over open invoices: the difference counts down while one types.
   <form data-split data-whole="1,234.50"> holds inputs [data-amount], optional [data-payment] (what of the line is split),
   output[data-left], [data-words] with data-none, data-some, data-over, and buttons [data-fill="open"] beside each input.
   Amounts are read as the server reads them: the last of comma and point separates decimals. */
(() => {
  "use strict";

  const places = (text) => { const found = /[.,](\d+)$/.exec(text.trim()); return found ? found[1].length : 0; };

  /* An amount in the smallest unit, null for what is none. */
  function read(text, exponent) {
    let plain = text.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-");
    if (!plain) return 0;
    plain = plain.lastIndexOf(",") > plain.lastIndexOf(".") ? plain.replace(/\./g, "").replace(",", ".") : plain.replace(/,/g, "");
    if (!/^-?\d*\.?\d*$/.test(plain) || !/\d/.test(plain)) return null;
    const [whole, part = ""] = plain.replace("-", "").split(".");
    if (part.slice(exponent).replace(/0/g, "")) return null;
    const units = Number(whole + part.slice(0, exponent).padEnd(exponent, "0"));
    return plain.startsWith("-") ? -units : units;
  }

  const write = (units, exponent) => (units / 10 ** exponent)
    .toLocaleString(document.documentElement.lang || "en", { minimumFractionDigits: exponent, maximumFractionDigits: exponent });

  function figures(form) {
    const exponent = places(form.dataset.whole);
    const whole = read(form.dataset.whole, exponent);
    const box = form.querySelector("[data-payment]");
    const typed = box ? read(box.value, exponent) : 0;
    const inputs = [...form.querySelectorAll("[data-amount]")];
    const amounts = inputs.map((input) => read(input.value, exponent));
    const sum = amounts.reduce((total, amount) => total + (amount || 0), 0);
    const payment = typed || whole;
    return { exponent, whole, box, typed, inputs, amounts, payment, left: payment - sum };
  }

  function show(form) {
    const { exponent, whole, box, typed, inputs, amounts, payment, left } = figures(form);
    const place = form.querySelector(".difference");
    const words = form.querySelector("[data-words]");
    inputs.forEach((input, i) => {
      input.classList.toggle("wrong", amounts[i] === null || amounts[i] < 0);
      input.closest("tr").classList.toggle("taken", amounts[i] > 0);
    });
    box?.classList.toggle("wrong", typed === null || payment > whole);
    form.querySelector("[data-left]").textContent = write(left, exponent);
    const over = left < 0 || payment > whole;
    place.classList.toggle("over", over);
    place.classList.toggle("done", left === 0);
    words.textContent = over ? words.dataset.over : left === 0 ? words.dataset.none : words.dataset.some;
    const apply = form.querySelector("[data-apply]");
    if (apply) apply.disabled = over || amounts.some((amount) => amount === null || amount < 0) || !amounts.some((amount) => amount > 0);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-split]");
    if (form) show(form);
  });

  /* The open amount beside a box fills it: with all that is open, or with what is left. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("form[data-split] [data-fill]");
    if (!button) return;
    const form = button.closest("form");
    const input = button.closest("tr").querySelector("[data-amount]");
    const { exponent, left } = figures(form);
    const mine = read(input.value, exponent) || 0;
    input.value = write(Math.max(0, Math.min(read(button.dataset.fill, exponent), left + mine)), exponent);
    input.focus();
    show(form);
  });

  /* Who paid: a choice shows their open invoices. */
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-payer]");
    if (form && event.target.name === "customer" && event.target.value) form.submit();
  });

  for (const form of document.querySelectorAll("form[data-split]")) show(form);
})();
