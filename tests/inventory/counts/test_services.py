"""A sheet is walked along, its differences are seen before anything moves, and posting it is never refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from inventory.counts.selectors import differences
from inventory.counts.services import (
    Found,
    Scope,
    cancel_sheet,
    key_counts,
    open_sheet,
    post_sheet,
    review_sheet,
)
from inventory.models import Balance, CountedPlace, CountSheet, Movement, StorageLocation
from inventory.stock.services import Change, adjust
from oms.access.services import create_user
from oms.events.verification import verify
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.orders.fulfilment.test_facts import released
from tests.world import World

pytestmark = pytest.mark.django_db


def sheet(world: World, **scope: Any) -> CountSheet:
    return open_sheet(world.lyon, Scope(**scope), by=world.warehouse)


def keyed(world: World, made: CountSheet, as_of: datetime | None = None, **by_bin: int) -> None:
    """Write down A (in the bin, "none" for no bin), or with b_ before it B."""
    counted = {}
    for name, quantity in by_bin.items():
        sku, bin_ = ("B", name[2:]) if name.startswith("b_") else ("A", name)
        counted[made.lines.get(product__sku=sku, bin="" if bin_ == "none" else bin_).pk] = quantity
    key_counts(made.pk, counted, as_of or opened(), by=world.warehouse)


def opened() -> datetime:
    """When the shelves were opened: within a test's one transaction that is now."""
    return Movement.objects.filter(balance__bin="R1").order_by("pk")[0].occurred_at


def a_in(world: World, bin_: str = "") -> int:
    return int(Balance.objects.get(product=world.products["A"], location_id=world.lyon, bin=bin_).on_hand)


def sound() -> None:
    connection.check_constraints()
    wrong = [(o.code, o.rows) for room in ("stock", "counts", "planning", "fulfilment") for o in verify(room) if o.rows]
    assert not wrong, wrong


def test_a_sheet_lists_the_places_of_its_scope_in_walking_order(world: World) -> None:
    assert [(x.bin, x.product.sku) for x in sheet(world).lines.order_by("pk")] == [("", "A"), ("", "B"), ("R1", "A"), ("R2", "A"), ("R2", "B")]
    assert [x.bin for x in sheet(world, bin_from="R1", bin_to="R1").lines.all()] == ["R1"]
    assert {x.product.sku for x in sheet(world, family="Hammers").lines.all()} == {"B"}
    with pytest.raises(Invalid) as refused:
        sheet(world, bin_from="Z")
    assert refused.value.code == "nothing_to_count"


def test_what_was_counted_lately_is_left_out(world: World) -> None:
    made = sheet(world, bin_from="R1")
    keyed(world, made, R1=20)
    post_sheet(made.pk, by=world.warehouse)
    left = sheet(world, bin_from="R1", not_since=timezone.localdate() - timedelta(days=30))
    assert [(x.bin, x.product.sku) for x in left.lines.order_by("pk")] == [("R2", "A"), ("R2", "B")]


def test_differences_are_seen_before_anything_moves(world: World) -> None:
    made = sheet(world, bin_from="R1")
    keyed(world, made, R1=18, R2=30, b_R2=6)
    rows = [(d.line.bin, d.line.product.sku, d.books, d.units, d.value) for d in differences(made)]
    assert rows == [("R1", "A", 20, -2, Decimal(-10)), ("R2", "A", 30, 0, Decimal(0)), ("R2", "B", 5, 1, Decimal(10))]
    assert not CountedPlace.objects.exists() and a_in(world, "R1") == 20


def test_posted_the_books_are_what_was_counted(world: World) -> None:
    made = sheet(world, bin_from="R1")
    keyed(world, made, R1=18, b_R2=6)
    post_sheet(made.pk, by=world.warehouse)
    made.refresh_from_db()
    assert (made.status, made.value, a_in(world, "R1"), a_in(world, "R2")) == ("posted", 20, 18, 30)
    assert list(CountedPlace.objects.order_by("balance__bin", "pk").values_list("quantity", "difference")) == [(18, -2), (6, 1)]
    assert made.lines.get(bin="R1").place.difference == -2 and made.lines.get(bin="R2", product__sku="A").place is None
    sound()


