"""The database refuses the impossible, whoever asks: around the services, and with triggers said to be off."""

import threading
import time

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction

from inventory.stock.domain import ALREADY
from inventory.stock.models import Availability, Movement
from inventory.stock.selectors import cells_for
from inventory.stock.services import Booking, Received, availability, book, book_by_day, receive, set_opening
from oms.events.services import command, current
from oms.kernel.errors import Conflict
from tests.inventory.conftest import build


@pytest.fixture
def stocked(house):
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system)
    return house


def refused(sql, parameters=()):
    """The name of the constraint that refuses `sql`, at the latest at commit."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
        connection.check_constraints()
    return error.value.__cause__.diag.constraint_name


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", ["on_hand = on_hand + 1", "blocked = 1", "version = version + 1", "on_hand = 11, version = version + 1"]
)
def test_no_balance_moves_without_its_movements(stocked, change):
    assert refused(f"UPDATE inventory_balance SET {change}") == "balance_moves_by_ledger"
    assert (stocked.amounts(), stocked.balance().version) == ((10, 0, 0), 1)


@pytest.mark.django_db
def test_no_balance_is_born_with_stock(house):
    sql = "INSERT INTO inventory_balance (product_id, location_id, on_hand) VALUES (%s, %s, 5)"
    assert refused(sql, [house.bolt, house.south]) == "balance_moves_by_ledger"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "constraint"),
    [("allocated = 11", "balance_covered"), ("allocated = 6, blocked = 5", "balance_covered"),
     ("allocated = -1", "balance_not_negative"), ("on_hand = -1", "balance_covered")],
)  # fmt: skip
def test_no_balance_holds_more_than_lies_there(stocked, change, constraint):
    assert refused(f"UPDATE inventory_balance SET {change}") == constraint


@pytest.mark.django_db
def test_no_movement_takes_a_version_twice(stocked):
    sql = """
    INSERT INTO inventory_movement (balance_id, product_id, location_id, kind, quantity, version, occurred_at, event_id)
    SELECT balance_id, product_id, location_id, 'adjust', 1, version, now(), event_id FROM inventory_movement
    """
    assert refused(sql) == "movement_version_once"


@pytest.mark.django_db
def test_no_issue_without_an_order_line(stocked):
    sql = """
    INSERT INTO inventory_movement (balance_id, product_id, location_id, kind, quantity, version, occurred_at, event_id)
    SELECT balance_id, product_id, location_id, 'issue', -1, 2, now(), event_id FROM inventory_movement
    """
    assert refused(sql) == "movement_issue_names_line"


@pytest.mark.django_db
@pytest.mark.parametrize("free", ["{-1}", "{1,2}", "{}"])
def test_no_cell_is_short_or_of_other_length_than_its_days(stocked, free):
    assert refused("UPDATE inventory_availability SET free = %s::bigint[]", [free]).startswith("availability_")
    assert stocked.cell().free == [10]


@pytest.mark.django_db
def test_no_decision_raises_the_shortfall(stocked):
    assert refused("UPDATE inventory_availability SET shortfall = 1") == "availability_shortfall_by_fact"
    with pytest.raises(IntegrityError), transaction.atomic():
        with command("orders.submit", by=stocked.system):
            event = current().event("order.submitted", [])
            Availability.objects.update(shortfall=1, shortfall_event_id=event)
        connection.check_constraints()
    assert stocked.cell().shortfall == 0


@pytest.mark.django_db
def test_a_fact_of_stock_may_raise_the_shortfall(stocked):
    with command("stock.adjust", by=stocked.system):
        event = current().event("stock.adjusted", [])
        Availability.objects.update(shortfall=1, shortfall_event_id=event)
    connection.check_constraints()
    assert stocked.cell().shortfall == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql", ["UPDATE inventory_movement SET quantity = 99", "DELETE FROM inventory_movement", "TRUNCATE inventory_movement"]
)
def test_the_app_may_not_touch_a_movement(stocked, sql):
    with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Movement.objects.get().quantity == 10


@pytest.fixture
def live_house(live_db, booked):
    """The warehouse in a database of its own, committed: 10 bolts at north."""
    house = build()
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system)
    return house


TAMPERING = [
    "UPDATE inventory_movement SET quantity = 99",
    "DELETE FROM inventory_movement",
    "TRUNCATE inventory_movement CASCADE",
    "UPDATE inventory_balance SET on_hand = 99",
    "UPDATE inventory_availability SET shortfall = 9",
]


@pytest.mark.parametrize("sql", TAMPERING)
def test_triggers_said_to_be_off_still_refuse(live_house, superuser, sql):
    with superuser() as server:
        server.execute("SET session_replication_role = replica")
        server.execute("SET ROLE oms_owner")
        with pytest.raises(psycopg.errors.Error):
            server.execute(sql)
    assert (Movement.objects.get().quantity, live_house.amounts(), live_house.cell().shortfall) == (10, (10, 0, 0), 0)


THREADS = 8


def race(house, superuser):
    """Eight threads book one bolt each of the five left, all reading before anyone writes; how many were granted."""
    with command("test.book", by=house.system):
        book_by_day([(house.bolt, house.north, ALREADY, 5)])
    cell = cells_for([house.bolt])[0]
    granted = []

    def one():
        try:
            with command("test.book", by=house.system):
                book([Booking(cell.id, cell.layout_version, (-1,))])
            granted.append(1)
        except (Conflict, IntegrityError):
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _n in range(THREADS)]
    with superuser() as holder, superuser() as watch, holder.transaction():
        holder.execute("SELECT FROM inventory_availability FOR UPDATE")
        for thread in threads:
            thread.start()
        wait_for_waiting(watch)
    for thread in threads:
        thread.join(30)
    return len(granted)


def wait_for_waiting(watch):
    """Until every thread's statement has read and stands before the lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    until = time.monotonic() + 10
    while watch.execute(sql).fetchone()[0] < THREADS:
        assert time.monotonic() < until, "the threads never met"
        time.sleep(0.02)


def test_threads_book_no_more_than_there_is(live_house, superuser):
    assert race(live_house, superuser) == 5
    assert live_house.cell().free == [0]


def test_without_the_lock_the_same_threads_book_too_much(live_house, superuser, monkeypatch):
    monkeypatch.setattr(availability, "BOOK", availability.BOOK.replace("ORDER BY id FOR NO KEY UPDATE", ""))
    assert race(live_house, superuser) > 5
    assert live_house.cell().free != [0]


NAIVE = """
WITH b AS (SELECT * FROM {source}),
u AS (UPDATE inventory_availability a SET free = ARRAY[a.free[1] - 1] FROM b WHERE a.id = b.id)
SELECT NULL, NULL, NULL, NULL, NULL, NULL FROM b WHERE false
"""


def test_the_check_stands_behind_the_part(live_house, superuser, monkeypatch):
    monkeypatch.setattr(availability, "BOOK", NAIVE)
    assert race(live_house, superuser) == 5
    assert live_house.cell().free == [0]


def test_the_same_delivery_sent_twice_at_once_is_received_once(live_house, superuser):
    answers = []

    def one():
        try:
            answers.append(receive(live_house.north, [Received(live_house.bolt, 7)], source="D1", by=live_house.wanda))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 2 and answers[0] == answers[1]
    assert (live_house.amounts(), live_house.cell().free) == ((17, 0, 0), [17])
