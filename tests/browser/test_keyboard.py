"""From the approver's queue to the goods issue, by keyboard, each step by another person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order, Shipment


def entered(stack: Any, *quantities: int) -> Order:
    """An order by sales, too large to approve itself: each quantity of a product of its own at 10."""
    lines = tuple(LineRequest(stack.product(q).sku, Decimal(q)) for q in quantities)
    return Order.objects.get(number=submit(EntryRequest("ACME", lines, "web"), by=stack.world.sales).number)


def go(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def to_row(page: Page, ident: str) -> None:
    """`j` until the row is reached, as somebody looking at the screen would."""
    for _step in range(60):
        if page.evaluate("document.activeElement.dataset.id") == ident:
            return
        page.keyboard.press("j")
    raise AssertionError(f"no row {ident}")


def test_another_person_approves_cuts_and_leaves_without_opening(live_stack: Any, visit: Any) -> None:
    whole, part, left = entered(live_stack, 60), entered(live_stack, 50, 20), entered(live_stack, 70)
    page = visit(live_stack.world.approver)
    page.goto("/")
    go(page, "g", "a")
    page.wait_for_url("**/orders/approvals/")
    to_row(page, whole.number)
    go(page, "a")
    to_row(page, part.number)
    go(page, "3", "0", "Enter", "1", "5", "Enter")
    to_row(page, left.number)
    go(page, "l")
    tally = page.locator("[data-tally]")
    expect(tally).to_have_text("2: 1,050.00 EUR to approve · 250.00 EUR cut")
    assert set(Order.objects.filter(pk__in=[whole.pk, part.pk]).values_list("status", flat=True)) == {"submitted"}
    go(page, "Control+Enter")
    expect(page.get_by_text("2 orders are decided")).to_be_visible()
    for order in (whole, part, left):
        order.refresh_from_db()
    assert (whole.status, part.status, left.status) == ("approved", "approved", "submitted")
    assert list(whole.lines.values_list("quantity_approved", "quantity_cancelled")) == [(60, 0)]
    assert list(part.lines.order_by("position").values_list("quantity_approved", "quantity_cancelled")) == [(30, 20), (15, 5)]


def test_the_row_says_who_goes_on_waiting_and_unfolds_to_what(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(60)

    def order(units: int) -> str:
        return submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(units)),), "web"), by=live_stack.world.sales).number

    claim, waiting = order(55), order(60)
    page = visit(live_stack.world.approver)
    page.goto("/orders/approvals/")
    expect(page.locator(f"#behind-{claim}")).to_have_text("1 order550.00 EUR")
    to_row(page, claim)
    go(page, "o")
    expect(page.locator(f"#behind-lines-{claim}")).to_contain_text(waiting)


def test_who_entered_it_is_not_offered_its_approval(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(90)
    number = submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(90)),), "web"), by=live_stack.world.manager).number
    page = visit(live_stack.world.manager)
    page.goto("/orders/approvals/")
    expect(page.locator("main")).not_to_contain_text(number)
    page.goto(f"/orders/{number}/")
    expect(page.get_by_role("button", name="Approve all")).to_have_count(0)


def test_an_order_file_is_looked_at_and_brought_in_by_keyboard(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(40)
    page = visit(live_stack.world.sales)
    page.goto("/")
    go(page, "g", "u")
    page.wait_for_url("**/orders/batches/")
    content = f"Auftrag;Kunde;Artikel;Menge\n{product.sku};ACME;{product.sku};4\n".encode()
    page.set_input_files("input[type=file]", {"name": "theirs.csv", "mimeType": "text/csv", "buffer": content})
    go(page, "Control+Enter")
    expect(page.get_by_text("Its columns are not known yet")).to_be_visible(timeout=20_000)
    go(page, "Control+Enter")
    expect(page.get_by_label("Column of the file for sku")).to_have_value("Artikel")
    go(page, "Control+Enter")
    expect(page.get_by_role("button", name="Create 1 order")).to_be_visible(timeout=20_000)
    assert not Order.objects.filter(external_id=product.sku).exists()
    go(page, "Control+Enter")
    expect(page.locator("#batch")).to_contain_text("Orders created", timeout=20_000)
    expect(page.get_by_role("link", name=Order.objects.get(external_id=product.sku).number)).to_be_visible()


def test_released_and_shipped_by_keyboard(live_stack: Any, visit: Any) -> None:
    product = live_stack.product(12)
    order = Order.objects.get(
        number=submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(12)),), "web"), by=live_stack.world.sales).number
    )
    assert order.status == "approved"  # within the policy
    manager = visit(live_stack.world.manager)
    manager.goto("/")
    go(manager, "g", "b")
    manager.wait_for_url("**/orders/backlog/")
    to_row(manager, order.number)
    go(manager, "x", "Control+Enter")
    expect(manager.locator(".notice.done")).to_contain_text("1 shipment")
    shipment = Shipment.objects.get(order=order)
    warehouse = visit(live_stack.world.warehouse)
    warehouse.goto("/")
    go(warehouse, "g", "w")
    warehouse.wait_for_url("**/orders/shipments/")
    to_row(warehouse, shipment.number)
    go(warehouse, "Enter")
    warehouse.wait_for_url(f"**/shipments/{shipment.number}/")
    go(warehouse, "Control+Enter")
    expect(warehouse.locator(".notice.done")).to_contain_text("Shipped")
    line = order.lines.get()
    assert (line.quantity_allocated, line.quantity_shipped) == (0, 12)
    go(warehouse, "Escape")
    warehouse.wait_for_url("**/orders/shipments/")


def test_the_help_names_the_keys_of_the_page_and_a_table_remembers_its_place(live_stack: Any, visit: Any) -> None:
    orders = [entered(live_stack, 51) for _n in range(3)]
    page = visit(live_stack.world.sales)
    page.goto("/")
    go(page, "?")
    keymap = page.get_by_role("dialog", name="Keyboard")
    expect(keymap).to_contain_text("Enter an order")
    expect(keymap).to_contain_text("Orders")
    go(page, "Escape")
    expect(keymap).to_be_hidden()
    go(page, "g", "o")
    page.wait_for_url("**/orders/")
    to_row(page, orders[1].number)
    ring = page.evaluate("getComputedStyle(document.activeElement.querySelector('td')).boxShadow")
    assert ring != "none"
    go(page, "Enter")
    page.wait_for_url(f"**/orders/{orders[1].number}/")
    go(page, "Escape")
    page.wait_for_url("**/orders/")
    assert page.evaluate("document.activeElement.dataset.id") == orders[1].number