def test_a_count_of_the_morning_keyed_in_the_afternoon_counts_against_the_morning(world: World) -> None:
    """Every place with its own time; what was broken since is not counted away twice."""
    morning = timezone.now() - timedelta(hours=5)
    made = sheet(world, bin_from="R1", bin_to="R1")
    adjust(world.lyon, [Change(world.products["A"].pk, "R1", "", -4)], "loss", by=world.system)
    keyed(world, made, as_of=morning, R1=19)
    assert [(d.books, d.units) for d in differences(made)] == [(0, 19)]  # nothing lay there before the opening
    keyed(world, made, as_of=opened(), R1=15)
    assert [(d.books, d.units) for d in differences(made)] == [(16, -1)]
    post_sheet(made.pk, by=world.warehouse)
    assert a_in(world, "R1") == 15
    sound()


def test_what_is_keyed_the_same_again_keeps_its_time_and_can_be_taken_back(world: World) -> None:
    made, first = sheet(world, bin_from="R1"), timezone.now() - timedelta(hours=2)
    line = made.lines.get(bin="R1")
    assert key_counts(made.pk, {line.pk: 20}, first, by=world.warehouse) == 1
    assert key_counts(made.pk, {line.pk: 20}, first + timedelta(hours=1), by=world.warehouse) == 0
    line.refresh_from_db()
    assert (line.counted_at, line.counted_by) == (first, world.warehouse)
    key_counts(made.pk, {line.pk: None}, first, by=world.warehouse)
    line.refresh_from_db()
    assert (line.quantity, line.counted_at, line.counted_by) == (None, None, None)
    with pytest.raises(Invalid) as refused:
        post_sheet(made.pk, by=world.warehouse)
    assert refused.value.code == "nothing_counted"


def test_what_the_sheet_does_not_list_is_found(world: World) -> None:
    made = sheet(world, bin_from="R1")
    now = opened()
    c = world.products["C"].pk
    key_counts(made.pk, {}, now, by=world.warehouse, found=[Found(c, 3, "R9"), Found(world.products["A"].pk, 21, "R1")])
    post_sheet(made.pk, by=world.warehouse)
    assert Balance.objects.get(product_id=c, bin="R9").on_hand == 3 and a_in(world, "R1") == 21
    sound()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"counted": {0: 1}}, "line_missing"),
        ({"as_of": timedelta(hours=1)}, "counted_later"),
        ({"found": [Found(1, -1)]}, "quantity_invalid"),
        ({"found": [Found(999_999, 1)]}, "unknown_product"),
    ],
)
def test_what_cannot_have_been_counted_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    made = sheet(world)
    now = opened()
    with pytest.raises((Invalid, NotFound)) as refused:
        key_counts(made.pk, change.get("counted", {}), now + change.get("as_of", timedelta()), by=world.warehouse, found=change.get("found", ()))
    assert refused.value.code == code
    assert not made.lines.filter(quantity__isnull=False).exists()


def test_a_clock_that_is_a_minute_ahead_is_no_future(world: World) -> None:
    made = sheet(world)
    keyed(world, made, as_of=opened() + timedelta(minutes=4), R1=20)
    assert made.lines.get(bin="R1").counted_at == opened()


def test_fewer_than_orders_hold_is_posted_and_said(world: World) -> None:
    made, _shipment = released(world, 45)
    counted = sheet(world)
    keyed(world, counted, none=20)
    assert [d.held for d in differences(counted)] == [25]
    post_sheet(counted.pk, by=world.warehouse)
    counted.refresh_from_db()
    assert counted.released == [[made.number, 25]] and a_in(world) == 20
    assert made.lines.get().quantity_allocated == 20
    sound()


def test_what_differs_by_much_is_looked_at_by_somebody_else(world: World) -> None:
    StorageLocation.objects.filter(pk=world.lyon).update(adjustment_limit=100)
    made = sheet(world)
    keyed(world, made, none=79)
    post_sheet(made.pk, by=world.warehouse)
    made.refresh_from_db()
    assert a_in(world) == 79 and made.waits_for_review and made.value == 105
    for nobody in (world.warehouse, world.finance):
        with pytest.raises(Forbidden):
            review_sheet(made.pk, "", by=nobody)
    review_sheet(made.pk, "the shelf fell over", by=world.manager)
    made.refresh_from_db()
    assert (made.reviewed_by, made.waits_for_review) == (world.manager, False)
    with pytest.raises(Conflict):
        review_sheet(made.pk, "", by=world.manager)


