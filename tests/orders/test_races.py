"""Many at once on the same units, orders and shipments. Each race has a red control: the guard gone, it oversells.

Threads meet behind a lock (tests/racing.py), so that all have read before any writes.
"""

from __future__ import annotations

import random
import time
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum

from inventory.catalog.services import ProductRow, upsert_products
from inventory.models import Availability, Balance, Product
from inventory.stock.services import availability
from inventory.stock.services.facts import Opening, set_opening
from oms.kernel.errors import Conflict, Unavailable
from orders.approval import services as approval
from orders.approval.services import Decision, decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import Key, Replayed, cancel, submission, submit
from orders.entry.services import steps as entry_steps
from orders.fulfilment.services import release, ship
from orders.fulfilment.services import shipping as fulfilment
from orders.models import Approval, Order, OrderLine, Price, PriceList, ScheduleLine, Shipment
from payments.models import CreditAccount
from tests.racing import at_once, deadlocks, race, unlocked
from tests.world import World, make_customer, open_account

THREADS = 16


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


def stock(world: World, units: int, *skus: str) -> list[Product]:
    """New products at price 10 with `units` each in LYON."""
    upsert_products([ProductRow(sku, f"Product {sku}") for sku in skus], by=world.system)
    made = list(Product.objects.filter(sku__in=skus).order_by("pk"))
    base = PriceList.objects.get(code="BASE")
    Price.objects.bulk_create(Price(price_list=base, product=p, unit_price=10) for p in made)
    set_opening([Opening(p.pk, world.lyon, "", "", None, units) for p in made], by=world.system)
    return made


