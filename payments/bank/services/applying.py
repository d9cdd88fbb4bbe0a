"""Make payments of bank lines, apply them to invoices, apply what was left over, undo what was wrong.

A payment belongs to one credit account and stands on one bank line. Two people who apply the same line at once: the
second waits on the line's lock and then finds it matched. Lock order: invoices, payment, bank line, credit account,
number series.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, Stale
from payments.bank.locks import lock_bank_line, lock_payment
from payments.bank.models import Application, BankLine, Payment
from payments.bank.services.recording import bad_amount
from payments.billing.locks import lock_invoices
from payments.billing.models import Invoice, ReceivableEntry
from payments.billing.services import push_overdue
from payments.credit.selectors import account_of
from payments.credit.services import move

Parts = Mapping[int, Decimal]


@use_case("payments.apply")
def apply_line(
    bank_line_id: int, customer_id: int, allocations: Parts, *, by: Any, at: datetime | None = None,
    amount: Decimal | None = None, unmatched: Decimal | None = None,
) -> Payment:  # fmt: skip
    """Make a payment of `customer_id` from a bank line (default: all that is unmatched) and apply it to invoices.

    `allocations` {invoice: amount} sum to at most the payment; what is left over stays unapplied on the account.
    `unmatched` is what the person saw left of the line: when it is less now, nothing is done.
    Raises Stale `line_changed`, Conflict `matched` (somebody was first), `above_open`, `above_payment`,
    `other_account`, `no_account`; Invalid `not_incoming`, `bad_amount`.
    """
    authorize(by, "payments.apply")
    account_id = account_of(customer_id)
    if account_id is None:
        raise Conflict(_("The customer has no credit account."), code="no_account")
    invoices = lock_invoices(list(allocations))
    line = lock_bank_line(bank_line_id)
    if unmatched is not None and line.unmatched and line.unmatched != unmatched:
        raise Stale(_("Somebody matched a part of this line meanwhile."), code="line_changed", left=str(line.unmatched),
                    clears=_("Load the page again: %(left)s is left.") % {"left": line.unmatched})
    amount = line.unmatched if amount is None else amount
    _check_line(line, amount)
    _check_parts(allocations, amount, invoices, account_id, line.currency_id)
    return _pay(line, account_id, customer_id, invoices, allocations, amount)


def _check_line(line: BankLine, amount: Decimal) -> None:
    if line.amount <= 0:
        raise Invalid(_("Money went out on this line."), code="not_incoming")
    if line.unmatched == 0 or amount > line.unmatched:
        raise Conflict(_("%(left)s of this line is left to match.") % {"left": line.unmatched}, code="matched",
                       left=str(line.unmatched), clears=_("Look at what it was matched to, or match the rest."))
    if amount <= 0 or amount != round(amount, exponent(line.currency_id)):
        raise bad_amount(_("The amount of a payment is above 0, in the currency's smallest unit."))


def _check_parts(
    parts: Parts, available: Decimal, invoices: Mapping[int, Invoice], account_id: int, currency: str
) -> None:
    """Every rule of applying before anything is written: what is paid, what is open, one account, one currency."""
    if any(part <= 0 or part != round(part, exponent(currency)) for part in parts.values()):
        raise bad_amount(_("What is applied is above 0, in the currency's smallest unit."))
    wanted = sum(parts.values(), Decimal(0))
    if wanted > available:
        raise Conflict(
            _("%(wanted)s would be applied of %(available)s.") % {"wanted": wanted, "available": available},
            code="above_payment", available=str(available), clears=_("Apply %(over)s less.") % {"over": wanted - available},
        )  # fmt: skip
    for invoice_id, part in sorted(parts.items()):
        invoice = invoices[invoice_id]
        if invoice.account_id != account_id or invoice.currency_id != currency:
            raise Conflict(_("%(number)s belongs to another account.") % {"number": invoice.number}, code="other_account")
        if part > invoice.open_amount:
            raise Conflict(
                _("%(number)s is open with %(open)s.") % {"number": invoice.number, "open": invoice.open_amount},
                code="above_open", invoice=invoice.number, open=str(invoice.open_amount),
                clears=_("Apply at most what is open; the rest stays on the account."),
            )  # fmt: skip


def _pay(
    line: BankLine, account_id: int, customer_id: int, invoices: Mapping[int, Invoice], parts: Parts, amount: Decimal
) -> Payment:
    applied = sum(parts.values(), Decimal(0))
    payment = Payment(
        id=_next_id(), account_id=account_id, customer_id=customer_id, currency_id=line.currency_id, bank_line=line,
        amount=amount, applied=applied, clearing=Payment.Clearing.CLEARED, value_date=line.value_date,
    )  # fmt: skip
    event = _event("payment.applied", payment, invoices, {"amount": amount, "applied": _listed(parts)})
    move(account_id, [("unapplied", amount - applied, "payment", payment.pk), *_settled(parts)], event)
    ((_serial, payment.number),) = next_numbers("payment", 1)
    payment.event_id = event
    payment.save(force_insert=True)
    _write_applications(payment, invoices, parts, event)
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched + amount)
    _post(payment, ReceivableEntry.Kind.PAYMENT, -amount, line.value_date, event)
    push_overdue([account_id], current().at.date())
    return payment


def _next_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_payment_id_seq')")
        return int(cursor.fetchone()[0])


def _listed(parts: Parts) -> dict[str, Decimal]:
    return {str(invoice_id): part for invoice_id, part in sorted(parts.items())}


def _settled(parts: Parts) -> list[tuple[str, Decimal, str, int]]:
    """The account's moves for invoices that are settled by `parts`."""
    return [("receivable", -part, "invoice", invoice_id) for invoice_id, part in sorted(parts.items())]


