"""Use cases of collections: give a receipt, deposit, bank, clear, bounce, write a loss."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound, Stale
from payments.bank.locks import lock_payment, lock_tagged
from payments.bank.models import Payment
from payments.bank.services import apply_line, standing, undo
from payments.billing.locks import lock_discounts, lock_invoices
from payments.billing.services import fee
from payments.collections.locks import lock_receipt
from payments.collections.models import CollectionReceipt
from payments.collections.selectors import to_clear
from payments.credit.locks import lock_accounts
from payments.credit.models import CreditAccount
from payments.credit.services import move

State, Method = CollectionReceipt.State, CollectionReceipt.Method
CLEARS_AFTER = 5


@use_case("payments.issue_receipt")
def issue_receipt(
    customer_id: int, amount: Decimal, method: str, *, by: Any, cheque_number: str = "", cheque_bank: str = "",
    received: date | None = None, at: datetime | None = None,
) -> CollectionReceipt:  # fmt: skip
    """Give a numbered receipt for money taken of one of one's own customers; nothing is settled by it.

    Raises NotFound for others' customers; Conflict `no_account`; Invalid `bad_amount`, `bad_method`, `cheque_missing`.
    """
    authorize(by, "payments.issue_receipt")
    customer = Customer.objects.filter(customer_filter(by), pk=customer_id).first()
    if customer is None:
        raise NotFound(_("There is no such customer."), code="customer_missing")
    account = CreditAccount.objects.filter(members__customer_id=customer_id).first()
    if account is None:
        raise Conflict(_("The customer has no credit account."), code="no_account")
    if not amount.is_finite() or not 0 < amount < 10**12 or amount != round(amount, exponent(account.currency_id)):
        raise Invalid(_("The amount is above 0, in the currency's smallest unit."), code="bad_amount",
                      errors=[{"field": "amount", "message": _("Not a possible amount.")}])
    if method not in Method.values:
        raise Invalid(_("Cash or cheque."), code="bad_method")
    if method == Method.CHEQUE and not cheque_number.strip():
        raise Invalid(_("A cheque has a number."), code="cheque_missing", errors=[{"field": "cheque_number", "message": _("A cheque has a number.")}])
    cmd = current()
    receipt = CollectionReceipt(
        pk=new_ids("payments_collectionreceipt")[0], collector_id=by.pk, customer=customer, account=account, currency_id=account.currency_id, method=method,
        cheque_number=cheque_number.strip()[:40], cheque_bank=cheque_bank.strip()[:100], amount=amount, received_date=received or cmd.at.date(),
    )  # fmt: skip
    event = _event("receipt.issued", receipt, {"amount": amount, "method": method})
    ((receipt.serial, receipt.number),) = next_numbers("collection", 1, prefix="CR")
    receipt.event_id = event
    receipt.save(force_insert=True)
    return receipt


def _event(name: str, receipt: CollectionReceipt, data: Mapping[str, Any], note: str = "") -> int:
    about = [("receipt", receipt.pk), ("customer", receipt.customer_id), ("credit_account", receipt.account_id)]
    return current().event(name, about, {"receipt": receipt.pk, **data}, note=note)


@use_case("payments.deposit_cheque")
def deposit_cheque(receipt_id: int, *, by: Any, at: datetime | None = None) -> CollectionReceipt:
    """A cheque went to the bank; it waits for its line. Raises Conflict `receipt_state`."""
    authorize(by, "payments.bank_receipt")
    receipt = lock_receipt(receipt_id)
    _need(receipt, State.HAND)
    if receipt.method != Method.CHEQUE:
        raise Conflict(_("Only cheques are deposited; cash is closed by its bank line."), code="receipt_state")
    _event("receipt.deposited", receipt, {"amount": receipt.amount})
    receipt.state = State.DEPOSITED
    receipt.save(update_fields=["state"])
    return receipt


def _need(receipt: CollectionReceipt, *states: str) -> None:
    if receipt.state not in states:
        raise Conflict(_("Receipt %(number)s is: %(state)s.") % {"number": receipt.number, "state": receipt.get_state_display()},
                       code="receipt_state", clears=_("Load the page again."))


@use_case("payments.bank_receipt")
def bank_receipt(
    receipt_id: int, bank_line_id: int, allocations: Mapping[int, Decimal], *, by: Any, at: datetime | None = None
) -> Payment:
    """Close a receipt by its bank line: a payment of its whole amount, applied to invoices. A cheque's payment is `deposited`
    and frees no credit until it clears: the amount stays in the account's exposure.

    Raises Conflict `receipt_state`, and whatever `apply_line` refuses.
    """
    authorize(by, "payments.bank_receipt")
    lock_invoices(list(allocations))
    receipt = lock_receipt(receipt_id)
    _need(receipt, State.HAND, State.DEPOSITED)
    cheque = receipt.method == Method.CHEQUE
    clearing = Payment.Clearing.DEPOSITED if cheque else Payment.Clearing.CLEARED
    payment = apply_line(bank_line_id, receipt.customer_id, allocations, amount=receipt.amount, clearing=clearing, by=by)
    event = _event("receipt.banked", receipt, {"amount": receipt.amount, "payment": payment.pk})
    if cheque:
        move(receipt.account_id, [("reserved", receipt.amount, "cheque", payment.pk)], event)
    receipt.state, receipt.payment = State.BANKED, payment
    receipt.save(update_fields=["state", "payment"])
    return payment


@use_case("payments.clear_cheques")
def clear_cheques(on: date, *, by: Any, at: datetime | None = None) -> list[int]:
    """Cheques whose bank line is `CLEARS_AFTER` working days old are good: they free credit. Returns the payments."""
    authorize(by, "payments.bank_receipt")
    done = []
    for found in to_clear(working_days_before(on, CLEARS_AFTER)):
        payment = lock_payment(found.pk)
        if payment.clearing != Payment.Clearing.DEPOSITED:
            continue
        about = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
        event = current().event("payment.cleared", about, {"payment": payment.pk, "amount": payment.amount})
        move(payment.account_id, [("reserved", -payment.amount, "cheque", payment.pk)], event)
        payment.clearing = Payment.Clearing.CLEARED
        payment.save(update_fields=["clearing"])
        done.append(payment.pk)
    return done


def working_days_before(day: date, count: int) -> date:
    """The last day after which so many working days (Monday to Friday) passed, `day` included."""
    while count:
        count -= day.weekday() < 5
        day -= timedelta(days=1)
    return day


@use_case("payments.bounce_cheque")
def bounce_cheque(receipt_id: int, reason: str, *, by: Any, charge: Decimal | None = None, at: datetime | None = None) -> CollectionReceipt:
    """The bank returned a cheque: its invoices are open again with their own due dates, the account is blocked at once,
    a fee is charged when given; the event tells who sends the notice.

    Raises Conflict `receipt_state`, `refunded`; Stale `payment_changed`; Invalid `reason_missing`.
    """
    authorize(by, "payments.bank_receipt")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    seen_payment = CollectionReceipt.objects.filter(pk=receipt_id).values_list("payment_id", flat=True).first()
    seen = standing(seen_payment) if seen_payment else {}
    invoices = lock_invoices(list(seen))
    pro_formas = lock_tagged(seen_payment) if seen_payment else {}
    receipt = lock_receipt(receipt_id)
    _need(receipt, State.BANKED)
    assert receipt.payment_id is not None
    payment = lock_payment(receipt.payment_id)
    if standing(payment.pk) != seen:
        raise Stale(_("The payment was applied further just now."), code="payment_changed", clears=_("Try again."))
    if receipt.method != Method.CHEQUE or payment.clearing in Payment.GONE:
        raise Conflict(_("Only a cheque that stands can bounce."), code="receipt_state")
    if payment.refunded:
        raise Conflict(_("%(amount)s of it was paid back.") % {"amount": payment.refunded}, code="refunded")
    uncleared = payment.clearing == Payment.Clearing.DEPOSITED
    event = undo(payment, invoices, seen, reason, lock_discounts(payment.pk), Payment.Clearing.BOUNCED, pro_formas)
    if uncleared:
        move(payment.account_id, [("reserved", -payment.amount, "cheque", payment.pk)], event)
    account = lock_accounts([payment.account_id])[payment.account_id]
    if not account.blocked:
        account.blocked, account.blocked_reason = True, "cheque_bounced"
        account.save(update_fields=["blocked", "blocked_reason"])
        current().event("credit.blocked", [("credit_account", account.pk), ("customer", account.payer_id)], {"account": account.pk}, note=reason)
    if charge:
        fee(account.pk, receipt.customer_id, receipt.currency_id, charge, _("Returned cheque %(number)s") % {"number": receipt.cheque_number})
    receipt.state, receipt.closed_reason = State.BOUNCED, reason
    receipt.save(update_fields=["state", "closed_reason"])
    return receipt


@use_case("payments.propose_loss")
def propose_loss(receipt_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose that collected money is lost; a manager confirms. Raises Conflict `receipt_state`, `change_open`."""
    receipt = CollectionReceipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound(_("There is no such receipt."), code="receipt_missing")
    _need(receipt, State.HAND, State.DEPOSITED)
    title = _("Loss of %(amount)s, receipt %(number)s") % {"amount": receipt.amount, "number": receipt.number}
    return propose("payments.receipt_loss", ("receipt", receipt.pk), title, {}, reason, by=by, amount=receipt.amount, customer_id=receipt.customer_id)


def confirm_loss(change: ChangeRequest) -> CollectionReceipt:
    """Part: the receipt is closed as lost; the customer's invoices stay open."""
    receipt = lock_receipt(change.subject_id)
    _need(receipt, State.HAND, State.DEPOSITED)
    _event("receipt.lost", receipt, {"amount": receipt.amount}, note=change.reason)
    receipt.state, receipt.closed_reason = State.LOST, change.reason
    receipt.save(update_fields=["state", "closed_reason"])
    return receipt
