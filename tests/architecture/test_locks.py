"""One lock order (ARCHITECTURE.md rule 3), watched row by row while the whole way from order to cash is walked.

After every statement a second connection asks the server (extension pgrowlocks) which rows the first holds. What is
newly held must not come before what was held: neither of a kind above it, nor of the same kind with a smaller id.
Key shares of foreign keys do not count: nobody waits for them, since every lock is FOR NO KEY UPDATE.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from inventory.models import Balance
from inventory.stock.services import Counted, count
from inventory.transfers.services import (
    Arrived,
    Sent,
    Wanted,
    correct_shipped,
    receive_transfer,
    request_transfer,
    ship_transfer,
)
from oms.events.tasks import drain_all
from orders.approval.services import Decision, decide
from orders.book.locks import lock_order, lock_orders
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, cancel_rest, recall, submit
from orders.fulfilment.services import cancel_shipment, release, ship
from orders.holds.services import QuotaRow, set_quotas
from orders.models import Order, Shipment
from orders.planning.services import run as plan
from tests.journeys import test_order_to_cash as journey
from tests.world import World

ORDER = (
    "inventory_transfer", "inventory_transferline", "orders_order", "orders_orderline", "orders_shipment", "payments_invoice", "payments_payment", "payments_bankline",
    "payments_creditaccount", "orders_quota", "inventory_availability", "inventory_balance", "oms_numberseries",
)  # fmt: skip

HELD = (
    "SELECT {rank}, '{table}', t.{key}::text, r.locker::text FROM pgrowlocks('{table}') r JOIN {table} t ON t.ctid = r.locked_row "
    "WHERE %(pid)s = ANY(r.pids) AND NOT r.modes <@ ARRAY['Key Share', 'For Key Share']"
)
KEYS = """
SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indisprimary
"""


class Watch:
    """Follows one connection; `faults` are sentences about locks taken out of order, `seen` the kinds that were locked."""

    def __init__(self, server: psycopg.Connection[Any]) -> None:
        self.server = server
        keys = dict(server.execute(KEYS).fetchall())
        self.sql = " UNION ALL ".join(
            HELD.format(rank=rank, table=table, key=keys[table]) for rank, table in enumerate(ORDER) if table in keys
        )
        self.held: dict[tuple[int, str], str] = {}
        self.locker = ""
        self.seen: set[str] = set()
        self.faults: list[str] = []
        self.statements = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if any(word in str(sql).upper() for word in ("UPDATE", "INSERT", "DELETE")):
            self.look(str(sql))
        return answer

    def look(self, sql: str) -> None:
        """Compare what is held now with what was held before this statement."""
        self.statements += 1
        pid = connection.connection.info.backend_pid
        rows = self.server.execute(self.sql, {"pid": pid}).fetchall()
        now = {(rank, key): table for rank, table, key, _locker in rows}
        locker = rows[0][3] if rows else ""
        if locker != self.locker:
            self.held, self.locker = {}, locker
        new = {row: table for row, table in now.items() if row not in self.held}
        for (rank, key), table in new.items():
            self.seen.add(table)
            before = [(r, k) for r, k in self.held if r > rank or (r == rank and order_of(k) > order_of(key))]
            if before:
                names = sorted(f"{self.held[row]} {row[1]}" for row in before)
                self.faults.append(f"{table} {key} after {', '.join(names)}: {' '.join(sql.split())[:160]}")
        self.held.update(new)


def order_of(key: str) -> tuple[int, str]:
    """Keys sort as numbers where they are."""
    return (int(key), "") if key.isdigit() else (0, key)


@contextmanager
def watched(superuser: Any) -> Iterator[Watch]:
    """Everything Django's connection does inside is watched."""
    with superuser() as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pgrowlocks")
        watch = Watch(server)
        with connection.execute_wrapper(watch):
            yield watch


@pytest.fixture
def world(live_db: str) -> World:
    return World.make()


def enter(world: World, *lines: tuple[str, int]) -> Order:
    """An order entered by sales."""
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web")
    return Order.objects.get(number=submit(request, by=world.sales).number)


def test_from_order_to_cash_locks_are_taken_in_one_order(world: World, superuser: Any, capsys: Any) -> None:
    with watched(superuser) as watch:
        journey.test_from_order_to_cash(world, capsys)
    assert not watch.faults, "\n".join(watch.faults)
    assert watch.seen >= set(ORDER) - {"orders_quota", "inventory_transfer", "inventory_transferline"}
    assert watch.statements > 150