def _event(
    name: str, payment: Payment, invoices: Mapping[int, Invoice], data: Mapping[str, Any], note: str = ""
) -> int:
    subjects = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
    subjects += [("invoice", invoice_id) for invoice_id in sorted(invoices)]
    subjects += [("order", order_id) for order_id in sorted({x.order_id for x in invoices.values()})]
    return current().event(name, subjects, {"payment": payment.pk, **data}, note=note)


def _write_applications(payment: Payment, invoices: Mapping[int, Invoice], parts: Parts, event: int) -> None:
    """Insert the rows and move the invoices' `applied`; an application counts from when both documents exist."""
    Application.objects.bulk_create(
        Application(
            payment=payment, invoice_id=i, account_id=payment.account_id, currency_id=payment.currency_id, amount=part,
            value_date=max(payment.value_date, invoices[i].invoice_date), event_id=event,
        )
        for i, part in sorted(parts.items())
    )  # fmt: skip
    _move_applied(invoices, parts)


def _move_applied(invoices: Mapping[int, Invoice], parts: Parts) -> None:
    """Move `applied` of locked invoices; one statement."""
    for i, part in parts.items():
        invoices[i].applied += part
    Invoice.objects.bulk_update([invoices[i] for i in sorted(parts)], ["applied"])


def _post(payment: Payment, kind: str, amount: Decimal, day: date, event: int) -> None:
    ReceivableEntry.objects.create(
        account_id=payment.account_id, customer_id=payment.customer_id, kind=kind, amount=amount,
        document_id=payment.pk, document_number=payment.number, posted_date=day, event_id=event,
    )  # fmt: skip


@use_case("payments.apply_rest")
def apply_rest(payment_id: int, allocations: Parts, *, by: Any, at: datetime | None = None) -> Payment:
    """Apply what a payment has left over to invoices of its account.

    Raises Conflict `reversed`, `above_payment`, `above_open`, `other_account`; Invalid `bad_amount`, `nothing_to_apply`.
    """
    authorize(by, "payments.apply")
    if not allocations:
        raise Invalid(_("Choose an invoice."), code="nothing_to_apply")
    invoices = lock_invoices(list(allocations))
    payment = lock_payment(payment_id)
    if payment.clearing == Payment.Clearing.REVERSED:
        raise Conflict(_("The payment was reversed."), code="reversed")
    _check_parts(allocations, payment.amount - payment.applied, invoices, payment.account_id, payment.currency_id)
    applied = sum(allocations.values(), Decimal(0))
    event = _event("payment.applied", payment, invoices, {"amount": applied, "applied": _listed(allocations)})
    move(payment.account_id, [("unapplied", -applied, "payment", payment.pk), *_settled(allocations)], event)
    payment.applied += applied
    payment.save(update_fields=["applied"])
    _write_applications(payment, invoices, allocations, event)
    push_overdue([payment.account_id], current().at.date())
    return payment


def _standing(payment_id: int) -> dict[int, Decimal]:
    """What of a payment stands applied, by invoice."""
    standing: dict[int, Decimal] = {}
    for invoice_id, part in Application.objects.filter(payment_id=payment_id).values_list("invoice_id", "amount"):
        standing[invoice_id] = standing.get(invoice_id, Decimal(0)) + part
    return {invoice_id: part for invoice_id, part in standing.items() if part}


@use_case("payments.reverse")
def reverse_payment(payment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Payment:
    """Undo a payment: its applications are undone by negative rows, its bank line is open again. Needs a reason.

    Raises Conflict `reversed`, Invalid `reason_missing`, Stale `payment_changed`.
    """
    authorize(by, "payments.reverse")
    if not reason.strip():
        raise Invalid(_("Say why the payment is reversed."), code="reason_missing")
    seen = _standing(payment_id)
    invoices = lock_invoices(list(seen))
    payment = lock_payment(payment_id)
    if payment.clearing == Payment.Clearing.REVERSED:
        raise Conflict(_("The payment was reversed before."), code="reversed")
    if _standing(payment_id) != seen:
        raise Stale(_("The payment was applied further just now."), code="payment_changed", clears=_("Try again."))
    line = lock_bank_line(payment.bank_line_id)
    return _undo(payment, line, invoices, seen, reason)


def _undo(
    payment: Payment, line: BankLine, invoices: Mapping[int, Invoice], standing: Parts, reason: str
) -> Payment:
    today = current().at.date()
    event = _event("payment.reversed", payment, invoices, {"amount": payment.amount}, note=reason)
    back = {invoice_id: -part for invoice_id, part in standing.items()}
    unapplied = payment.amount - payment.applied
    move(payment.account_id, [("unapplied", -unapplied, "payment", payment.pk), *_settled(back)], event)
    Application.objects.bulk_create(
        Application(payment=payment, invoice_id=i, account_id=payment.account_id, currency_id=payment.currency_id,
                    amount=part, value_date=max(today, payment.value_date, invoices[i].invoice_date), event_id=event)
        for i, part in sorted(back.items())
    )  # fmt: skip
    _move_applied(invoices, back)
    payment.applied, payment.clearing = Decimal(0), Payment.Clearing.REVERSED
    payment.save(update_fields=["applied", "clearing"])
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched - payment.amount)
    _post(payment, ReceivableEntry.Kind.REVERSAL, payment.amount, max(today, payment.value_date), event)
    push_overdue([payment.account_id], today)
    return payment
