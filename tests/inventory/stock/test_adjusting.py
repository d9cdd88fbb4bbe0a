"""Adjustments worth more than the location's limit take a second person, in the services and in the database."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.models import Adjustment, Movement, Product, StorageLocation
from inventory.stock.services import Change, adjust, set_opening
from inventory.stock.services.proposing import adjust_or_propose
from oms.access.services import create_user
from oms.changes.models import ChangeRequest
from oms.changes.services import confirm
from oms.kernel.errors import Forbidden

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(house):
    """A hundred bolts worth 7.50 each; the limit is 300."""
    Product.objects.filter(pk=house.bolt).update(standard_cost=Decimal("7.5"))
    StorageLocation.objects.filter(pk=house.north).update(adjustment_limit=300)
    set_opening([(house.bolt, house.north, "", "", None, 100)], by=house.system)
    return house


def lose(house, units, by=None, **more):
    return adjust(house.north, [Change(house.bolt, "", "", -units)], "loss", by=by or house.wanda, **more)


def test_within_the_limit_one_person_is_enough(shelf):
    lose(shelf, 40)
    connection.check_constraints()
    made = Adjustment.objects.get()
    assert (made.amount, made.amount_limit, made.by, made.proposed_by) == (300, 300, shelf.wanda, None)
    assert made.movements == [Movement.objects.get(kind="adjust").pk]


def test_above_the_limit_nothing_happens_by_one_person(shelf):
    for units in (41, -41):
        with pytest.raises(Forbidden) as refused:
            lose(shelf, units)
        assert (refused.value.code, refused.value.data["amount"], refused.value.data["limit"]) == ("second_person", Decimal("307.50"), 300)
    assert shelf.amounts() == (100, 0, 0)


def test_up_and_down_count_together(shelf):
    with pytest.raises(Forbidden):
        adjust(shelf.north, [Change(shelf.bolt, "A", "", 30), Change(shelf.bolt, "", "", -30)], "moved", by=shelf.wanda)


def test_the_page_proposes_it_and_a_manager_confirms(shelf):
    change = adjust_or_propose(shelf.north, [Change(shelf.bolt, "", "", -41)], "loss", "the roof leaks", by=shelf.wanda)
    assert isinstance(change, ChangeRequest) and shelf.amounts() == (100, 0, 0)
    assert (change.amount, change.data["rows"]) == (Decimal("307.50"), [[shelf.bolt, "", "", -41]])
    for nobody in (shelf.wanda, create_user("fay", by=shelf.system, roles=["finance"])):
        with pytest.raises(Forbidden):
            confirm(change.pk, by=nobody)
    confirm(change.pk, by=shelf.manager)
    connection.check_constraints()
    made = Adjustment.objects.get()
    assert (made.amount, made.by, made.proposed_by, made.reason) == (Decimal("307.50"), shelf.manager, shelf.wanda, "loss")
    assert shelf.amounts() == (59, 0, 0)


def test_the_page_posts_what_is_within(shelf):
    assert adjust_or_propose(shelf.north, [Change(shelf.bolt, "", "", -4)], "loss", "", by=shelf.wanda) is None
    assert shelf.amounts() == (96, 0, 0)


def test_a_system_that_tells_what_happened_is_not_asked_for_a_second_person(shelf):
    lose(shelf, 90, by=shelf.system)
    connection.check_constraints()
    assert Adjustment.objects.get().amount_limit is None


def refused(sql, *parameters):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
        connection.check_constraints()
    return error.value.__cause__.diag.constraint_name


INSERT = """
INSERT INTO inventory_adjustment (location_id, reason, amount, amount_limit, movements, by_id, proposed_by_id, at, event_id)
SELECT location_id, 'x', {amount}, {limit}, movements, by_id, {proposer}, at, (SELECT max(id) FROM oms_event WHERE id <> event_id)
FROM inventory_adjustment
"""


@pytest.mark.parametrize(
    ("amount", "limit", "proposer", "constraint"),
    [
        ("301", "300", "NULL", "adjustment_two_persons"),
        ("301", "300", "by_id", "adjustment_two_persons"),
        ("0", "301", "NULL", "adjustment_limit"),
        ("0", "NULL", "NULL", "adjustment_limit"),
        ("5", "300", "NULL", "adjustment_amount"),
    ],
)
def test_no_document_lies_about_its_worth_its_limit_or_its_persons(shelf, amount, limit, proposer, constraint):
    lose(shelf, 4)
    assert refused(INSERT.format(amount=amount, limit=limit, proposer=proposer)) == constraint


def test_no_stock_is_adjusted_without_its_document(shelf):
    sql = """
    WITH b AS (UPDATE inventory_balance SET on_hand = on_hand - 5, version = version + 1 RETURNING *)
    INSERT INTO inventory_movement (balance_id, product_id, location_id, kind, quantity, version, occurred_at, event_id)
    SELECT id, product_id, location_id, 'adjust', -5, version, now(), (SELECT max(id) FROM oms_event) FROM b
    """
    assert refused(sql) == "movement_of_adjustment"


def test_no_count_says_other_than_its_movement(shelf):
    sql = """
    INSERT INTO inventory_countedplace (balance_id, as_of, quantity, difference, movement_id, version, by_id, event_id)
    SELECT balance_id, occurred_at, {quantity}, {difference}, {movement}, version, %s, event_id FROM inventory_movement
    """
    assert refused(sql.format(quantity=1, difference=1, movement="id"), shelf.wanda.pk) == "counted_by_movement"
    assert refused(sql.format(quantity=1, difference=1, movement="NULL"), shelf.wanda.pk) == "counted_difference_moves"
    assert refused(sql.format(quantity=1, difference=0, movement="id"), shelf.wanda.pk) == "counted_difference_moves"
    assert refused(sql.format(quantity=-1, difference=0, movement="NULL"), shelf.wanda.pk) == "counted_quantity"
