"""Pages of the desk, through Django's client."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order, Shipment
from tests.world import World


@pytest.fixture
def as_(world: World) -> Any:
    """A client signed in as one of the world's people."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


FORM = {"customer": "ACME", "requested_date": "2030-01-15", "lines-0-product": "A", "lines-0-quantity": "10",
        "lines-2-product": "B", "lines-2-quantity": "1,5", "lines-2-unit": "case", "idempotency_key": "k1"}  # fmt: skip


def test_hints_come_per_line_with_the_summary_and_mistakes_stay_at_their_line(as_: Any) -> None:
    page = as_("sales").post(reverse("orders:enter-quote"), FORM).content.decode()
    assert 'id="hint-0"' in page and "10 from" in page
    assert "not a whole" in page and 'id="hint-2"' in page
    assert "Credit left" in page and "120.00" in page


def test_an_order_is_entered_on_the_page_once(as_: Any) -> None:
    client = as_("sales")
    good = {**FORM, "lines-2-quantity": "2"}
    first = client.post(reverse("orders:enter"), good)
    again = client.post(reverse("orders:enter"), good)
    assert first.status_code == 302 and first.url == again.url
    assert Order.objects.count() == 1
    assert Order.objects.get().lines.get(position=2).quantity_ordered == 10
    assert client.get(first.url).status_code == 200


def test_mistakes_keep_the_input_and_save_nothing(as_: Any) -> None:
    page = as_("sales").post(reverse("orders:enter"), {**FORM, "lines-0-product": "NOPE"})
    assert page.status_code == 400 and "NOPE" in page.content.decode()
    assert Order.objects.count() == 0


def test_a_worse_answer_is_shown_and_accepted_with_one_key(as_: Any, world: World) -> None:
    shown = json.dumps({"total": "1.00", "holds": [], "lines": []})
    client = as_("sales")
    body = {**FORM, "lines-2-quantity": "1", "shown": shown}
    refused = client.post(reverse("orders:enter"), body)
    assert refused.status_code == 409 and "The total was 1.00" in refused.content.decode()
    assert Order.objects.count() == 0
    assert client.post(reverse("orders:enter"), {**body, "accept_changes": "1"}).status_code == 302


def test_the_way_through_on_pages(as_: Any, world: World) -> None:
    request = EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web")
    number = submit(request, by=world.sales).number
    order = Order.objects.get(number=number)
    line = order.lines.get()
    approver, manager, warehouse = as_("approver"), as_("manager"), as_("warehouse")
    assert number in approver.get(reverse("orders:approvals")).content.decode()
    assert as_("sales").get(reverse("orders:approvals")).status_code == 403
    url = reverse("orders:order-approve", args=[number])
    assert approver.post(url, {f"approve-{line.pk}": "60", f"cut-{line.pk}": "30"}).status_code == 400
    assert approver.post(url, {f"approve-{line.pk}": "60", f"cut-{line.pk}": "30", "reason": "no_stock"}).status_code == 302
    assert number in manager.get(reverse("orders:backlog")).content.decode()
    manager.post(reverse("orders:backlog-release"))
    shipment = Shipment.objects.get()
    assert shipment.number in warehouse.get(reverse("orders:shipments")).content.decode()
    assert warehouse.get(reverse("orders:shipment-detail", args=[shipment.number])).status_code == 200
    part = shipment.lines.get()
    warehouse.post(reverse("orders:shipment-ship", args=[shipment.number]), {f"quantity-{part.pk}": "60", "tracking": "T"})
    line.refresh_from_db()
    assert line.quantity_shipped == 60
    detail = as_("sales").get(reverse("orders:order-detail", args=[number])).content.decode()
    assert "60" in detail and "T</td>" in detail


def test_an_order_is_cancelled_with_a_reason_and_everything_is_free_again(as_: Any, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(30)),), "web"), by=world.sales).number
    client = as_("sales")
    url = reverse("orders:order-cancel", args=[number])
    assert client.post(url, {}).status_code == 400
    assert client.post(url, {"reason": "customer called"}).status_code == 302
    order = Order.objects.get()
    assert (order.status, order.lines.get().quantity_cancelled, order.lines.get().quantity_approved) == ("cancelled", 30, 0)
    world.account.refresh_from_db()
    assert world.account.reserved == 0


def test_the_approver_sees_who_goes_on_waiting(as_: Any, world: World, django_assert_max_num_queries: Any) -> None:
    claim = submit(EntryRequest("ACME", (LineRequest("B", Decimal(8)), LineRequest("A", Decimal(60))), "web"), by=world.sales).number
    waiting = submit(EntryRequest("ACME", (LineRequest("B", Decimal(6)),), "web"), by=world.sales).number
    approver = as_("approver")
    assert f"order={claim}" in approver.get(reverse("orders:approvals")).content.decode()
    url = reverse("orders:approval-impact")
    with django_assert_max_num_queries(14):
        page = approver.get(url, {"glance": "1", "order": [claim, waiting, "SO\x00", "SO9"]}).content.decode()
    assert f'id="behind-{claim}"' in page and "1 order<" in page and "80.00" in page
    assert waiting in page.partition(f'id="behind-lines-{claim}"')[2].partition("</table>")[0]
    assert "behind-lines" in approver.get(reverse("orders:order-detail", args=[claim])).content.decode()
    assert as_("sales").get(url, {"order": claim}).status_code == 403
