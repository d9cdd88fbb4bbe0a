"""The order on paper: what stands of it, at which price, arriving when; in the customer's language; for who may see its prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import translation

from oms.access.services import create_partner_key
from oms.company.selectors import company
from orders.approval.services import Decision, decide
from orders.desk.documents import confirmation_data
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import save_draft, submit
from orders.models import Order, OrderLine
from orders.planning.selectors import last_promises
from tests.orders.entry.test_drafts import TYPED
from tests.world import World


def entered(world: World, *lines: tuple[str, int], freight: int = 0) -> Order:
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", customer_po="4711", instructions="Ring twice",
                           charges=(ChargeRequest("Freight", Decimal(freight)),) if freight else ())  # fmt: skip
    return Order.objects.get(number=submit(request, by=world.sales).number)


def data(order: Order) -> dict[str, Any]:
    order = Order.objects.select_related("customer", "ship_to", "currency").get(pk=order.pk)
    lines = list(OrderLine.objects.filter(order=order).select_related("product").order_by("position"))
    return confirmation_data(order, lines, last_promises([x.pk for x in lines]), company())


def test_what_was_cut_is_not_confirmed_and_sums_are_of_what_stands(world: World) -> None:
    order = entered(world, ("A", 80), ("B", 5), freight=8)
    assert data(order)["title"] == f"Order {order.number}, not confirmed yet" and data(order)["pay"]
    a, b = order.lines.get(position=1).pk, order.lines.get(position=2).pk
    decide(order.pk, {a: Decision(70, 10, "no_stock"), b: Decision(5)}, by=world.approver)
    found = data(order)
    assert found["title"] == f"Order confirmation {order.number}" and not found["pay"]
    assert [(x[0], x[2], x[6]) for x in found["lines"]] == [("Adjustable spanner", "70", "700.00"), ("Ball hammer", "5", "100.00"), ("Freight", "1", "8.00")]
    assert all(x[5] for x in found["lines"][:2]) and found["lines"][2][5] == ""
    assert [x[1] for x in found["totals"]] == ["808.00", "161.60", "969.60"] and found["notes"] == ["Ring twice"]


def test_a_german_customer_reads_german(world: World) -> None:
    world.customer.language = "de"
    world.customer.save()
    found = data(entered(world, ("A", 2), ("C", 900)))
    assert found["title"].startswith("Auftrag") and found["heads"][:2] == ["Artikel", "Menge"]
    assert found["lines"][0][3] == "10,00" and translation.get_language() == "en"


def test_on_the_page_and_by_the_api_for_who_may_see_prices(world: World) -> None:
    order = entered(world, ("A", 2))
    url = reverse("orders:order-confirmation", args=[order.number])
    for role, status in (("sales", 200), ("partner", 200), ("warehouse", 403)):
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(url)
        assert answer.status_code == status and (status != 200 or answer.content.startswith(b"%PDF"))
        shown = client.get(reverse("orders:order-detail", args=[order.number])).content.decode()
        assert (url in shown) == (status == 200)
    _row, secret = create_partner_key(world.partner.pk, "test", ["orders"], by=world.system)
    machine = Client(headers={"Authorization": f"Bearer {secret}"})
    assert machine.get(reverse("api:order-confirmation", args=[order.number])).content.startswith(b"%PDF")
    assert machine.get(reverse("api:order-confirmation", args=["SO9999999"])).status_code == 404


def test_a_draft_is_not_confirmed(world: World) -> None:
    number = save_draft(TYPED, by=world.sales).number
    client = Client()
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("orders:order-confirmation", args=[number])).status_code == 409
