"""Pages of returns: asked for by the customer, decided, received, disposed of and settled by staff, through the browser's posts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.access.services import create_user
from orders.models import Return, ReturnLine, ReturnSettlement, ShipmentLine
from orders.returns.services import Item
from tests.orders.returns.test_services import asked, sold, stock
from tests.world import World


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_whole_way_on_its_pages(world: World) -> None:
    order = sold(world, 20)
    source = ShipmentLine.objects.get().pk
    partner = as_(world.partner)
    url = reverse("orders:return-new") + f"?order={order.number}"
    assert b"20" in partner.get(url).content
    refused = partner.post(url, {f"quantity-{source}": "21", f"reason-{source}": "damaged", f"wanted-{source}": "credit"})
    assert refused.status_code == 409 and b"21 asked, 20 may come back" in refused.content and b'value="21"' in refused.content
    assert not Return.objects.exists()
    partner.post(url, {f"quantity-{source}": "6", f"reason-{source}": "damaged", f"wanted-{source}": "credit"})
    made, line = Return.objects.get(), ReturnLine.objects.get().pk

    def do(user: Any, step: str, **post: str) -> int:
        return int(as_(user).post(reverse(f"orders:return-{step}", args=[made.number]), post).status_code)

    assert do(world.partner, "authorise") == 403
    assert do(world.approver, "authorise", **{f"quantity-{line}": "6"}) == 302
    assert do(world.partner, "send", tracking="RX9") == 302
    assert do(world.warehouse, "receive", **{f"quantity-{line}": "6"}) == 302
    assert stock(world) == (86, 0, 6, 80)
    assert do(world.warehouse, "inspect", **{f"finding-{line}": "as_new"}) == 302
    assert do(world.warehouse, "dispose", **{f"restock-{line}": "5"}) == 400
    assert do(world.warehouse, "dispose", **{f"restock-{line}": "5", f"scrap-{line}": "1"}) == 302
    assert do(world.finance, "settle", **{f"kind-{line}": "credit", f"fee-{line}": "nan"}) == 400
    assert do(world.finance, "settle", **{f"kind-{line}": "credit", f"fee-{line}": "1,50"}) == 302
    assert ReturnSettlement.objects.values_list("net", "fee").get() == (Decimal("60.00"), Decimal("1.50"))
    page = as_(world.finance).get(reverse("orders:return-detail", args=[made.number]))
    assert b"60.00" in page.content and b"settled the return" in page.content
    listed = as_(world.sales).get(reverse("orders:return-list"))
    assert made.number.encode() in listed.content and b"Settled" in listed.content


def test_the_warehouse_sees_no_prices(world: World) -> None:
    sold(world, 20)
    made, _lines = asked(world, Item("A", 6, "damaged"))
    page = as_(world.warehouse).get(reverse("orders:return-detail", args=[made.number]))
    assert page.status_code == 200 and b"60.00" not in page.content


def test_a_return_of_somebody_else_is_not_found(world: World) -> None:
    sold(world, 20)
    made, _lines = asked(world, Item("A", 6, "damaged"))
    other = create_user("pia", by=world.system, password="a-Test-password-9", roles=["partner"], email="pia@example.com")
    for name in ("return-detail", "return-slip"):
        assert as_(other).get(reverse(f"orders:{name}", args=[made.number])).status_code == 404


def test_the_slip_is_a_pdf_that_names_the_return(world: World) -> None:
    sold(world, 20)
    made, _lines = asked(world, Item("A", 6, "damaged"))
    answer = as_(world.partner).get(reverse("orders:return-slip", args=[made.number]))
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")


@pytest.mark.parametrize("role", ["sales", "approver", "manager", "finance", "warehouse", "partner"])
def test_every_role_opens_list_and_return_in_few_statements(world: World, role: str, django_assert_max_num_queries: Any) -> None:
    sold(world, 20)
    made, _lines = asked(world, Item("A", 6, "damaged"), Item("A", 1, "unwanted"))
    client = as_(getattr(world, role))
    with django_assert_max_num_queries(20):
        assert client.get(reverse("orders:return-detail", args=[made.number])).status_code == 200
    with django_assert_max_num_queries(14):
        assert client.get(reverse("orders:return-list")).status_code == 200
