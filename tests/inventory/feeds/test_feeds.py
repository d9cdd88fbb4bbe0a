"""A warehouse's messages: each number once, in their order, posted at their own time; what can't be posted waits for a person."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.services import (
    Sent,
    applying,
    discard_message,
    receive_messages,
    replay_message,
    reset_feed,
    run_feed,
    set_code,
    settle_ignored,
    skip_gap,
)
from inventory.feeds.tasks import look
from inventory.models import Balance, ExpectedReceipt, Movement
from oms.events.verification import verify
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import release
from orders.models import Discrepancy, Order, Shipment
from orders.returns.services import Item, authorise, request_return
from reporting.problems.selectors import problems
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


@pytest.fixture
def feed(world: World) -> Feed:
    """The warehouse's own system sends as its user."""
    return Feed.objects.create(code="wms", name="Lyon's WMS", user=world.warehouse)


def clock() -> datetime:
    """The database's time, which stands still within a test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def ago(minutes: int = 0) -> str:
    return (clock() - timedelta(minutes=minutes)).isoformat()


def fact(kind: str, *rows: tuple[str, int], at: str = "", location: str = "LYON", **more: Any) -> dict[str, Any]:
    """The body of a message: rows are (SKU, quantity)."""
    return {"kind": kind, "at": at or ago(), "location": location, "rows": [{"sku": sku, "quantity": n} for sku, n in rows], **more}


def send(feed: Feed, *messages: tuple[int, dict[str, Any]]) -> dict[int, str]:
    """Receive and run."""
    answer = receive_messages(feed.pk, [Sent(seq, f"m{seq}", body) for seq, body in messages], by=feed.user)
    run_feed(feed.pk)
    feed.refresh_from_db()
    return answer


def lies(sku: str, place: str = "LYON") -> int:
    return sum(b.on_hand for b in Balance.objects.filter(product__sku=sku, location__code=place))


def state(seq: int, epoch: int = 1) -> str:
    return FeedMessage.objects.get(seq=seq, epoch=epoch).state


def codes(seq: int) -> list[str]:
    return [f["code"] for f in FeedMessage.objects.get(seq=seq).findings]


def sound() -> None:
    for room in ("inventory.feeds", "stock", "planning", "fulfilment"):
        assert [(o.code, o.rows) for o in verify(room) if o.rows] == []


def test_a_later_number_waits_for_the_earlier_one_and_both_are_posted_in_their_order(feed: Feed) -> None:
    assert send(feed, (2, fact("count", ("A", 7)))) == {2: "kept"}
    assert (state(2), lies("A"), feed.next_seq) == ("waiting", 100, 1) and feed.waiting_since
    send(feed, (1, fact("movement", ("A", -3), reason="loss", at=ago(5))))
    assert (state(1), state(2), lies("A"), feed.next_seq, feed.waiting_since) == ("applied", "applied", 7, 3, None)
    sound()


def test_a_gap_is_a_problem_after_a_minute(feed: Feed, world: World) -> None:
    send(feed, (3, fact("count", ("A", 7))))
    assert [p.kind.code for p in problems(world.warehouse) if p.kind.code.startswith("feed")] == []
    Feed.objects.update(waiting_since=clock() - timedelta(seconds=61))
    (found,) = [p for p in problems(world.warehouse) if p.kind.code == "feed.gap"]
    assert found.sentence == "Lyon's WMS: message 1 did not come, 1 wait behind it."


def test_the_same_message_again_changes_nothing_and_another_with_its_number_is_ignored(feed: Feed, world: World) -> None:
    body = fact("movement", ("A", -3), reason="loss", at=ago(5))
    assert send(feed, (1, body)) == {1: "kept"}
    assert send(feed, (1, body), (1, body)) == {1: "again"}
    assert send(feed, (1, fact("movement", ("A", -9), reason="loss"))) == {1: "ignored"}
    assert receive_messages(feed.pk, [Sent(2, "m1", body)], by=feed.user) == {2: "ignored"}
    feed.refresh_from_db()
    assert (lies("A"), feed.ignored, FeedMessage.objects.count()) == (97, 2, 1)
    assert "feed.numbers" in {p.kind.code for p in problems(world.manager)}
    with pytest.raises(Forbidden):
        settle_ignored(feed.pk, "sent twice by hand", by=world.warehouse)
    settle_ignored(feed.pk, "sent twice by hand", by=world.manager)
    assert "feed.numbers" not in {p.kind.code for p in problems(world.manager)}


def test_a_movement_above_the_limit_waits_for_a_manager(feed: Feed, world: World) -> None:
    send(feed, (1, fact("movement", ("A", 90_000), reason="found")))
    assert (codes(1), lies("A")) == (["refused"], 100)
    held = FeedMessage.objects.get().pk
    with pytest.raises(Forbidden):
        replay_message(held, by=world.warehouse)
    replay_message(held, by=world.manager)
    assert (state(1), lies("A")) == ("applied", 90_100)
    sound()


def test_an_unknown_product_stands_in_quarantine_and_holds_up_nobody(feed: Feed, world: World) -> None:
    when = clock() - timedelta(hours=1)
    send(feed, (1, fact("received", ("X-9", 5), at=when.isoformat())), (2, fact("movement", ("A", 1), reason="found")))
    assert (state(1), codes(1), state(2), lies("A")) == ("quarantined", ["unknown_product"], "applied", 101)
    (found,) = [p for p in problems(world.warehouse) if p.kind.code == "feed.quarantined"]
    assert found.sentence == "Lyon's WMS, message 1: X-9 is not known as a product."
    held = FeedMessage.objects.get(seq=1)
    with pytest.raises(Unprocessable):
        replay_message(held.pk, by=world.warehouse)
    set_code(feed.pk, "product", "X-9", "B", by=world.warehouse)
    replay_message(held.pk, by=world.warehouse)
    posted = Movement.objects.get(kind="receipt", product__sku="B", quantity=5)
    assert (state(1), lies("B"), posted.occurred_at, posted.event.actor) == ("applied", 15, when, world.warehouse)
    with pytest.raises(Conflict):
        replay_message(held.pk, by=world.warehouse)
    send(feed, (3, fact("received", ("X-9", 2))))
    assert lies("B") == 17
    sound()


def old(kind: str, *rows: tuple[str, int], **more: Any) -> dict[str, Any]:
    """A fact of some day."""
    return fact(kind, *rows, at="2026-01-02T10:00:00Z", **more)


@pytest.mark.parametrize(("body", "code"), [
    ({"kind": "count"}, "unreadable"), ({}, "unreadable"), (old("count", ("A", -1)), "unreadable"), (old("shipped", ("A", 0)), "unreadable"),
    (old("count", ("A", 1)) | {"colour": "red"}, "unreadable"), (old("count", ("A", 1)) | {"at": "2026-01-01T10:00:00"}, "unreadable"),
    (fact("count", ("A", 1), at="2999-01-01T00:00:00Z"), "future"), (old("count", ("A", 1), location="MOON"), "unknown_location"),
    (old("movement", ("A", -1), ), "refused"), (old("picked", ("A", 1), shipment="SH1"), "unknown_document"),
    (old("returned", ("A", 1)), "unknown_document"), (old("expected", ("A", 1)), "unreadable"),
    ({**old("count"), "rows": [{"sku": "A", "quantity": 1, "unit": "pallet"}]}, "unknown_unit"),
])  # fmt: skip
def test_what_can_not_be_posted_is_kept_with_its_reason_and_the_next_goes_on(feed: Feed, body: Any, code: str) -> None:
    send(feed, (1, body), (2, fact("movement", ("A", 1), reason="found")))
    assert (state(1), codes(1), state(2), lies("A")) == ("quarantined", [code], "applied", 101)
    sound()


def test_a_warehouse_tells_only_of_where_it_works(feed: Feed, world: World) -> None:
    world.warehouse.locations.filter(location_id=world.turin).delete()
    send(feed, (1, fact("count", ("A", 1), location="TURIN")))
    assert (codes(1), lies("A", "TURIN")) == (["refused"], 50)
    with pytest.raises(Forbidden):
        receive_messages(feed.pk, [Sent(2, "x", {})], by=world.manager)


def test_a_count_becomes_its_difference_at_its_time_and_later_movements_stay(feed: Feed) -> None:
    send(feed, (1, fact("received", ("C", 10), at=ago(60))), (2, fact("movement", ("C", -3), reason="loss", at=ago(10))), (3, fact("count", ("C", 8), at=ago(30))))
    assert lies("C") == 5  # 8 of 10 lay there, and 3 went after
    sound()


def test_a_full_count_empties_what_it_does_not_name(feed: Feed) -> None:
    send(feed, (1, fact("count", ("A", 100), full=True)))
    assert (lies("A"), lies("B"), lies("A", "TURIN")) == (100, 0, 50)
    assert FeedMessage.objects.get().outcome["differences"] == [["B", "", "", 10, 0]]
    sound()


def test_a_comparison_lists_the_differences_and_posts_nothing(feed: Feed) -> None:
    send(feed, (1, fact("comparison", ("A", 98), ("C", 2), full=True)))
    assert FeedMessage.objects.get().outcome["differences"] == [["A", "", "", 100, 98], ["B", "", "", 10, 0], ["C", "", "", 0, 2]]
    assert (lies("A"), lies("B"), lies("C")) == (100, 10, 0)


def test_a_count_below_what_orders_hold_takes_it_from_them_by_rank(feed: Feed, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("B", Decimal(8)),), "web"), by=world.sales).number
    release([Order.objects.get(number=number).pk], by=world.manager, early=True)
    send(feed, (1, fact("count", ("B", 5))))
    assert (state(1), lies("B")) == ("applied", 5)
    ((taken_from, units),) = FeedMessage.objects.get().outcome["released"]
    assert taken_from == number and units >= 3
    sound()


def test_receipts_are_expected_and_taken_in_by_their_reference(feed: Feed) -> None:
    day = (timezone.now() + timedelta(days=3)).date().isoformat()
    expected = fact("expected", reference="PO-77")
    expected["rows"] = [{"sku": "B", "quantity": 40, "available_on": day}]
    send(feed, (1, expected), (2, fact("received", ("B", 15), reference="PO-77")), (3, fact("received", ("B", 2))))
    receipt = ExpectedReceipt.objects.get(reference="PO-77")
    assert (receipt.quantity, receipt.received, lies("B")) == (40, 15, 27)
    assert FeedMessage.objects.get(seq=3).outcome == {"rows": 1, "unannounced": 1}
    sound()


def released(world: World, sku: str, units: int) -> Shipment:
    number = submit(EntryRequest("ACME", (LineRequest(sku, Decimal(units)),), "web"), by=world.sales).number
    return Shipment.objects.get(pk=release([Order.objects.get(number=number).pk], by=world.manager, early=True)[0])


def test_picked_shipped_and_sent_back_are_posted_to_their_documents(feed: Feed, world: World) -> None:
    shipment = released(world, "A", 6)
    send(feed, (1, fact("picked", ("A", 6), shipment=shipment.number)), (2, fact("shipped", ("A", 6), shipment=shipment.number, tracking="T1")))
    shipment.refresh_from_db()
    assert (shipment.status, shipment.tracking_number, lies("A")) == ("shipped", "T1", 94)
    made = request_return("ACME", [Item("A", 2, "unwanted")], by=world.sales)
    authorise(made.pk, None, by=world.manager)
    send(feed, (3, fact("returned", ("A", 2), **{"return": made.number})))
    assert (state(3), lies("A")) == ("applied", 96)
    sound()


def test_a_shipment_nobody_approved_is_posted_and_a_discrepancy(feed: Feed) -> None:
    send(feed, (1, fact("shipped", ("A", 6), order="SO404")))
    assert (state(1), lies("A"), Discrepancy.objects.get().quantity) == ("applied", 94, 6)
    assert FeedMessage.objects.get().outcome["uncovered"] == 6
    sound()


def test_a_gap_is_given_up_by_a_manager_and_what_comes_late_waits_for_a_person(feed: Feed, world: World) -> None:
    send(feed, (4, fact("movement", ("A", -4), reason="loss")))
    with pytest.raises(Forbidden):
        skip_gap(feed.pk, "lost", by=world.warehouse)
    with pytest.raises(Invalid):
        skip_gap(feed.pk, " ", by=world.manager)
    assert skip_gap(feed.pk, "their log has no 1 to 3", by=world.manager) == (1, 3)
    run_feed(feed.pk)
    feed.refresh_from_db()
    assert (lies("A"), feed.next_seq, feed.waiting_since) == (96, 5, None)
    assert send(feed, (2, fact("movement", ("A", -1), reason="loss", at=ago(30)))) == {2: "late"}
    assert (codes(2), lies("A")) == (["late"], 96)
    replay_message(FeedMessage.objects.get(seq=2).pk, by=world.warehouse)
    assert lies("A") == 95
    with pytest.raises(Conflict):
        skip_gap(feed.pk, "again", by=world.manager)
    sound()


def test_numbers_begin_anew_by_a_manager_only(feed: Feed, world: World) -> None:
    send(feed, (1, fact("movement", ("A", -1), reason="loss", at=ago(9))), (3, fact("movement", ("A", -5), reason="loss")))
    assert send(feed, (1, fact("movement", ("A", -2), reason="loss"))) == {1: "ignored"}
    reset_feed(feed.pk, "a new server", by=world.manager)
    feed.refresh_from_db()
    assert (feed.epoch, feed.next_seq, feed.ignored, codes(3)) == (2, 1, 0, ["left_behind"])
    assert send(feed, (1, fact("movement", ("A", -2), reason="loss"))) == {1: "kept"}
    assert (state(1, epoch=2), lies("A")) == ("applied", 97)
    with pytest.raises(Invalid):
        discard_message(FeedMessage.objects.get(seq=3).pk, "", by=world.manager)
    discard_message(FeedMessage.objects.get(seq=3).pk, "counted since", by=world.manager)
    sound()


def test_in_whatever_order_how_often_and_in_what_parts_they_come_the_stock_is_the_same(feed: Feed, world: World) -> None:
    """Shuffled, doubled, cut into calls of any size, with pieces that are missing at first."""
    dice, begin = random.Random(7), timezone.now() - timedelta(days=2)
    story = [movement(dice, begin + timedelta(minutes=n)) for n in range(40)]
    expected = 100 + sum(row["quantity"] for body in story for row in body["rows"])
    told = [(n + 1, body) for n, body in enumerate(story)] * 2
    dice.shuffle(told)
    missing, now = told[:15], told[15:]
    while now:
        size = dice.randint(1, 7)
        send(feed, *now[:size])
        now = now[size:]
    send(feed, *missing)
    assert (feed.next_seq, lies("A"), FeedMessage.objects.filter(state="applied").count()) == (41, expected, 40)
    assert [m.quantity for m in Movement.objects.filter(kind="adjust").order_by("id")] == [body["rows"][0]["quantity"] for body in story]
    sound()


def movement(dice: random.Random, at: datetime) -> dict[str, Any]:
    """A few units more or less."""
    return fact("movement", ("A", dice.choice([-2, -1, 1, 2, 3])), reason="loss", at=at.isoformat())


def test_a_lost_run_is_made_good_within_the_minute(feed: Feed, world: World) -> None:
    receive_messages(feed.pk, [Sent(1, "m1", fact("count", ("A", 7)))], by=feed.user)

    class Running:
        slot, by = "12:00", world.system

    assert look(Running()) == {"feeds": 1}  # type: ignore[arg-type]


def test_a_feed_that_is_off_takes_nothing_and_another_is_not_found(feed: Feed, world: World) -> None:
    Feed.objects.update(active=False)
    with pytest.raises(Conflict):
        receive_messages(feed.pk, [Sent(1, "m1", {})], by=feed.user)
    with pytest.raises((NotFound, Forbidden)):
        receive_messages(0, [Sent(1, "m1", {})], by=world.manager)


def test_a_database_that_was_away_is_no_fault_of_the_message(feed: Feed, monkeypatch: Any) -> None:
    receive_messages(feed.pk, [Sent(1, "m1", fact("count", ("A", 7)))], by=feed.user)

    def away(*_arguments: Any) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as broken:
        broken.setattr(applying, "post_message", away)
        with pytest.raises(OperationalError):
            run_feed(feed.pk)
    assert state(1) == "waiting"
    run_feed(feed.pk)
    assert (state(1), lies("A")) == ("applied", 7)


def test_a_defect_of_ours_holds_up_nobody(feed: Feed, monkeypatch: Any) -> None:
    def broken(*_arguments: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(applying, "differences", broken)
        send(feed, (1, fact("comparison", ("A", 1))), (2, fact("movement", ("A", 1), reason="found")))
    assert (state(1), codes(1), state(2)) == ("quarantined", ["refused"], "applied")
