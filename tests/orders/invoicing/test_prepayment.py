"""Terms that ask for money ahead: the pro forma, the hold it waits behind, the deposit and where it goes. Worked examples.

A of 10 net costs 12.00 gross. ACME pays 30 % ahead unless a test says otherwise.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, OMSError
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, quote, recheck, submit
from orders.fulfilment.services import release, ship
from orders.holds.models import Hold
from orders.holds.services import release_hold
from orders.invoicing.services import free_prepayment, invoice_shipment, issue_order_pro_forma
from orders.models import Order, Shipment
from payments.bank.domain import NewBankLine
from payments.bank.selectors import offers, propose
from payments.bank.services import (
    apply_line,
    apply_rest,
    free_deposit,
    post_certain,
    record_bank_line,
    reverse_payment,
)
from payments.models import (
    BankAccount,
    BankLine,
    BillingTerms,
    CreditAccount,
    Deposit,
    Invoice,
    Payment,
    ProForma,
    ReceivableEntry,
)
from tests.payments.conftest import IBAN, TODAY, violated
from tests.world import World

D = Decimal
ZERO = D(0)


def terms(w: World, share: str = "0.3") -> World:
    w.customer.prepay_share = D(share)
    w.customer.save()
    BankAccount.objects.create(name="Main", iban=IBAN, currency_id="EUR")
    return w


@pytest.fixture
def world(db: Any) -> World:
    return terms(World.make())


def enter(w: World, quantity: int = 20) -> Order:
    """20 A, 240.00 gross, within the band that approves itself."""
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", D(quantity)),), "web"), by=w.sales).number)


def asked(w: World, order: Order) -> ProForma:
    issue_order_pro_forma(order.pk, by=w.system)
    return ProForma.objects.get(order_id=order.pk, withdrawn=False)


def line(w: World, amount: str, text: str = "") -> BankLine:
    pk = record_bank_line(BankAccount.objects.get().pk, NewBankLine(TODAY, TODAY, D(amount), text), by=w.finance)
    return BankLine.objects.get(pk=pk)


def pay_ahead(w: World, order: Order, found: ProForma, amount: str, text: str = "ahead") -> Payment:
    payment = apply_line(line(w, amount, text).pk, w.customer.pk, {}, by=w.finance, deposits={found.pk: D(amount)})
    recheck(order.pk, by=w.system)
    return payment


def buckets(w: World) -> tuple[Decimal, ...]:
    """(reserved, receivable, unapplied, deposits, exposure)."""
    a = CreditAccount.objects.get(pk=w.account.pk)
    return a.reserved, a.receivable, a.unapplied, a.deposits, a.exposure


def waits(order: Order) -> list[tuple[str, Decimal]]:
    return list(Hold.objects.filter(order=order, kind="prepayment", released_at=None).values_list("reason", "amount"))


def test_an_order_waits_for_its_share_and_the_matched_bank_line_lets_it_go(world: World) -> None:
    order = enter(world)
    assert (order.status, order.total) == ("approved", D("240.00"))  # the hold stops the release, not the approval
    assert waits(order) == [("30 % is paid before the goods leave.", D("72.00"))]
    assert buckets(world) == (D("168.00"), ZERO, ZERO, ZERO, D("168.00"))
    found = asked(world, order)
    assert (found.number, found.net, found.tax, found.total, found.due, found.share) == ("PF1", D("200.00"), D("40.00"), D("240.00"), D("72.00"), D("0.3"))
    assert not ReceivableEntry.objects.exists()  # no entry of the ledger
    assert waits(order)[0][0] == "72.00 EUR of pro forma PF1 is paid before the goods leave."
    assert issue_order_pro_forma(order.pk, by=world.system) == found.pk and ProForma.objects.count() == 1
    assert release([order.pk], by=world.manager) == []

    paid = line(world, "72.00", "advance PF1")
    offer = offers(paid)[0]
    assert (offer.proposal.certain, offer.proposal.allocations) == (True, ((-found.pk, D("72.00")),))
    BillingTerms.objects.create(customer=world.customer, match_from=90)
    assert post_certain([paid], by=world.system).posted == 1
    assert buckets(world) == (D("168.00"), ZERO, ZERO, D("72.00"), D("168.00"))
    assert recheck(order.pk, by=world.system) == ["prepayment"]
    assert waits(order) == [] and buckets(world)[0] == D("168.00")

    shipment = release([order.pk], by=world.manager)[0]
    ship(shipment, by=world.warehouse)
    invoice = Invoice.objects.get(pk=invoice_shipment(shipment, by=world.system))
    assert (invoice.total, invoice.applied, invoice.open_amount) == (D("240.00"), D("72.00"), D("168.00"))
    assert buckets(world) == (ZERO, D("168.00"), ZERO, ZERO, D("168.00"))
    assert [(x.kind, x.amount) for x in ReceivableEntry.objects.order_by("pk")] == [("payment", D("-72.00")), ("invoice", D("240.00"))]
    payment = Payment.objects.get()
    assert (payment.applied, payment.tagged, payment.rest) == (D("72.00"), ZERO, ZERO)
    apply_line(line(world, "168.00").pk, world.customer.pk, {invoice.pk: D("168.00")}, by=world.finance)
    assert buckets(world) == (ZERO, ZERO, ZERO, ZERO, ZERO) and violated() == []


def test_a_part_of_it_is_not_enough_and_more_than_it_lowers_what_is_reserved(world: World) -> None:
    order = enter(world)
    found = asked(world, order)
    pay_ahead(world, order, found, "50.00")
    assert waits(order) == [("50.00 of 72.00 EUR of pro forma PF1 is paid; 22.00 is missing.", D("72.00"))]
    assert buckets(world) == (D("168.00"), ZERO, ZERO, D("50.00"), D("168.00"))
    assert release([order.pk], by=world.manager) == []
    pay_ahead(world, order, found, "100.00", "more")
    assert waits(order) == []
    assert buckets(world) == (D("90.00"), ZERO, ZERO, D("150.00"), D("90.00"))
    with pytest.raises(Conflict) as above:
        apply_line(line(world, "91.00", "too much").pk, world.customer.pk, {}, by=world.finance, deposits={found.pk: D("91.00")})
    assert (above.value.code, above.value.data["open"]) == ("above_open", "90.00")
    assert violated() == []


def test_two_deliveries_use_what_came_ahead_the_first_first(world: World) -> None:
    order = enter(world)
    pay_ahead(world, order, asked(world, order), "72.00")
    first = release([order.pk], by=world.manager)[0]
    ship(first, {x.pk: 5 for x in Shipment.objects.get(pk=first).lines.all()}, by=world.warehouse)
    one = Invoice.objects.get(pk=invoice_shipment(first, by=world.system))
    assert (one.total, one.applied) == (D("60.00"), D("60.00"))
    assert buckets(world) == (D("168.00"), ZERO, ZERO, D("12.00"), D("168.00"))
    rest = Shipment.objects.get(order=order, status="released")
    ship(rest.pk, by=world.warehouse)
    two = Invoice.objects.get(pk=invoice_shipment(rest.pk, by=world.system))
    assert (two.total, two.applied, two.open_amount) == (D("180.00"), D("12.00"), D("168.00"))
    assert buckets(world) == (ZERO, D("168.00"), ZERO, ZERO, D("168.00")) and violated() == []


def test_what_is_paid_ahead_opens_no_credit_hold(db: Any) -> None:
    w = terms(World.make(limit=0), "1")
    answer = quote(EntryRequest("ACME", (LineRequest("A", D(20)),), "web"), by=w.sales)
    assert [(h.kind, h.amount) for h in answer.holds] == [("prepayment", D("240.00"))] and answer.credit_left == ZERO
    order = enter(w)
    assert [h.kind for h in Hold.objects.filter(order=order)] == ["prepayment"] and buckets(w)[0] == ZERO
    pay_ahead(w, order, asked(w, order), "240.00")
    shipment = release([order.pk], by=w.manager)[0]
    ship(shipment, by=w.warehouse)
    invoice = Invoice.objects.get(pk=invoice_shipment(shipment, by=w.system))
    assert invoice.open_amount == ZERO and buckets(w) == (ZERO,) * 5 and violated() == []


def test_money_that_is_taken_back_brings_the_hold_back_until_goods_have_begun_to_leave(world: World) -> None:
    order = enter(world)
    found = asked(world, order)
    payment = pay_ahead(world, order, found, "72.00")
    assert waits(order) == []
    reverse_payment(payment.pk, "the bank took it back", by=world.finance)
    recheck(order.pk, by=world.system)
    assert [amount for _why, amount in waits(order)] == [D("72.00")]
    assert buckets(world) == (D("168.00"), ZERO, ZERO, ZERO, D("168.00")) and violated() == []

    again = pay_ahead(world, order, found, "72.00", "second")
    shipment = release([order.pk], by=world.manager)[0]
    ship(shipment, by=world.warehouse)
    invoice = Invoice.objects.get(pk=invoice_shipment(shipment, by=world.system))
    reverse_payment(again.pk, "and this one", by=world.finance)
    recheck(order.pk, by=world.system)
    invoice.refresh_from_db()
    found.refresh_from_db()
    assert (invoice.open_amount, found.paid, waits(order)) == (D("240.00"), ZERO, [])
    assert buckets(world) == (ZERO, D("240.00"), ZERO, ZERO, D("240.00")) and violated() == []


def test_finance_lets_it_go_unpaid_and_the_whole_stands_on_the_account(world: World) -> None:
    order = enter(world)
    asked(world, order)
    release_hold(Hold.objects.get(order=order).pk, "old customer", by=world.finance)
    assert waits(order) == [] and buckets(world)[0] == D("240.00")
    recheck(order.pk, by=world.system)
    assert waits(order) == [] and buckets(world)[0] == D("240.00")
    assert len(release([order.pk], by=world.manager)) == 1


def test_money_on_account_is_tagged_later_and_put_back_with_a_reason(world: World) -> None:
    order = enter(world)
    found = asked(world, order)
    payment = apply_line(line(world, "100.00").pk, world.customer.pk, {}, by=world.finance)
    assert buckets(world) == (D("168.00"), ZERO, D("100.00"), ZERO, D("68.00"))
    apply_rest(payment.pk, {}, by=world.finance, deposits={found.pk: D("72.00")})
    assert recheck(order.pk, by=world.system) == ["prepayment"]
    assert buckets(world) == (D("168.00"), ZERO, D("28.00"), D("72.00"), D("140.00"))
    with pytest.raises(Conflict) as gone:
        apply_rest(payment.pk, {}, by=world.finance, deposits={found.pk: D("30.00")})
    assert gone.value.code == "above_payment"
    free_deposit(payment.pk, found.pk, "meant for another order", by=world.finance)
    recheck(order.pk, by=world.system)
    assert len(waits(order)) == 1 and buckets(world) == (D("168.00"), ZERO, D("100.00"), ZERO, D("68.00"))
    with pytest.raises(Conflict) as nothing:
        free_deposit(payment.pk, found.pk, "again", by=world.finance)
    assert nothing.value.code == "nothing_tagged" and violated() == []


def test_a_changed_order_is_asked_for_anew_and_the_money_goes_along(world: World) -> None:
    order = enter(world)
    old = asked(world, order)
    pay_ahead(world, order, old, "72.00")
    x = order.lines.get()
    amend(order.pk, Amendment((LineChange(x.pk, 4),)), by=world.sales, version=order.version)
    new = asked(world, order)
    old.refresh_from_db()
    assert (old.withdrawn, old.paid, new.number, new.total, new.due, new.paid) == (True, ZERO, "PF2", D("48.00"), D("14.40"), D("48.00"))
    assert buckets(world) == (ZERO, ZERO, D("24.00"), D("48.00"), D("-24.00"))  # 24.00 is more than the order comes to
    assert violated() == []


def test_a_cancelled_order_frees_what_came_ahead(world: World) -> None:
    order = enter(world)
    found = asked(world, order)
    pay_ahead(world, order, found, "72.00")
    cancel(order.pk, "no longer wanted", by=world.manager)
    free_prepayment(order.pk, by=world.system)
    free_prepayment(order.pk, by=world.system)
    found.refresh_from_db()
    assert (found.withdrawn, found.paid) == (True, ZERO)
    assert buckets(world) == (ZERO, ZERO, D("72.00"), ZERO, D("-72.00")) and violated() == []


def test_the_news_does_all_of_it(live_db: str) -> None:
    w = terms(World.make())
    order = enter(w)
    drain_all()
    found = ProForma.objects.get()
    apply_line(line(w, "72.00").pk, w.customer.pk, {}, by=w.finance, deposits={found.pk: D("72.00")})
    drain_all()
    assert waits(order) == []
    ship(release([order.pk], by=w.manager)[0], by=w.warehouse)
    drain_all()
    assert Invoice.objects.get().open_amount == D("168.00")
    assert violated() == []
    call_command("verify")


def together(attempts: list[Any]) -> list[Any]:
    """Two people at once; what each got, or the code of the refusal."""
    both, answers = threading.Barrier(2), []

    def person(attempt: Any) -> None:
        try:
            answers.append(attempt(both))
        except OMSError as error:
            answers.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=person, args=[attempt]) for attempt in attempts]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    return answers


def test_two_accountants_do_not_let_the_same_money_wait_for_two_orders(live_db: str) -> None:
    w = terms(World.make())
    found = [asked(w, enter(w)), asked(w, enter(w))]
    payment = apply_line(line(w, "72.00").pk, w.customer.pk, {}, by=w.finance)

    def attempt(one: ProForma) -> Any:
        def tag(both: threading.Barrier) -> str:
            both.wait(5)
            return apply_rest(payment.pk, {}, by=w.finance, deposits={one.pk: D("72.00")}).number
        return tag

    assert sorted(together([attempt(one) for one in found])) == ["PAY1", "above_payment"]
    assert buckets(w)[2:4] == (ZERO, D("72.00")) and violated() == []


def test_red_control_without_the_lock_both_see_the_money_free(live_db: str) -> None:
    w = terms(World.make())
    payment = apply_line(line(w, "72.00").pk, w.customer.pk, {}, by=w.finance)

    def look(both: threading.Barrier) -> bool:
        free = Payment.objects.get(pk=payment.pk).rest >= D("72.00")
        both.wait(5)
        return free

    assert together([look, look]) == [True, True]


def test_pages_show_what_waits_and_the_matching_page_pays_it(world: World, client: Client) -> None:
    order = enter(world)
    found = asked(world, order)
    client.force_login(world.finance, backend="django.contrib.auth.backends.ModelBackend")
    assert found.number in client.get(reverse("payments:pro-forma-list")).content.decode()
    assert client.get(reverse("payments:pro-forma-pdf", args=[found.number])).content.startswith(b"%PDF")
    incoming = line(world, "80.00", "order " + order.number)
    page = client.get(reverse("payments:bank-line", args=[incoming.pk])).content.decode()
    assert f'name="pay-{found.number}"' in page
    done = client.post(reverse("payments:bank-line", args=[incoming.pk]), {"customer": "ACME", f"pay-{found.number}": "72.00", "shown": "80.00"})
    assert done.status_code == 302
    payment = Payment.objects.get()
    assert (payment.tagged, payment.rest) == (D("72.00"), D("8.00"))
    page = client.get(reverse("payments:payment-detail", args=[payment.number])).content.decode()
    assert found.number in page and "Put back on account" in page
    assert client.post(reverse("payments:payment-free", args=[payment.number, found.number]), {"reason": "mistake"}).status_code == 302
    assert Deposit.objects.filter(payment=payment).count() == 2
    detail = client.get(reverse("payments:pro-forma-detail", args=[found.number])).content.decode()
    assert "72.00" in detail and "Waits for money" in detail


def test_open_pro_formas_are_proposed_by_payer_and_sum(world: World) -> None:
    one, two = enter(world), enter(world, 30)
    a, b = asked(world, one), asked(world, two)
    found = propose([line(world, "180.00", f"{a.number} {b.number}")])
    (first, *_more) = next(iter(found.values()))
    assert dict(first.allocations) == {-a.pk: D("72.00"), -b.pk: D("108.00")} and first.certain


@pytest.mark.parametrize("sql", [
    "UPDATE payments_proforma SET due = due - 1",
    "UPDATE payments_proforma SET paid = paid + 1",
    "DELETE FROM payments_deposit",
    "UPDATE payments_proformaline SET quantity = 1",
    "UPDATE payments_payment SET tagged = tagged - 1",
    "INSERT INTO payments_deposit (payment_id, pro_forma_id, order_id, account_id, currency_id, amount, used, event_id)"
    " SELECT payment_id, pro_forma_id, order_id, account_id, currency_id, 1, false, event_id FROM payments_deposit LIMIT 1",
])  # fmt: skip
def test_the_database_keeps_deposits_and_pro_formas(world: World, sql: str) -> None:
    order = enter(world)
    pay_ahead(world, order, asked(world, order), "50.00")
    with pytest.raises((IntegrityError, Exception)) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert any(word in str(refused.value) for word in ("is a document", "sum of its", "append-only", "permission denied", "refuse", "ledger"))
