"""A worked example, to the cent: what credit notes, cancellations, refunds and deductions do to every figure and every gap."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum
from django.utils import timezone

from customers.models import CustomerPost, Post, PostHolding
from oms.changes.services import confirm
from oms.events.services import command
from oms.events.tasks import drain_all
from orders.fulfilment.services import deliver, release, ship
from orders.invoicing.services import invoice_shipment, propose_cancel_invoice
from orders.models import Order
from orders.returns.services import (
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    credit_settled,
    dispose,
    inspect,
    receive_return,
    request_return,
    settle,
)
from payments.billing.locks import lock_invoices
from payments.billing.services import Crediting, apply_credit, issue_credit, propose_credit, propose_refund
from payments.models import CreditNote, Invoice
from reporting.dashboards.selectors import Asked, debt
from reporting.facts.models import Figure
from reporting.facts.selectors import scope
from reporting.performance.choices import Dimension
from reporting.performance.selectors import Selection, breakdown, documents, owed, series
from reporting.quantities.choices import STEPS
from reporting.quantities.selectors import lines_behind, loss_reasons
from tests.reporting.conftest import days_ago, order, pay
from tests.reporting.facts.test_services import broken, count, sums
from tests.reporting.quantities.test_selectors import UTC, chosen, parts, seen
from tests.reporting.quantities.test_selectors import sums as whole
from tests.world import World

D = Decimal
TODAY = date.today()


def sold(world: World, quantity: int, days: int = 9) -> tuple[Order, int, Invoice]:
    """So many A at 10, shipped and invoiced `days` ago and delivered a day later; the order, its shipment, its invoice."""
    made = order(world, ("A", quantity), at=days_ago(days + 1))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(days))
    ship(shipment, by=world.warehouse, at=days_ago(days))
    drain_all()
    deliver(shipment, days_ago(days - 1).date(), "signature", by=world.warehouse)
    return made, shipment, Invoice.objects.get(shipment_id=shipment)


def bring_back(world: World, quantity: int) -> CreditNote:
    """So many A come back damaged today and are credited."""
    back = request_return("ACME", [Item("A", quantity, "damaged", "credit")], by=world.sales)
    line = back.lines.get().pk
    authorise(back.pk, None, by=world.approver)
    receive_return(back.pk, {line: Came(quantity)}, by=world.warehouse)
    inspect(back.pk, {line: "damaged"}, by=world.warehouse)
    dispose(back.pk, {line: Disposed(scrap=quantity)}, by=world.warehouse)
    settle(back.pk, {line: Settled("credit")}, by=world.finance)
    (note,) = credit_settled(back.pk, by=world.system)
    return CreditNote.objects.get(pk=note)


def credit(world: World, invoice: Invoice, gross: str) -> CreditNote:
    """A credit in price, proposed by finance, confirmed by the manager."""
    confirm(propose_credit(invoice.pk, "wrong price", amount=D(gross), by=world.finance).pk, by=world.manager)
    return CreditNote.objects.latest("pk")


@pytest.fixture
def credited(world: World) -> Invoice:
    """20 A: 200 net, 240 gross, invoiced 9 days ago, paid 5 days ago. The customer went to another post, held by another
    person, 3 days ago. Today 4 A come back (40 net), 10 net are credited in price, and 30 gross are paid back."""
    _order, _shipment, invoice = sold(world, 20)
    pay(world, invoice, D("240.00"), day=days_ago(5).date())
    second, cut = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory), days_ago(3).date()
    CustomerPost.objects.update(during=DateRange(date(1990, 1, 1), cut))
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(cut, None))
    PostHolding.objects.create(post=second, user=world.approver, during=DateRange(cut, None))
    note = bring_back(world, 4)
    assert (note.net, note.total, note.left) == (D("40.00"), D("48.00"), D("48.00"))
    assert credit(world, invoice, "12.00").net == D("10.00")
    confirm(propose_refund(note.pk, D("30.00"), "wanted it back", by=world.finance).pk, by=world.manager)
    return invoice


def test_invoiced_is_net_of_credit_notes_and_collected_of_refunds_each_on_its_day(world: World, credited: Invoice) -> None:
    count(world)
    assert sums(day=days_ago(9).date()) == {"invoiced": D(200)}
    assert sums(day=days_ago(5).date()) == {"collected": D(200)}
    assert sums(day=TODAY) == {"returned": D(40), "credited": D(10), "invoiced": D(-50), "collected": D(-25)}
    assert sums()["invoiced"] == D(150) and sums()["collected"] == D(175)
    assert broken() == []


def test_what_is_taken_back_is_charged_to_the_post_and_person_that_had_it(world: World, credited: Invoice) -> None:
    count(world)
    assert set(Figure.objects.values_list("post__code", flat=True)) == {"LYON1"}
    assert set(Figure.objects.filter(day=TODAY).values_list("owner_day", flat=True)) == {days_ago(8).date(), days_ago(9).date()}
    month = TODAY.replace(day=1)
    for by, name in ((Dimension.PERSON, "sales"), (Dimension.POST, "LYON1")):
        rows = breakdown(scope(world.manager), Selection(month, "EUR"), by, TODAY, {})
        assert {r.key: (r.sums["returned"], r.sums["credited"]) for r in rows if r.sums["returned"]} == {name: (40, 10)}
    own, other = (series(scope(world.manager), Selection(month, "EUR", person=p), TODAY) for p in ("sales", "approver"))
    assert sum(s.net for s in own.months.values()) == 150 and sum(s["invoiced"] for s in own.months.values()) == 150
    assert all(not s["invoiced"] and not s["returned"] for s in other.months.values())


def test_behind_the_net_number_stand_invoice_and_credit_notes(world: World, credited: Invoice) -> None:
    count(world)
    found = [(d.kind, d.amount) for m in {TODAY.replace(day=1), days_ago(9).date().replace(day=1)}
             for measure in ("invoiced", "credited") for d in documents(scope(world.manager), Selection(m, "EUR"), measure, TODAY)]
    assert sorted(found) == [("credit_note", -40), ("credit_note", -10), ("credit_note", 10), ("invoice", 200)]
    mine = documents(scope(world.manager), Selection(TODAY.replace(day=1), "EUR", post="LYON2"), "invoiced", TODAY)
    assert mine == []


def test_every_unit_paid_credited_or_back_is_named(world: World, credited: Invoice) -> None:
    """240 gross: 48 came back, 12 in price; 180 of the other 192 are paid: 15 of 16 units, the price of the last one credited."""
    (a,) = seen(world)
    assert [a[s.code] for s in STEPS] == [20, 20, 20, 20, 4, 20, 15]
    assert parts(a) == {"credited_return": 4, "credited_price": 1}
    whole(a)
    (row,) = lines_behind(scope(world.manager), chosen(), "credited_price", timezone.now(), UTC, 2)
    assert (row.units, row.notes) == (1, ["CN1", "CN2"])
    assert [(r.part, r.code, r.units) for r in loss_reasons(scope(world.manager), chosen(), timezone.now(), UTC, 2)] == [("returned", "damaged", 4)]


def test_a_cancelled_invoice_counts_nowhere_until_its_goods_are_invoiced_again(world: World) -> None:
    _order, shipment, invoice = sold(world, 10)
    pay(world, invoice, D("60.00"))
    count(world)
    assert seen(world)[0]["paid"] == 5
    confirm(propose_cancel_invoice(invoice.pk, "wrong address", by=world.finance).pk, by=world.manager)
    count(world)
    (a,) = seen(world)
    assert (a["invoiced"], a["paid"], parts(a)) == (0, 0, {"invoice_cancelled": 10})
    assert lines_behind(scope(world.manager), chosen(), "invoice_cancelled", timezone.now(), UTC, 2)[0].notes == ["CN1"]
    assert "invoiced" not in sums() and sums()["collected"] == D(50) and broken() == []
    again = Invoice.objects.get(pk=invoice_shipment(shipment, by=world.system))
    count(world)
    (a,) = seen(world)
    assert (sums()["invoiced"], a["invoiced"], a["paid"], parts(a)) == (D(100), 10, 0, {"not_due": 10})
    apply_credit(CreditNote.objects.get().pk, {again.pk: D("60.00")}, by=world.finance)
    count(world)
    (a,) = seen(world)
    assert (a["paid"], parts(a), sums()["collected"]) == (5, {"not_due": 5}, D(50)) and broken() == []
    whole(a)


def test_deductions_are_losses_and_not_less_invoiced(world: World) -> None:
    _order, _shipment, invoice = sold(world, 10)
    with command("test.deduct", by=world.finance):
        locked = lock_invoices([invoice.pk])[invoice.pk]
        issue_credit(locked, Crediting("cash_discount", "2 days", amount=D("12.00")))
        issue_credit(locked, Crediting("write_off", "too small", amount=D("24.00")))
    pay(world, invoice, D("60.00"))
    count(world)
    (a,) = seen(world)
    assert (a["invoiced"], a["paid"], parts(a)) == (10, 5, {"cash_discount": 1, "written_off": 2, "not_due": 2})
    whole(a)
    assert (sums()["invoiced"], sums()["collected"]) == (D(100), D(50)) and "credited" not in sums() and broken() == []


def test_goods_credited_without_a_return_are_their_own_reason(world: World) -> None:
    _order, _shipment, invoice = sold(world, 10)
    line = invoice.lines.get().pk
    confirm(propose_credit(invoice.pk, "never came", quantities={line: 3}, by=world.finance).pk, by=world.manager)
    count(world)
    (a,) = seen(world)
    assert (a["paid"], parts(a)) == (0, {"credited_goods": 3, "not_due": 7})
    assert (sums()["invoiced"], sums()["credited"]) == (D(70), D(30)) and broken() == []


def test_a_credit_in_price_is_spread_over_the_families_to_the_last_digit(world: World) -> None:
    made = order(world, ("A", 1), ("B", 1), freight=3, at=days_ago(2))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(1))
    ship(shipment, by=world.warehouse, at=days_ago(1))
    drain_all()
    credit(world, Invoice.objects.get(), "1.20")
    count(world)
    by_family = {f: sums(family=f, day=TODAY)["invoiced"] for f in ("Spanners", "Hammers", "")}
    assert sum(by_family.values()) == D(-1) and by_family["Spanners"] == D("-0.303030")
    assert Figure.objects.aggregate(s=Sum("invoiced"))["s"] == D(32) and broken() == []


def test_what_was_owed_on_a_past_day_does_not_know_a_later_credit_note(world: World) -> None:
    _order, _shipment, invoice = sold(world, 10)
    credit(world, invoice, "120.00")
    count(world)
    yesterday = TODAY - timedelta(days=1)
    seen_by = scope(world.manager)
    assert debt(seen_by, Asked(yesterday, "EUR")).total == D("120.00") and debt(seen_by, Asked(TODAY, "EUR")).total == 0
    assert owed(seen_by, Selection(TODAY.replace(day=1), "EUR"), TODAY).open == 0
    assert owed(seen_by, Selection(yesterday.replace(day=1), "EUR"), yesterday).open == D("120.00")


def test_verify_sees_figures_that_ignore_a_credit_note(world: World, credited: Invoice) -> None:
    count(world)
    Figure.objects.filter(day=TODAY, invoiced__lt=0).update(invoiced=0)
    assert {code for code, _row in broken()} == {"R1", "R3"}
