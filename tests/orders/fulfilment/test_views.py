"""Pages of the warehouse: picking by scanner, what became of a shipment, documents, discrepancies."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from oms.company.selectors import company
from orders.fulfilment.documents import label_data, slip_data
from orders.models import Allocation, Arrival, Discrepancy, DiscrepancyClearing
from tests.orders.fulfilment.test_facts import gone, released
from tests.orders.fulfilment.test_steps import shipped, status
from tests.world import World


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_picking_one_thing_at_a_time_with_a_mark_for_right_and_wrong(world: World) -> None:
    _made, shipment = released(world, 30)
    url, client = reverse("orders:shipment-pick", args=[shipment.number]), as_(world.warehouse)
    page = client.get(url)
    assert b'data-scan=""' in page.content and b">30<" in page.content
    line = shipment.lines.get().pk
    wrong = client.post(url, {"line": line, "quantity": "30", "code": "B"})
    assert wrong.status_code == 400 and b'data-scan="wrong"' in wrong.content and Allocation.objects.get().picked == 0
    right = client.post(url, {"line": line, "quantity": "20", "code": "A"}, follow=True)
    assert b'data-scan="right"' in right.content and b">10<" in right.content and Allocation.objects.get().picked == 20
    client.post(reverse("orders:shipment-short", args=[shipment.number]), {"line": line, "quantity": "10", "reason": "broken"})
    assert status(shipment) == "picked"
    client.post(reverse("orders:shipment-pack", args=[shipment.number]))
    assert status(shipment) == "packed"
    assert as_(world.sales).get(url).status_code == 403


def test_what_became_of_a_shipment_is_said_on_its_page(world: World) -> None:
    _made, shipment = shipped(world)
    client = as_(world.warehouse)
    assert client.post(reverse("orders:shipment-failed", args=[shipment.number]), {"reason": ""}).status_code == 400
    client.post(reverse("orders:shipment-failed", args=[shipment.number]), {"reason": "closed"})
    assert status(shipment) == "failed" and b"The goods are back" in client.get(reverse("orders:shipment-detail", args=[shipment.number])).content
    client.post(reverse("orders:shipment-back", args=[shipment.number]))
    assert status(shipment) == "came_back" and Arrival.objects.get().kind == "undelivered"


def test_picking_list_and_packing_slip_are_pdfs(world: World) -> None:
    _made, shipment = released(world, 30)
    for name, user in (("shipment-list-pdf", world.warehouse), ("shipment-slip-pdf", world.warehouse), ("shipment-slip-pdf", world.partner)):
        answer = as_(user).get(reverse(f"orders:{name}", args=[shipment.number]) + "?prices=1")
        assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")


def test_the_label_says_to_whom_and_carries_what_the_scanner_reads(world: World) -> None:
    _made, shipment = released(world, 30)
    data = label_data(shipment, company())
    assert (data["code"], data["to"][0]) == (shipment.number, shipment.order.ship_to.name)
    shipment.tracking_number = "XP77FR"
    assert label_data(shipment, company())["code"] == "XP77FR" and "<svg" in data["barcode"]
    for url in (reverse("orders:shipment-label-pdf", args=[shipment.number]), reverse("orders:shipment-slip-pdf", args=[shipment.number]) + "?label=1"):
        assert as_(world.warehouse).get(url).content.startswith(b"%PDF")
    page = as_(world.warehouse).get(reverse("orders:shipment-detail", args=[shipment.number])).content.decode()
    assert "Slip and label" in page


def test_prices_stand_on_a_slip_only_where_asked_for(world: World) -> None:
    _made, shipment = released(world, 30)
    assert len(slip_data(shipment, company(), False)["heads"]) == 3
    assert slip_data(shipment, company(), True)["lines"][0][-1] == "300.00"


def test_a_discrepancy_is_cleared_from_its_page(world: World) -> None:
    (found,) = gone(world, 20, order="SO1").discrepancies
    url = reverse("orders:discrepancy-detail", args=[found.number])
    assert b"left Lyon without approval" in as_(world.warehouse).get(url).content
    assert as_(world.sales).get(url).status_code == 404
    as_(world.warehouse).post(reverse("orders:discrepancy-back", args=[found.number]), {"quantity": "5"})
    as_(world.warehouse).post(reverse("orders:discrepancy-write-off", args=[found.number]), {"reason": "lost"})
    assert (Discrepancy.objects.get().cleared, DiscrepancyClearing.objects.count()) == (5, 1)
    assert b"waits for its second person" in as_(world.manager).get(url).content
    listed = as_(world.manager).get(reverse("orders:discrepancy-list"))
    assert found.number.encode() in listed.content
