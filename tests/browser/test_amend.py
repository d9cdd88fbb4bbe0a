"""Amending by keyboard with its effects shown first; a draft that saves itself and comes back on another machine."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Any

from django.urls import reverse
from playwright.sync_api import expect

from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order


def shot(page: Any, name: str) -> None:
    """A picture for people, when asked for (SHOTS=folder)."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_less_and_more_are_typed_shown_and_sent_by_keyboard(visit: Any, live_stack: Any) -> None:
    world = live_stack.world
    product = live_stack.product(100)
    lines = (LineRequest(product.sku, Decimal(30)), LineRequest(product.sku, Decimal(10)))
    number = submit(EntryRequest("ACME", lines, "web"), by=world.sales).number
    page = visit(world.sales)
    page.goto(reverse("orders:order-detail", args=[number]))
    shot(page, "order")
    page.keyboard.press("e")
    page.wait_for_url("**/amend/")
    page.keyboard.press("Control+a")
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    expect(page.locator("#effects")).to_contain_text("10 less")
    page.locator("input[name^=quantity-]").nth(1).fill("14")
    expect(page.locator("#effects")).to_contain_text("to be approved")
    shot(page, "amend")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/{number}/")
    rows = Order.objects.get(number=number).lines.order_by("position").values_list("quantity_ordered", "quantity_cancelled")
    assert list(rows) == [(30, 10), (10, 0), (4, 0)]
    shot(page, "order-amended")
    small = visit(world.sales, width=360)
    small.goto(reverse("orders:order-amend", args=[number]))
    assert small.evaluate("document.documentElement.scrollWidth") <= 360
    shot(small, "amend-360")


def test_a_draft_saves_itself_and_is_there_on_another_machine(visit: Any, live_stack: Any) -> None:
    world = live_stack.world
    product = live_stack.product(100)
    page = visit(world.sales)
    page.goto(reverse("orders:enter"))
    page.locator("#customer").fill("ACME")
    page.locator("#customers li").first.click()
    page.locator("input[data-column=product]").first.fill(product.sku)
    page.locator("[id^=options-] li").first.click()
    page.locator("input[data-column=quantity]").first.fill("7")
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft SO", timeout=10_000)
    number = page.locator("input[name=draft]").input_value()
    shot(page, "draft")
    other = visit(world.manager)
    other.goto(reverse("orders:enter") + f"?draft={number}")
    expect(other.locator("input[data-column=quantity]").first).to_have_value("7")
    other.locator("input[data-column=quantity]").first.fill("9")
    expect(other.locator("[data-draft-state]")).to_contain_text("saved", timeout=10_000)
    page.locator("input[data-column=quantity]").first.fill("8")
    expect(page.locator("[data-draft-state]")).to_contain_text("Manager", timeout=10_000)
    assert Order.objects.get(number=number).draft.content["lines-0-quantity"] == "9"