def test_who_counts_does_not_look_at_the_own_count(world: World) -> None:
    StorageLocation.objects.filter(pk=world.lyon).update(adjustment_limit=0)
    both = create_user("both", by=world.system, roles=["warehouse", "manager"])
    both.locations.create(location_id=world.lyon)
    made = open_sheet(world.lyon, Scope(), by=both)
    key_counts(made.pk, {made.lines.get(bin="R1").pk: 1}, opened(), by=both)
    post_sheet(made.pk, by=both)
    with pytest.raises(Conflict) as refused:
        review_sheet(made.pk, "", by=both)
    assert refused.value.code == "own_count"


def test_a_sheet_is_closed_once(world: World) -> None:
    made, other = sheet(world), sheet(world)
    keyed(world, made, R1=20)
    post_sheet(made.pk, by=world.warehouse)
    for again in (lambda: post_sheet(made.pk, by=world.warehouse), lambda: cancel_sheet(made.pk, "x", by=world.warehouse)):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.code == "illegal_transition"
    with pytest.raises(Conflict) as refused:
        keyed(world, made, R1=1)
    assert refused.value.code == "sheet_closed"
    with pytest.raises(Invalid):
        cancel_sheet(other.pk, " ", by=world.warehouse)
    cancel_sheet(other.pk, "counted twice", by=world.warehouse)


def test_only_the_staff_of_a_location_counts_it(world: World) -> None:
    stranger = create_user("stranger", by=world.system, roles=["warehouse"])
    made = sheet(world)
    for who in (stranger, world.manager, world.sales):
        for what in (lambda who=who: open_sheet(world.lyon, Scope(), by=who), lambda who=who: post_sheet(made.pk, by=who),
                     lambda who=who: key_counts(made.pk, {}, opened(), by=who), lambda who=who: cancel_sheet(made.pk, "x", by=who)):
            with pytest.raises(Forbidden):
                what()


# Around the services


def refused(sql: str, *parameters: Any) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
        connection.check_constraints()
    return str(error.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE inventory_countsheet SET status = 'open'", "sheet_status_edge"),
        ("UPDATE inventory_countsheet SET value = 0", "sheet_kept"),
        ("UPDATE inventory_countsheet SET released = '[]'", "sheet_kept"),
        ("UPDATE inventory_countsheet SET posted_by_id = NULL", "sheet_kept"),
        ("UPDATE inventory_countsheet SET reviewed_by_id = posted_by_id", "sheet_two_persons"),
        ("UPDATE inventory_countsheetline SET quantity = 7 WHERE bin = 'R1'", "sheet_line_kept"),
        ("UPDATE inventory_countsheetline SET counted_at = now() - interval '1 day' WHERE bin = 'R1'", "sheet_line_kept"),
        ("INSERT INTO inventory_countsheetline (sheet_id, product_id, bin) SELECT sheet_id, product_id, 'new' FROM inventory_countsheetline LIMIT 1", "sheet_line_kept"),
    ],
)
def test_a_posted_sheet_is_never_rewritten(world: World, sql: str, constraint: str) -> None:
    made, _shipment = sheet(world), released(world, 45)
    keyed(world, made, R1=18, none=1)
    post_sheet(made.pk, by=world.warehouse)
    assert refused(sql) == constraint


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE inventory_countsheet SET status = 'posted'", "sheet_posted_by"),
        ("UPDATE inventory_countsheetline SET quantity = 7", "sheet_line_counted"),
        ("UPDATE inventory_countsheetline SET counted_at = now()", "sheet_line_counted"),
        ("UPDATE inventory_countsheetline SET quantity = -1, counted_at = now(), counted_by_id = (SELECT opened_by_id FROM inventory_countsheet)", "sheet_line_counted"),
    ],
)
def test_an_open_sheet_says_who_counted_what_and_when(world: World, sql: str, constraint: str) -> None:
    sheet(world)
    assert refused(sql) == constraint