def enter(world: World, *lines: tuple[str, int], customer: str = "ACME", external_id: str = "", **more: Any) -> Order:
    """An order entered by sales."""
    request = EntryRequest(customer, tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", external_id=external_id)
    return Order.objects.get(number=submit(request, by=world.sales, **more).number)


def errors(answers: list[Any]) -> list[Any]:
    """What was raised: codes of refusals, else the errors."""
    return [getattr(a, "code", a) for a in answers if isinstance(a, Exception)]


def gone(superuser: Any, *statements: str) -> None:
    """Take guards away, as the superuser."""
    with superuser() as server:
        for statement in statements:
            server.execute(statement)


def quicker(superuser: Any, setting: str, value: str) -> None:
    """A shorter limit for the connections opened on this database from now on (role settings win over it otherwise)."""
    name = connection.settings_dict["NAME"]
    gone(superuser, *(f"ALTER ROLE {role} IN DATABASE \"{name}\" SET {setting} = '{value}'" for role in ("oms_app", "postgres")))
    connection.close()


# One hundred units for sixteen orders of seven


CELLS = ("SELECT FROM inventory_availability FOR UPDATE",)
NAIVE = """
WITH b AS (SELECT * FROM {source}),
u AS (
    UPDATE inventory_availability a
    SET free = (SELECT array_agg(f + d ORDER BY i) FROM unnest(a.free, b.delta) WITH ORDINALITY AS t(f, d, i))
    FROM b WHERE a.id = b.id
)
SELECT NULL, NULL, NULL, NULL, NULL, NULL FROM b WHERE false
"""


def hundred(world: World, superuser: Any) -> tuple[int, int, list[Any]]:
    """(units confirmed from stock, units free, what was refused) after sixteen orders of seven at once."""
    (product,) = stock(world, 100, "R")
    answers = race(superuser, CELLS, [lambda: enter(world, ("R", 7))] * THREADS)
    confirmed = ScheduleLine.objects.filter(product=product).aggregate(n=Sum("quantity"))["n"]
    return confirmed, Availability.objects.get(product=product).free[-1], errors(answers)


def test_sixteen_orders_confirm_exactly_what_there_is_and_backorder_the_rest(world: World, superuser: Any) -> None:
    assert hundred(world, superuser) == (100, 0, [])
    lines = OrderLine.objects.filter(product__sku="R")
    assert lines.count() == 16 and lines.aggregate(n=Sum("quantity_approved"))["n"] == 112
    assert CreditAccount.objects.get().reserved == Decimal("1344.00")
    assert deadlocks(superuser) == 0


def second_try_meets_a_first(world: World, superuser: Any) -> int:
    """Deadlocks where a second try and then a first one of the same customer and product wait for the cells."""
    (product,) = stock(world, 100, "R")
    assert product

    def second() -> None:
        submission._submit(EntryRequest("ACME", (LineRequest("R", Decimal(7)),), "web"), None, True, by=world.sales)

    def first() -> None:
        time.sleep(0.5)
        enter(world, ("R", 7))

    assert errors(race(superuser, CELLS, [second, first])) == []
    assert OrderLine.objects.filter(product__sku="R").aggregate(n=Sum("quantity_approved"))["n"] == 14
    return deadlocks(superuser)


def test_a_second_try_takes_the_account_before_the_cells_as_a_first_one_does(world: World, superuser: Any) -> None:
    assert second_try_meets_a_first(world, superuser) == 0


def test_with_the_cells_before_the_account_the_two_wait_for_each_other(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(submission, "lock_counters", lambda found: None)
    assert second_try_meets_a_first(world, superuser) == 1


def test_without_lock_and_wall_the_same_orders_oversell(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(availability, "BOOK", NAIVE)
    gone(superuser, "ALTER TABLE inventory_availability DROP CONSTRAINT availability_covered")
    assert hundred(world, superuser) == (112, -12, [])


def test_without_the_lock_alone_the_wall_refuses_what_is_too_much(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(availability, "BOOK", NAIVE)
    confirmed, free, refused = hundred(world, superuser)
    assert (confirmed, free, len(refused)) == (98, 2, 2)
    assert all(isinstance(error, IntegrityError) for error in refused)


def test_over_http_sixteen_orders_confirm_exactly_what_there_is(live_stack: Any) -> None:
    product = live_stack.product(100)
    body, _key = {"lines": [{"sku": product.sku, "quantity": "7"}], "customer": "ACME"}, live_stack.key
    replies = at_once([lambda: live_stack.order(body)] * THREADS)
    assert [r.status for r in replies] == [201] * THREADS
    assert sum(r.json["lines"][0]["promised"] for r in replies) == 100
    assert ScheduleLine.objects.filter(product=product).aggregate(n=Sum("quantity"))["n"] == 100
    assert Availability.objects.get(product=product).free == [0]


# Many lines in any order


def tangled(world: World) -> list[Any]:
    """Sixteen threads, a customer each, three orders of five products out of eight in random order each."""
    skus = [f"T{i}" for i in range(8)]
    stock(world, 60, *skus)
    for i in range(THREADS):
        open_account(make_customer(f"C{i}", f"Customer {i}", world.post), Decimal(10_000))

    def work(i: int) -> None:
        dice = random.Random(i)
        for _n in range(3):
            enter(world, *((sku, 2) for sku in dice.sample(skus, 5)), customer=f"C{i}")

    return at_once([lambda i=i: work(i) for i in range(THREADS)])  # type: ignore[misc]


def test_orders_of_many_lines_in_random_order_never_deadlock(world: World, superuser: Any) -> None:
    assert tangled(world) == [None] * THREADS
    assert deadlocks(superuser) == 0
    for cell in Availability.objects.filter(product__sku__startswith="T"):
        asked = OrderLine.objects.filter(product=cell.product_id).aggregate(n=Sum("quantity_ordered"))["n"]
        planned = ScheduleLine.objects.filter(product=cell.product_id).aggregate(n=Sum("quantity"))["n"]
        assert (planned, cell.free[-1]) == (min(asked, 60), 60 - planned)


def test_booked_one_after_the_other_in_random_order_they_do(world: World, superuser: Any, monkeypatch: Any) -> None:
    sorted_once = submission.book_stock

    def one_by_one(bookings: Any) -> None:
        for booking in random.sample(list(bookings), len(list(bookings))):
            sorted_once([booking])
            time.sleep(0.005)

    monkeypatch.setattr(submission, "book_stock", one_by_one)
    quicker(superuser, "deadlock_timeout", "20ms")
    tangled(world)
    assert deadlocks(superuser) > 0


# Two at once on one document


DOCUMENTS = ("SELECT FROM orders_order FOR UPDATE", "SELECT FROM orders_orderline FOR UPDATE")
WALLS = (
    "ALTER TABLE orders_orderline DROP CONSTRAINT line_approved_within_ordered, DROP CONSTRAINT line_issued_within_approved, "
    "DROP CONSTRAINT line_not_negative",
    "ALTER TABLE orders_allocation DROP CONSTRAINT allocation_quantities",
    *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in
      ("orders_order", "orders_orderline", "orders_ordertransition", "orders_allocation", "orders_shipment",
       "orders_shipmentline", "inventory_movement")),
)  # fmt: skip


def two_decide(world: World, superuser: Any) -> tuple[int, int, list[Any]]:
    """(units approved, decisions, refusals) when approver and manager approve 40 of the same 60 at once."""
    order = enter(world, ("A", 60))
    line = order.lines.get().pk
    works = [lambda by=by: decide(order.pk, {line: Decision(40)}, by=by) for by in (world.approver, world.manager)]
    answers = race(superuser, DOCUMENTS, works)
    return order.lines.get().quantity_approved, Approval.objects.count(), errors(answers)


def test_of_two_who_decide_one_order_the_second_sees_what_the_first_did(world: World, superuser: Any) -> None:
    assert two_decide(world, superuser) == (40, 1, ["above_pending"])
    assert ScheduleLine.objects.filter(kind="plan", order__live_plan__isnull=False).last().quantity == 40


def test_without_locks_the_check_refuses_the_second_decision(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, approval)
    assert two_decide(world, superuser) == (40, 1, ["above_ordered"])


def test_without_locks_and_walls_two_decide_the_same_units(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, approval)
    gone(superuser, *WALLS)
    assert two_decide(world, superuser)[:2] == (80, 2)


def two_release(world: World, superuser: Any) -> tuple[int, int, list[Any]]:
    """(units allocated, shipments, refusals) when one order of 30 is released twice at once."""
    order = enter(world, ("A", 30))
    answers = race(superuser, DOCUMENTS, [lambda: release([order.pk], by=world.manager)] * 2)
    return order.lines.get().quantity_allocated, Shipment.objects.count(), errors(answers)


def test_released_twice_at_once_an_order_has_one_shipment(world: World, superuser: Any) -> None:
    assert two_release(world, superuser) == (30, 1, [])
    assert Balance.objects.get(product=world.products["A"], location_id=world.lyon).allocated == 30
    assert Availability.objects.get(product=world.products["A"], location_id=world.lyon).free[-1] == 70


def test_without_locks_and_walls_it_is_allocated_twice(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, fulfilment)
    monkeypatch.setattr(fulfilment, "gates", lambda orders: {})  # asks the credit account under its lock
    gone(superuser, *WALLS)
    assert two_release(world, superuser) == (60, 2, [])


def two_ship(world: World, superuser: Any) -> tuple[int, int, list[Any]]:
    """(units on hand, units shipped, refusals) when one shipment of 30 leaves twice at once, beside another of 30."""
    order, beside = enter(world, ("A", 30)), enter(world, ("A", 30))
    (shipment, _other) = release([order.pk, beside.pk], by=world.manager)
    answers = race(superuser, DOCUMENTS, [lambda: ship(shipment, by=world.warehouse)] * 2)
    left = Balance.objects.get(product=world.products["A"], location_id=world.lyon).on_hand
    return left, order.lines.get().quantity_shipped, errors(answers)


def test_shipped_twice_at_once_goods_leave_once(world: World, superuser: Any) -> None:
    assert two_ship(world, superuser) == (70, 30, ["illegal_transition"])


def test_without_locks_and_walls_they_leave_twice(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, fulfilment)
    gone(superuser, *WALLS)
    assert two_ship(world, superuser) == (40, 60, [])


def test_cancelled_and_released_at_once_nothing_of_it_stays_in_the_warehouse(world: World, superuser: Any) -> None:
    order = enter(world, ("A", 30))
    works = [lambda: cancel(order.pk, "not wanted", by=world.sales), lambda: release([order.pk], by=world.manager)]
    assert errors(race(superuser, DOCUMENTS, works)) == []
    order.refresh_from_db()
    assert (order.status, order.lines.get().quantity_allocated) == ("cancelled", 0)
    assert not Shipment.objects.exclude(status="cancelled").exists()
    assert Availability.objects.get(product=world.products["A"], location_id=world.lyon).free[-1] == 100
    assert Balance.objects.get(product=world.products["A"], location_id=world.lyon).allocated == 0


def test_without_locks_and_walls_a_cancelled_order_is_with_the_warehouse(world: World, superuser: Any, monkeypatch: Any) -> None:
    """What two unlocked threads do when they do not deadlock: cancel decides on what it read before the release."""
    order = enter(world, ("A", 30))
    read = [Order.objects.get(pk=order.pk)], list(order.lines.all())
    release([order.pk], by=world.manager)
    monkeypatch.setattr(entry_steps, "lock_order", lambda pk: read[0][0])
    monkeypatch.setattr(entry_steps, "lock_lines", lambda ids: read[1])
    with pytest.raises(Conflict) as refused:
        cancel(order.pk, "not wanted", by=world.sales)
    assert refused.value.code == "above_approved"
    gone(superuser, *WALLS)
    cancel(order.pk, "not wanted", by=world.sales)
    order.refresh_from_db()
    assert (order.status, order.lines.get().quantity_allocated) == ("cancelled", 30)


# One key


def same_key(world: World, external_id: str = "") -> tuple[int, list[Any], list[Any]]:
    """(orders, answers, refusals) of twenty submissions with the same key and body at once."""
    key = Key("same", b"1" * 32, lambda answer: answer.number.encode())
    answers = at_once([lambda: enter(world, ("A", 1), key=key, external_id=external_id).number] * 20)
    said = [a.body.decode() if isinstance(a, Replayed) else a for a in answers]
    return Order.objects.count(), said, [a for a in said if isinstance(a, Exception)]


@pytest.mark.parametrize("external_id", ["", "E-1"])
def test_the_same_key_twenty_times_at_once_is_one_order_and_one_answer(world: World, external_id: str) -> None:
    """Also when what they meet first is the order's other unique number."""
    count, said, refused = same_key(world, external_id)
    assert (count, refused) == (1, [])
    assert set(said) == {Order.objects.get().number}


def test_without_its_unique_key_it_is_many(world: World, superuser: Any) -> None:
    gone(superuser, "ALTER TABLE oms_idempotencykey DROP CONSTRAINT idempotency_key_once")
    assert same_key(world)[0] > 1


def test_over_http_the_same_key_twenty_times_at_once_is_one_order(live_stack: Any) -> None:
    product, key = live_stack.product(50), str(uuid.uuid4())
    body = {"lines": [{"sku": product.sku, "quantity": "3"}]}
    assert live_stack.key
    replies = at_once([lambda: live_stack.order({**body, "customer": "ACME"}, key)] * 20)
    assert {r.status for r in replies} <= {201, 409} and 201 in {r.status for r in replies}
    assert all("Retry-After" in r.headers for r in replies if r.status == 409)
    assert len({r.body for r in replies if r.status == 201}) == 1
    assert sum("Idempotent-Replayed" not in r.headers for r in replies if r.status == 201) == 1
    assert OrderLine.objects.filter(product=product).count() == 1
    assert Availability.objects.get(product=product).free == [47]
    assert live_stack.order({**body, "customer": "ACME", "instructions": "other"}, key).status == 422


# Who has to wait


def busy(superuser: Any, hold: str, work: Any) -> tuple[str, int]:
    """Code and HTTP status of what is refused while somebody holds a lock for long."""
    quicker(superuser, "lock_timeout", "200ms")
    with superuser() as holder, holder.transaction():
        holder.execute(hold)
        with pytest.raises(Unavailable) as refused:
            work()
    return refused.value.code, refused.value.status


def test_who_waits_too_long_for_a_lock_is_told_to_try_again(world: World, superuser: Any) -> None:
    order = enter(world, ("A", 30))
    assert busy(superuser, DOCUMENTS[0], lambda: release([order.pk], by=world.manager)) == ("busy", 503)
    assert busy(superuser, CELLS[0], lambda: enter(world, ("A", 1))) == ("busy", 503)
    assert (Shipment.objects.count(), Order.objects.count()) == (0, 1)


def test_an_order_that_met_a_deadlock_is_entered_again(world: World, superuser: Any, monkeypatch: Any) -> None:
    """The hot path retries the whole transaction like every use case (here the first attempt is the victim)."""
    met, write = [], submission._write

    def once(*args: Any) -> None:
        write(*args)
        if not met:
            met.append(True)
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$")

    monkeypatch.setattr(submission, "_write", once)
    order = enter(world, ("A", 30))
    assert met and order.status == "approved" and Order.objects.count() == 1
    assert Availability.objects.get(product=world.products["A"], location_id=world.lyon).free[-1] == 70