def test_what_goes_back_takes_its_locks_in_the_same_order(world: World, superuser: Any) -> None:
    """Cut, cancelled, taken back, counted, planned anew: several orders and products at once, in whatever order asked."""
    year = (date.today() - timedelta(days=9), date.today() + timedelta(days=300))
    set_quotas([QuotaRow(world.products[sku].pk, "", world.customer.pk, "", None, None, *year, 500) for sku in ("B", "A")], by=world.manager)
    with watched(superuser) as watch:
        orders = [enter(world, ("C", 5), ("A", 20)), enter(world, ("A", 20), ("B", 4)), enter(world, ("B", 8), ("A", 60), ("C", 30))]
        lines = list(orders[2].lines.order_by("-pk"))
        decide(orders[2].pk, {x.pk: Decision(x.quantity_ordered - 2, 2, "no_stock") for x in lines}, by=world.approver)
        shipments = release([o.pk for o in reversed(orders)], by=world.manager)
        for shipment in shipments[:2]:
            cancel_shipment(shipment, "wrong day", by=world.warehouse)
        for balance in Balance.objects.order_by("-pk")[:1]:
            count(balance.location_id, [Counted(balance.product_id, "", "", balance.on_hand + 7)], by=world.warehouse)
        plan(lambda done, total: None, by=world.manager, slot="test")
        cancel(enter(world, ("A", 5), ("C", 1)).pk, "not wanted", by=world.sales)
        recall(enter(world, ("C", 30)).pk, by=world.sales)
        cancel(orders[1].pk, "not wanted", by=world.sales)
        less = Amendment(tuple(LineChange(x.pk, quantity=1) for x in lines), (LineRequest("B", Decimal(1)), LineRequest("A", Decimal(3))))
        orders[2].refresh_from_db()
        amend(orders[2].pk, less, by=world.sales, version=orders[2].version)
        ship(Shipment.objects.filter(order=orders[2], status="released").order_by("pk").first().pk, by=world.warehouse)
        cancel_rest(orders[2].pk, "not wanted", by=world.sales)
        drain_all()
    assert not watch.faults, "\n".join(watch.faults)
    assert {"orders_order", "orders_orderline", "orders_shipment", "orders_quota", "inventory_availability", "inventory_balance"} <= watch.seen


def test_a_transfer_is_locked_before_the_orders_that_lose_what_it_takes(world: World, superuser: Any) -> None:
    held = enter(world, ("A", 45))
    release([held.pk], by=world.manager, early=True)
    product = world.products["A"].pk
    with watched(superuser) as watch:
        made = request_transfer(world.lyon, world.turin, [Wanted(product, 55)], by=world.warehouse)
        ship_transfer(made.pk, [Sent(product, 80)], by=world.warehouse)
        receive_transfer(made.pk, [Arrived(product, 70)], by=world.warehouse, last=True)
        correct_shipped(made.pk, product, -10, by=world.warehouse)
    assert not watch.faults, "\n".join(watch.faults)
    assert {"inventory_transfer", "inventory_transferline", "orders_order", "inventory_availability", "inventory_balance"} <= watch.seen
    assert held.lines.get().quantity_allocated == 20


def test_cancelling_what_is_released_locks_its_shipments_before_the_account(world: World, superuser: Any) -> None:
    order, partly = enter(world, ("A", 20), ("B", 4)), enter(world, ("A", 10))
    shipments = release([order.pk, partly.pk], by=world.manager)
    goods = Shipment.objects.get(pk=shipments[-1])
    ship(goods.pk, {goods.lines.get().pk: 4}, by=world.warehouse)
    with watched(superuser) as watch:
        cancel(order.pk, "not wanted", by=world.sales)
        cancel_rest(partly.pk, "not wanted", by=world.sales)
    assert not watch.faults, "\n".join(watch.faults)
    assert {"orders_shipment", "payments_creditaccount"} <= watch.seen


def test_a_counter_before_its_document_is_seen(world: World, superuser: Any) -> None:
    order = enter(world, ("A", 20))
    with watched(superuser) as watch, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE payments_creditaccount SET reserved = reserved")
        lock_order(order.pk)
    (fault,) = watch.faults
    assert fault.startswith(f"orders_order {order.pk} after payments_creditaccount {world.account.pk}: SELECT")


def test_a_smaller_key_after_a_larger_is_seen(world: World, superuser: Any) -> None:
    first, second = enter(world, ("A", 1)), enter(world, ("A", 1))
    with watched(superuser) as watch, transaction.atomic():
        lock_orders([second.pk, first.pk])
    assert not watch.faults, "\n".join(watch.faults)
    with watched(superuser) as watch, transaction.atomic():
        lock_order(second.pk)
        lock_order(first.pk)
    assert [fault.split(":")[0] for fault in watch.faults] == [f"orders_order {first.pk} after orders_order {second.pk}"]
