"""Real processes killed in the middle: what was committed is delivered, once; what was not committed never was.

These tests kill processes of the session's application and put them back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from oms.events.outbox import drain_consumer
from oms.events.tasks import drain
from orders.fulfilment.services import release, ship
from orders.models import Order
from payments.models import Invoice, ReceivableEntry
from tests.oms.events.conftest import rows
from tests.stack import PROCESSES


@pytest.fixture
def stack(live_stack: Any) -> Iterator[Any]:
    """The running application; whatever a test killed runs again afterwards."""
    yield live_stack
    for name in PROCESSES:
        if name not in live_stack.children:
            live_stack.start(name)


def released(stack: Any, units: int = 3) -> tuple[Order, int]:
    """An order over HTTP whose only shipment waits in the warehouse."""
    product = stack.product(units)
    reply = stack.order({"lines": [{"sku": product.sku, "quantity": str(units)}], "customer": "ACME"})
    order = Order.objects.get(number=reply.json["number"])
    return order, release([order.pk], by=stack.world.manager)[0]


def deliveries(shipment: int) -> list[tuple[Any, ...]]:
    """(consumer, status, attempts) of what invoicing was told about the shipment's goods issue."""
    return rows(
        "SELECT d.consumer, d.status, d.attempts FROM oms_delivery d JOIN oms_event e ON e.id = d.event_id "
        "JOIN oms_eventsubject s ON s.event_id = e.id AND s.kind = 'shipment' AND s.object_id = %s "
        "WHERE e.name = 'shipment.shipped' AND d.consumer = 'orders.invoicing'", shipment,
    )  # fmt: skip


def invoiced(order: Order) -> tuple[int, int, int]:
    """(invoices, entries of the subledger, units invoiced) of an order."""
    invoices = list(Invoice.objects.filter(order_id=order.pk).values_list("pk", flat=True))
    entries = ReceivableEntry.objects.filter(kind="invoice", document_id__in=invoices).count()
    return len(invoices), entries, order.lines.get().quantity_invoiced


BUSY = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'oms_worker' AND datname = current_database() AND {}"


def test_a_worker_killed_in_the_middle_of_an_event_loses_nothing_and_does_nothing_twice(stack: Any, superuser: Any) -> None:
    order, shipment = released(stack)
    with superuser() as holder, superuser() as watch:
        with holder.transaction():
            # A lock without a transaction id: an open one would hold back the relay, as it should.
            holder.execute("LOCK TABLE oms_numberseries IN EXCLUSIVE MODE")
            ship(shipment, by=stack.world.warehouse)
            stack.wait_for(lambda: watch.execute(BUSY.format("wait_event_type = 'Lock'")).fetchone()[0] == 1)
            stack.kill("worker")
            assert invoiced(order) == (0, 0, 0)
        stack.wait_for(lambda: watch.execute(BUSY.format("application_name <> 'relay' AND xact_start IS NOT NULL")).fetchone()[0] == 0)
    assert invoiced(order) == (0, 0, 0), "what the killed worker had written went with it"
    ((_who, status, tried),) = deliveries(shipment)
    assert status == "new" and tried >= 1, "the attempt was counted before the work"
    stack.start("worker")
    stack.wait_for(lambda: invoiced(order) == (1, 1, 3), 30)  # its lease and the next sweep, no longer
    assert deliveries(shipment) == [("orders.invoicing", "done", tried + 1)]
    drain("orders.invoicing")
    assert drain_consumer("orders.invoicing") == (0, []) and invoiced(order) == (1, 1, 3)


def test_rings_lost_with_the_broker_are_rung_again_by_the_sweep(stack: Any) -> None:
    stack.kill("worker")
    order, shipment = released(stack)
    ship(shipment, by=stack.world.warehouse)
    stack.wait_for(lambda: deliveries(shipment) and any(b"orders.invoicing" in ring for ring in stack.broker().lrange(stack.queue, 0, -1)))
    stack.broker().flushall()
    assert not any(b"orders.invoicing" in ring for ring in stack.broker().lrange(stack.queue, 0, -1))
    assert deliveries(shipment) == [("orders.invoicing", "new", 0)]
    stack.start("worker")
    stack.wait_for(lambda: invoiced(order) == (1, 1, 3))
    assert deliveries(shipment) == [("orders.invoicing", "done", 1)]


def test_a_relay_killed_and_started_again_delivers_everything_once(stack: Any) -> None:
    before, during = released(stack), [released(stack) for _n in range(4)]
    ship(before[1], by=stack.world.warehouse)
    stack.kill("relay")
    for _order, shipment in during:
        ship(shipment, by=stack.world.warehouse)
    assert [deliveries(shipment) for _order, shipment in during] == [[]] * 4
    stack.start("relay")
    for order, shipment in [before, *during]:
        stack.wait_for(lambda order=order: invoiced(order) == (1, 1, 3))
        assert deliveries(shipment) == [("orders.invoicing", "done", 1)]


def test_after_all_that_every_invariant_holds(stack: Any, capsys: Any) -> None:
    stack.wait_for(lambda: not rows("SELECT FROM oms_delivery WHERE status = 'new'"))
    call_command("verify")
    said = capsys.readouterr().out
    assert "bad" not in said, said
