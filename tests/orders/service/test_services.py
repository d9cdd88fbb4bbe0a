"""Cases from opening to resolution: clocks, ties, who may, merging, hand-over; what must not happen does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from customers.models import Contact, Post, Territory
from customers.parties.services import assign_customers
from customers.territory.services import hand_over
from oms.access.services import create_user
from oms.events.models import Event, EventSubject
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from orders.fulfilment.services import release, ship
from orders.models import Case, CaseFile, CaseLink, CaseMessage, Order, Shipment
from orders.service.invariants import INVARIANTS
from orders.service.selectors import mine, visible_cases
from orders.service.services import (
    NewCase,
    NewFile,
    assign_case,
    classify_case,
    link_cases,
    merge_case,
    open_case,
    pass_on_cases,
    reopen_case,
    resolve_case,
    say,
)
from payments.models import Invoice
from reporting.problems.selectors import count, problems
from tests.orders.service.conftest import complaint
from tests.world import World, make_customer

MONDAY = datetime(2026, 9, 7, 10, tzinfo=UTC)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def broken() -> list[Any]:
    found = []
    for invariant in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(invariant.sql)
            found += cursor.fetchall()
    return found


def test_a_case_hangs_on_its_order_and_line_and_both_clocks_run(world: World, order: Order) -> None:
    case = complaint(world, order, at=MONDAY)
    assert (case.number[:2], case.customer, case.order, case.line) == ("CS", world.customer, order, order.lines.get())
    assert (case.respond_due, case.resolve_due) == (MONDAY + timedelta(hours=4), MONDAY + timedelta(days=2))
    assert [(m.direction, m.text, m.by) for m in case.messages.all()] == [("in", "They got the small ones.", world.sales)]
    event = Event.objects.get(name="case.opened")
    assert "spanners" not in str(event.data) and {s.kind for s in EventSubject.objects.filter(event=event)} == {"case", "customer", "order"}


def test_without_a_level_a_working_day_and_five(world: World, order: Order) -> None:
    case = open_case(NewCase("inquiry", "When?", "They ask when.", order=order.number), by=world.sales, at=MONDAY)
    assert (case.respond_due, case.resolve_due) == (datetime(2026, 9, 8, 10, tzinfo=UTC), datetime(2026, 9, 14, 10, tzinfo=UTC))


def test_a_shipment_or_an_invoice_brings_its_order_and_customer(world: World, order: Order) -> None:
    (shipment,) = release([order.pk], by=world.manager, early=True)
    ship(shipment, by=world.warehouse)
    drain_all()
    number, invoice = Shipment.objects.get(pk=shipment).number, Invoice.objects.get()
    by_shipment = open_case(NewCase("claim", "Crushed", "Two boxes.", shipment=number, amount=Decimal("45.00")), by=world.sales)
    by_invoice = open_case(NewCase("inquiry", "Why?", "Why this much?", invoice=invoice.number), by=world.finance)
    assert (by_shipment.order, by_shipment.amount, by_shipment.currency_id, by_invoice.order, by_invoice.customer) == (order, 45, "EUR", order, world.customer)
    other = make_customer("ZETA", "Zeta", world.post)
    for new, error, code in (
        (NewCase("inquiry", "x", "x", customer="ZETA", order=order.number), Conflict, "not_together"),
        (NewCase("inquiry", "x", "x", order=order.number, line=9), NotFound, "no_line"),
        (NewCase("inquiry", "x", "x", order="SO999"), NotFound, "no_order"),
        (NewCase("inquiry", "", "x", customer="ACME"), Invalid, "bad_case"),
        (NewCase("inquiry", "x", "x", customer="ACME", amount=Decimal(5)), Invalid, "bad_case"),
        (NewCase("inquiry", "x", "x", customer="ACME", contact_id=Contact.objects.create(customer=other, name="Zoe").pk), Invalid, "contact_of_other"),
    ):
        with pytest.raises(error) as found:
            open_case(new, by=world.manager)
        assert found.value.code == code
    assert Case.objects.count() == 2 and CaseMessage.objects.count() == 2 and broken() == []


def test_an_answer_ends_the_first_clock_and_the_second_stands_still_while_the_customer_is_asked(world: World, order: Order) -> None:
    case = complaint(world, order, at=MONDAY)
    say(case.pk, "note", "Looks like us.", by=world.sales, at=MONDAY + timedelta(hours=1))
    assert fresh(case).responded_at is None
    say(case.pk, "out", "Which ones did you get?", wait=True, by=world.sales, at=MONDAY + timedelta(hours=2))
    asked = fresh(case)
    assert (asked.status, asked.responded_at, asked.waiting_since) == ("waiting", MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=2))
    say(case.pk, "in", "The 8 mm ones.", by=world.sales, at=MONDAY + timedelta(days=4))
    back = fresh(case)
    assert (back.status, back.waiting_since, back.resolve_due) == ("open", None, datetime(2026, 9, 14, 16, tzinfo=UTC)), "14 of 16 hours were left on Friday at 10"
    with pytest.raises(Invalid):
        say(case.pk, "note", "x", wait=True, by=world.sales)
    with pytest.raises(Invalid):
        say(case.pk, "out", " \x00 ", by=world.sales)


def test_complaints_end_with_a_cause_and_the_customers_word_opens_them_again(world: World, order: Order) -> None:
    case = complaint(world, order, at=MONDAY)
    for cause, outcome, code in (("", "Sent again", "no_cause"), ("nonsense", "Sent again", "no_cause"), ("picked_wrong", " ", "outcome_missing")):
        with pytest.raises(Invalid) as found:
            resolve_case(case.pk, cause, outcome, by=world.sales)
        assert found.value.code == code and fresh(case).status == "open"
    resolve_case(case.pk, "picked_wrong", "Sent again", by=world.sales, at=MONDAY + timedelta(hours=3))
    done = fresh(case)
    assert (done.status, done.cause, done.party, done.controllable, done.responded_at == done.resolved_at) == ("resolved", "picked_wrong", "company", True, True)
    with pytest.raises(Conflict) as over:
        say(case.pk, "out", "One more thing", by=world.sales)
    assert over.value.code == "not_live"
    say(case.pk, "in", "They are wrong again.", by=world.sales, at=MONDAY + timedelta(days=1))
    again = fresh(case)
    assert (again.status, again.reopened, again.resolved_at, again.resolve_due) == ("open", 1, None, MONDAY + timedelta(days=3))
    resolve_case(case.pk, "picked_wrong", "Now right", by=world.sales)
    reopen_case(case.pk, "they called", by=world.manager)
    assert fresh(case).reopened == 2 and Event.objects.filter(name="case.reopened").count() == 1
    with pytest.raises(Conflict):
        reopen_case(case.pk, "again", by=world.manager)


def test_an_inquiry_needs_no_cause(world: World, order: Order) -> None:
    case = open_case(NewCase("inquiry", "When?", "When?", customer="ACME"), by=world.sales)
    resolve_case(case.pk, "", "On Friday.", by=world.sales)
    assert (fresh(case).status, fresh(case).cause) == ("resolved", "")


def test_a_merged_case_lives_on_in_the_other_with_the_nearer_deadline(world: World, order: Order) -> None:
    first, second = complaint(world, order, at=MONDAY - timedelta(days=3)), complaint(world, order, at=MONDAY)
    third = complaint(world, order, at=MONDAY)
    merge_case(first.pk, second.pk, by=world.sales)
    assert (fresh(first).status, fresh(first).merged_into, fresh(second).resolve_due) == ("merged", second, first.resolve_due)
    merge_case(second.pk, third.pk, by=world.sales)
    assert fresh(first).merged_into == third and broken() == []
    for what, code in (
        (lambda: say(first.pk, "in", "x", by=world.sales), "not_live"), (lambda: merge_case(first.pk, third.pk, by=world.sales), "not_live"),
        (lambda: merge_case(third.pk, third.pk, by=world.sales), "same_case"), (lambda: merge_case(third.pk, first.pk, by=world.sales), "not_live"),
    ):  # fmt: skip
        with pytest.raises(Conflict) as found:
            what()
        assert found.value.code == code
    make_customer("ZETA", "Zeta", world.post)
    foreign = open_case(NewCase("inquiry", "x", "x", customer="ZETA"), by=world.sales)
    with pytest.raises(Conflict) as other:
        merge_case(third.pk, foreign.pk, by=world.sales)
    assert other.value.code == "other_customer"
    link_cases(foreign.pk, third.pk, by=world.sales)
    assert [(x.first, x.second) for x in CaseLink.objects.all()] == [(third, foreign)]
    with pytest.raises(Conflict):
        link_cases(third.pk, foreign.pk, by=world.sales)


def test_files_are_kept_as_they_came_and_limited(world: World, order: Order) -> None:
    complaint(world, order, files=[NewFile("../../photo.jpg", b"\xff\xd8\xff")])
    kept = CaseFile.objects.get()
    assert (bytes(kept.content), kept.size, kept.name) == (b"\xff\xd8\xff", 3, "../../photo.jpg")
    for files, code in (([NewFile("a", b"")], "file_too_large"), ([NewFile("a", b"x" * (5 * 2**20 + 1))], "file_too_large"), ([NewFile("a", b"x")] * 6, "too_many_files")):
        with pytest.raises(Invalid) as found:
            complaint(world, order, files=files)
        assert found.value.code == code
    assert CaseFile.objects.count() == 1


def test_a_change_of_kind_or_priority_sets_the_clocks_from_the_start(world: World, order: Order) -> None:
    case = open_case(NewCase("inquiry", "When?", "When?", order=order.number), by=world.sales, at=MONDAY)
    classify_case(case.pk, "complaint", "normal", "Where is it?", by=world.sales)
    assert (fresh(case).kind, fresh(case).title, fresh(case).resolve_due) == ("complaint", "Where is it?", MONDAY + timedelta(days=2))
    with pytest.raises(Invalid):
        classify_case(case.pk, "odd", "normal", "x", by=world.sales)


def test_others_customers_cases_are_neither_seen_nor_worked_on(world: World, order: Order) -> None:
    case = complaint(world, order)
    stranger = create_user("stranger", by=world.system, roles=["sales"])
    assert not visible_cases(stranger).exists() and visible_cases(world.finance).get() == case
    for what in (lambda: say(case.pk, "note", "x", by=stranger), lambda: resolve_case(case.pk, "picked_wrong", "x", by=stranger),
                 lambda: assign_case(case.pk, stranger.pk, by=stranger), lambda: say(case.pk, "note", "x", by=world.warehouse)):  # fmt: skip
        with pytest.raises(Forbidden):
            what()
    with pytest.raises(NotFound):
        open_case(NewCase("inquiry", "x", "x", order=order.number), by=stranger)
    assert CaseMessage.objects.count() == 1


def test_a_case_is_the_posts_until_it_is_given_to_somebody(world: World, order: Order) -> None:
    case = complaint(world, order)
    assert list(mine(world.sales)) == [case] and list(mine(world.finance)) == []
    assign_case(case.pk, world.finance.pk, by=world.sales)
    assert list(mine(world.sales)) == [] and list(mine(world.finance)) == [case]
    with pytest.raises(Invalid):
        assign_case(case.pk, world.warehouse.pk, by=world.sales)
    with pytest.raises(Conflict):
        assign_case(case.pk, world.finance.pk, by=world.sales)


def test_out_of_time_is_a_problem_of_sales_until_somebody_acts(world: World, order: Order) -> None:
    case = complaint(world, order, at=datetime.now(UTC) - timedelta(days=8))
    (found,) = [p for p in problems(world.sales) if p.kind.code == "case.late"]
    assert (found.number, found.sentence) == (case.number, "Wrong spanners: nobody answered in time.") and count(world.sales) == 1
    say(case.pk, "out", "Sorry.", by=world.sales)
    assert [p.sentence for p in problems(world.sales)] == ["Wrong spanners: not resolved in time."]
    say(case.pk, "out", "Which ones?", wait=True, by=world.sales)
    assert problems(world.sales) == []


def test_a_vacant_posts_cases_are_a_problem_of_who_holds_the_post_above(world: World, order: Order) -> None:
    case = complaint(world, order, at=datetime.now(UTC) - timedelta(days=8))
    assert problems(world.approver) == [] and [p.number for p in problems(world.approver, mine=False)] == [case.number]
    hand_over(world.post.pk, None, timezone.now().date(), "", by=world.manager)
    assert [p.number for p in problems(world.approver)] == [case.number] and problems(world.approver, mine=False) == []
    assert count(world.approver) == 1 and problems(world.sales) == []


def test_cases_given_to_who_leaves_go_to_the_successor(world: World, order: Order) -> None:
    nora = create_user("nora", by=world.system, roles=["sales"])
    given, by_finance = complaint(world, order), complaint(world, order)
    assign_case(given.pk, world.sales.pk, by=world.manager)
    assign_case(by_finance.pk, world.finance.pk, by=world.manager)
    assert pass_on_cases(by=world.system) == 0
    hand_over(world.post.pk, nora.pk, date.today(), "", by=world.manager)
    drain_all()
    assert (fresh(given).assignee, fresh(by_finance).assignee) == (nora, world.finance)
    second = Post.objects.create(code="SOUTH1", name="South", territory=Territory.objects.create(code="S", name="S", parent=world.post.territory.parent))
    assign_customers([world.customer.pk], second.pk, "", by=world.manager)
    drain_all()
    assert fresh(given).assignee is None and pass_on_cases(by=world.system) == 0


def test_the_database_refuses_what_the_services_would_not_do(world: World, order: Order) -> None:
    case, other = complaint(world, order), make_customer("ZETA", "Zeta", world.post)
    foreign = open_case(NewCase("inquiry", "x", "x", customer="ZETA"), by=world.sales)
    for change, constraint in (
        ({"status": "resolved"}, "case_resolved"), ({"customer_id": other.pk}, "belong together"), ({"waiting_since": MONDAY}, "case_waiting"),
        ({"status": "merged", "merged_into_id": foreign.pk}, "belong together"), ({"merged_into_id": case.pk}, "case_merged"),
        ({"amount": Decimal(5)}, "case_amount"), ({"order_id": None}, "belong together|case_line_of_order"), ({"cause": "x"}, "case_cause"),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(**change)
    resolve_case(case.pk, "picked_wrong", "Done", by=world.sales)
    with pytest.raises(IntegrityError, match="cannot become"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(status="waiting", waiting_since=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(number="X", kind="inquiry", status="resolved", title="x", channel="mail", customer=other, opened_by=world.sales, opened_at=MONDAY,
                            respond_due=MONDAY, resolve_due=MONDAY, resolved_at=MONDAY, responded_at=MONDAY, event_id=case.event_id)  # fmt: skip
    assert fresh(case).status == "resolved" and broken() == []
