"""Entering an order in a browser, as people do it: without a mouse, quickly, with mistakes, with a sheet to paste from."""

from __future__ import annotations

import statistics
import time
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from inventory.catalog.services import SubstituteRow, set_substitutes
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order

HUMAN = 60  # milliseconds a key

WATCH = """
window.shifts = [];
/* A digit typed into a right-aligned cell counts as a shift of the text in it; what counts here is a box that moved. */
const moved = (source) => ["x", "y", "width", "height"].some((side) => source.previousRect[side] !== source.currentRect[side]);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.sources.some(moved)) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
window.paints = [];
document.addEventListener("htmx:beforeSwap", () => {
  const begun = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(() => window.paints.push(performance.now() - begun)));
});
"""


def order_of(page: Page) -> Order:
    """The order whose page is shown."""
    return Order.objects.get(number=page.locator("h1").inner_text().strip())


def choose_customer(page: Page) -> None:
    """The cursor stands in the customer field; it ends in the grid's first cell."""
    page.goto("/orders/enter/")
    for text in ("acme", "", ""):
        page.keyboard.type(text, delay=HUMAN)
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "lines-0-product-text"


def type_line(page: Page, product: str, quantity: str) -> None:
    """Product, Tab, quantity, Enter: the cursor ends in the next line."""
    page.keyboard.type(product, delay=HUMAN)
    page.keyboard.press("Tab")
    page.keyboard.type(quantity, delay=HUMAN)
    page.keyboard.press("Enter")


def test_five_lines_are_typed_without_a_mouse_in_under_half_a_minute(live_stack: Any, visit: Any) -> None:
    skus = [live_stack.product(100).sku for _n in range(5)]
    page = visit(live_stack.world.sales)
    page.goto("/")
    begun = time.monotonic()
    page.keyboard.press("n")
    page.wait_for_url("**/orders/enter/")
    page.keyboard.type("acme", delay=HUMAN)
    page.keyboard.press("Enter")
    page.keyboard.type("B-5001", delay=HUMAN)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    for n, sku in enumerate(skus):
        type_line(page, sku.lower(), str(20 + n))
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/SO*/")
    taken = time.monotonic() - begun
    order = order_of(page)
    assert taken < 30, f"{taken:.1f} s"
    assert (order.status, order.customer.code, order.customer_po) == ("submitted", "ACME", "B-5001")
    assert list(order.lines.order_by("position").values_list("product__sku", "quantity_ordered")) == [
        (sku, 20 + n) for n, sku in enumerate(skus)
    ]
    assert order.net == Decimal(10) * sum(range(20, 25))


def test_hints_are_drawn_within_150_ms_of_the_answer_and_move_nothing(live_stack: Any, visit: Any) -> None:
    products = [live_stack.product(n) for n in (30, 8, 1)]
    page = visit(live_stack.world.sales)
    page.add_init_script(WATCH)
    choose_customer(page)
    page.wait_for_timeout(300)
    page.evaluate("window.shifts = []")
    for product in products[:2]:
        type_line(page, product.sku, "12")
    page.keyboard.type(products[2].sku, delay=HUMAN)
    page.keyboard.press("Tab")
    page.keyboard.type("12", delay=HUMAN)
    expect(page.locator("#hint-0")).to_contain_text("12 from LYON")
    expect(page.locator("#hint-1")).to_contain_text("8 from LYON")
    expect(page.locator("#hint-1")).to_contain_text("4 without a date")
    expect(page.locator("#hint-2")).to_contain_text("11 without a date")
    expect(page.locator("#net-0")).to_have_text("120.00")
    expect(page.locator("[name=lines-0-price]")).to_have_attribute("placeholder", "10.00")
    expect(page.locator("#answer .total").last).to_have_text("432.00")
    expect(page.locator("#glance")).to_contain_text("1 rue de la Paix, 69001 Lyon FR")
    paints = page.evaluate("window.paints")
    assert len(paints) >= 3 and statistics.median(paints) < 150, paints
    assert page.evaluate("window.shifts") == []


def test_what_is_short_is_exchanged_for_what_is_there_by_one_key_and_back(live_stack: Any, visit: Any) -> None:
    scarce, plenty = live_stack.product(2).sku, live_stack.product(90).sku
    set_substitutes([SubstituteRow(scarce, plenty, 2, 1)], by=live_stack.world.system)
    page = visit(live_stack.world.sales)
    choose_customer(page)
    page.keyboard.type(scarce, delay=HUMAN)
    page.keyboard.press("Tab")
    page.keyboard.type("5", delay=HUMAN)
    expect(page.locator("#hint-0")).to_contain_text(f"instead 10 {plenty}")
    page.keyboard.press("Control+.")
    expect(page.locator("#hint-0")).to_contain_text("10 from LYON")
    page.keyboard.press("Control+.")
    expect(page.locator("#hint-0")).to_contain_text("3 without a date")
    page.keyboard.press("Control+.")
    expect(page.locator("#hint-0")).to_contain_text("10 from LYON")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/SO*/")
    assert list(order_of(page).lines.values_list("product__sku", "quantity_ordered")) == [(plenty, 10)]


def test_rows_of_a_sheet_are_pasted_into_any_cell(live_stack: Any, visit: Any) -> None:
    skus = [live_stack.product(50).sku for _n in range(2)]
    page = visit(live_stack.world.sales)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose_customer(page)
    page.keyboard.press("Tab")
    page.evaluate("text => navigator.clipboard.writeText(text)", f"{skus[0]}\t3\r\n{skus[1]}\t4\teach\r\nB\t1\tcase\r\n")
    page.keyboard.press("Control+v")
    expect(page.locator("#hint-2")).to_contain_text("5 from LYON")
    expect(page.locator("#hint-0")).to_contain_text("3 from LYON")
    assert page.evaluate("document.activeElement.name") == "lines-3-product-text"
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/SO*/")
    lines = order_of(page).lines.order_by("position").values_list("product__sku", "entered_quantity", "quantity_ordered")
    assert list(lines) == [(skus[0], 3, 3), (skus[1], 4, 4), ("B", 1, 5)]


def test_mistakes_stay_at_their_cell_and_nothing_is_saved(live_stack: Any, visit: Any) -> None:
    sku = live_stack.product(50).sku
    before = Order.objects.count()
    page = visit(live_stack.world.sales)
    choose_customer(page)
    type_line(page, sku, "3")
    type_line(page, "NOSUCH", "3")
    expect(page.locator("#hint-1")).to_contain_text("There is no product NOSUCH")
    expect(page.locator("[name=lines-1-product-text]")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#refusals")).to_contain_text("There is no product NOSUCH")
    assert page.evaluate("document.activeElement.name") == "lines-1-product-text"
    assert page.input_value("[name=lines-0-quantity]") == "3"
    assert Order.objects.count() == before
    page.keyboard.press("Control+a")
    type_line(page, sku, "4")
    expect(page.locator("#hint-1")).to_contain_text("4 from LYON")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/SO*/")
    assert [line.quantity_ordered for line in order_of(page).lines.order_by("position")] == [3, 4]


def test_a_worse_answer_is_shown_and_taken_with_one_key(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(20)
    page = visit(live_stack.world.sales)
    choose_customer(page)
    type_line(page, product.sku, "15")
    expect(page.locator("#hint-0")).to_contain_text("15 from LYON")
    submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(10)),), "web"), by=live_stack.world.manager)
    before = Order.objects.count()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#refusals")).to_contain_text("the answer became worse")
    expect(page.locator("#refusals")).to_contain_text(f"{product.sku}: 15 had a date, now 10.")
    assert Order.objects.count() == before
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/SO*/")
    assert order_of(page).lines.get().quantity_ordered == 15


def test_what_changed_after_the_refusal_is_not_accepted_unseen(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(20)
    page = visit(live_stack.world.sales)
    choose_customer(page)
    type_line(page, product.sku, "15")
    expect(page.locator("#hint-0")).to_contain_text("15 from LYON")
    submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(10)),), "web"), by=live_stack.world.manager)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Accept and submit")).to_be_visible()
    page.fill("[name=lines-0-quantity]", "16")
    expect(page.get_by_role("button", name="Accept and submit")).to_have_count(0)
    expect(page.get_by_role("button", name="Submit", exact=False)).to_be_visible()


def test_tab_goes_on_to_the_quantity_past_a_long_list_of_what_was_typed_before(live_stack: Any, visit: Any) -> None:
    skus = [live_stack.product(20).sku for _n in range(12)]
    page = visit(live_stack.world.sales)
    choose_customer(page)
    page.keyboard.type(skus[0][0])
    expect(page.locator("#lines [role=option]").nth(10)).to_be_attached()
    page.keyboard.type(skus[0][1:])
    page.keyboard.press("Tab")
    page.keyboard.type("15", delay=HUMAN)
    expect(page.locator("#hint-0")).to_contain_text("15 from LYON")


def test_escape_leads_back_and_what_was_typed_is_there_again(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(20)
    page = visit(live_stack.world.sales)
    choose_customer(page)
    type_line(page, product.sku, "7")
    expect(page.locator("#hint-0")).to_contain_text("7 from LYON")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_url("**/orders/")
    page.keyboard.press("n")
    page.wait_for_url("**/orders/enter/")
    expect(page.get_by_text("Your unfinished order is back.")).to_be_visible()
    assert page.input_value("#customer") == "Acme Tools"
    assert page.input_value("[name=lines-0-quantity]") == "7"
    expect(page.locator("#hint-0")).to_contain_text("7 from LYON")
    page.get_by_role("button", name="Start anew").click()
    page.wait_for_url("**/orders/enter/")
    expect(page.locator("#customer")).to_have_value("")
