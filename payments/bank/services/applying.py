"""Make payments of bank lines, apply them to invoices, apply what was left over, undo what was wrong.

A payment belongs to one credit account and stands on one bank line. Two people who apply the same line at once: the
second waits on the line's lock and then finds it matched. Lock order: invoices, payment, bank line, credit account,
number series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, Stale
from oms.kernel.money import half_up
from payments.bank.locks import lock_bank_line, lock_payment, lock_tagged
from payments.bank.models import Application, BankLine, Payment
from payments.bank.services.depositing import check_deposits, take_back, write_deposits
from payments.bank.services.learning import forget, learn
from payments.bank.services.recording import bad_amount
from payments.billing.locks import lock_discounts, lock_invoices, lock_pro_formas
from payments.billing.models import CreditNote, Invoice, ProForma, ReceivableEntry
from payments.billing.selectors import open_day, orders_of
from payments.billing.services import keep_discounts, push_overdue, undo_deduction
from payments.credit.selectors import account_of
from payments.credit.services import move

Parts = Mapping[int, Decimal]


@use_case("payments.apply")
def apply_line(
    bank_line_id: int, customer_id: int, allocations: Parts, *, by: Any, at: datetime | None = None,
    amount: Decimal | None = None, unmatched: Decimal | None = None, discounts: Parts | None = None,
    clearing: str = Payment.Clearing.CLEARED, deposits: Parts | None = None,
) -> Payment:  # fmt: skip
    """Make a payment of `customer_id` from a bank line (default: all that is unmatched) and apply it to invoices.

    `allocations` {invoice: amount} sum to at most the payment; what is left over stays unapplied on the account.
    `discounts` {invoice: amount} is the cash discount the payer kept of invoices this settles; `deposits` {pro forma: amount}
    waits for the orders of pro formas.
    `unmatched` is what the person saw left of the line: when it is less now, nothing is done.
    Raises Stale `line_changed`, Conflict `matched` (somebody was first), `above_open`, `above_payment`,
    `other_account`, `no_account`, `no_discount`, `discount_late`, `discount_rest`; Invalid `not_incoming`, `bad_amount`.
    """
    authorize(by, "payments.apply")
    account_id = account_of(customer_id)
    if account_id is None:
        raise Conflict(_("The customer has no credit account."), code="no_account")
    deposits = deposits or {}
    if deposits and clearing != Payment.Clearing.CLEARED:
        raise Conflict(_("The money has not cleared yet."), code="not_cleared", clears=_("Tag it once the cheque is cleared."))
    invoices, asked = lock_invoices(list(allocations)), lock_pro_formas(list(deposits)) if deposits else {}
    line = lock_bank_line(bank_line_id)
    if unmatched is not None and line.unmatched and line.unmatched != unmatched:
        raise Stale(_("Somebody matched a part of this line meanwhile."), code="line_changed", left=str(line.unmatched),
                    clears=_("%(left)s is left; look again and confirm.") % {"left": _said(line.unmatched, line.currency_id)})
    amount = line.unmatched if amount is None else amount
    _check_line(line, amount)
    check_parts(allocations, amount, invoices, account_id, line.currency_id)
    check_deposits(deposits, amount - sum(allocations.values(), Decimal(0)), asked, account_id, line.currency_id)
    payment = _pay(line, account_id, customer_id, invoices, allocations, amount, clearing, {asked[i]: part for i, part in deposits.items()})
    keep_discounts(payment.pk, line.value_date, invoices, discounts or {})
    return payment


def _said(amount: Decimal, currency: str) -> str:
    """An amount in a sentence, at the currency's exponent."""
    return str(half_up(amount, exponent(currency)))


def _check_line(line: BankLine, amount: Decimal) -> None:
    if line.amount <= 0:
        raise Invalid(_("Money went out on this line."), code="not_incoming")
    if line.unmatched == 0:
        raise Conflict(_("This line is matched already; nothing was applied again."), code="matched", left="0",
                       clears=_("Look below at what it was matched to. If that is wrong, reverse it."))
    if amount > line.unmatched:
        raise Conflict(
            _("Only %(left)s of this line is left to match.") % {"left": _said(line.unmatched, line.currency_id)},
            code="matched", left=str(line.unmatched), clears=_("Match at most what is left."),
        )  # fmt: skip
    if amount <= 0 or amount != round(amount, exponent(line.currency_id)):
        raise bad_amount(_("The amount of a payment is above 0, in the currency's smallest unit."))


def check_parts(
    parts: Parts, available: Decimal, invoices: Mapping[int, Invoice], account_id: int, currency: str
) -> None:
    """Every rule of applying before anything is written: what is paid, what is open, one account, one currency."""
    if any(part <= 0 or part != round(part, exponent(currency)) for part in parts.values()):
        raise bad_amount(_("What is applied is above 0, in the currency's smallest unit."))
    wanted = sum(parts.values(), Decimal(0))
    if wanted > available:
        raise Conflict(
            _("%(wanted)s would be applied of %(available)s.")
            % {"wanted": _said(wanted, currency), "available": _said(available, currency)},
            code="above_payment", available=str(available),
            clears=_("Apply %(over)s less.") % {"over": _said(wanted - available, currency)},
        )  # fmt: skip
    for invoice_id, part in sorted(parts.items()):
        invoice = invoices[invoice_id]
        if invoice.account_id != account_id or invoice.currency_id != currency:
            raise Conflict(_("%(number)s belongs to another account.") % {"number": invoice.number}, code="other_account")
        if part > invoice.open_amount:
            raise Conflict(
                _("%(number)s is open with %(open)s.")
                % {"number": invoice.number, "open": _said(invoice.open_amount, currency)},
                code="above_open", invoice=invoice.number, open=str(invoice.open_amount),
                clears=_("Apply at most what is open; the rest stays on the account."),
            )  # fmt: skip


def _pay(
    line: BankLine, account_id: int, customer_id: int, invoices: Mapping[int, Invoice], parts: Parts, amount: Decimal,
    clearing: str, deposits: Mapping[ProForma, Decimal],
) -> Payment:  # fmt: skip
    applied, tagged = sum(parts.values(), Decimal(0)), sum(deposits.values(), Decimal(0))
    payment = Payment(
        id=new_ids("payments_payment")[0], account_id=account_id, customer_id=customer_id, currency_id=line.currency_id, bank_line=line,
        amount=amount, applied=applied, clearing=clearing, value_date=line.value_date,
    )  # fmt: skip
    data = {"amount": amount, "applied": _listed(parts), **({"deposits": _listed({x.pk: part for x, part in deposits.items()})} if deposits else {})}
    event = _event("payment.applied", payment, invoices, data, pro_formas=deposits)
    move(account_id, [("unapplied", amount - applied - tagged, "payment", payment.pk), ("deposits", tagged, "payment", payment.pk), *_settled(parts)], event)
    ((_serial, payment.number),) = next_numbers("payment", 1)
    payment.event_id = event
    payment.save(force_insert=True)
    _write_applications(payment, invoices, parts, event)
    write_deposits([(payment, asked, part, False) for asked, part in deposits.items()], event)
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched + amount)
    learn(line.counterparty_account, customer_id)
    _post(payment, ReceivableEntry.Kind.PAYMENT, -amount, open_day(line.value_date), event)
    push_overdue([account_id], current().at.date())
    return payment


def _listed(parts: Parts) -> dict[str, Decimal]:
    return {str(invoice_id): part for invoice_id, part in sorted(parts.items())}


def _settled(parts: Parts) -> list[tuple[str, Decimal, str, int]]:
    """The account's moves for invoices that are settled by `parts`."""
    return [("receivable", -part, "invoice", invoice_id) for invoice_id, part in sorted(parts.items())]


def _event(
    name: str, payment: Payment, invoices: Mapping[int, Invoice], data: Mapping[str, Any], note: str = "",
    pro_formas: Iterable[ProForma] = (),
) -> int:  # fmt: skip
    asked = list(pro_formas)
    subjects = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
    subjects += [("invoice", invoice_id) for invoice_id in sorted(invoices)] + [("pro_forma", x.pk) for x in asked]
    orders = {*orders_of(invoices.values()), *(x.order_id for x in asked)}
    subjects += [("order", order_id) for order_id in sorted(orders)]
    return current().event(name, subjects, {"payment": payment.pk, **data}, note=note)


def _write_applications(payment: Payment, invoices: Mapping[int, Invoice], parts: Parts, event: int) -> None:
    """Insert the rows and move the invoices' `applied`; an application counts from when both documents exist, in an open month."""
    first = open_day(payment.value_date)
    Application.objects.bulk_create(
        Application(
            payment=payment, invoice_id=i, account_id=payment.account_id, currency_id=payment.currency_id, amount=part,
            value_date=max(first, invoices[i].invoice_date), event_id=event,
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
def apply_rest(payment_id: int, allocations: Parts, *, by: Any, at: datetime | None = None, deposits: Parts | None = None) -> Payment:
    """Apply what a payment has left over to invoices of its account, and let it wait for orders (`deposits` {pro forma: amount}).

    Raises Conflict `reversed`, `not_cleared`, `above_payment`, `above_open`, `other_account`; Invalid `bad_amount`, `nothing_to_apply`.
    """
    authorize(by, "payments.apply")
    deposits = deposits or {}
    if not allocations and not deposits:
        raise Invalid(_("Choose an invoice."), code="nothing_to_apply")
    invoices, asked = lock_invoices(list(allocations)), lock_pro_formas(list(deposits)) if deposits else {}
    payment = lock_payment(payment_id)
    if payment.clearing in Payment.GONE:
        raise Conflict(_("The payment was reversed."), code="reversed")
    if deposits and payment.clearing != Payment.Clearing.CLEARED:
        raise Conflict(_("The money has not cleared yet."), code="not_cleared", clears=_("Tag it once the cheque is cleared."))
    applied, tagged = (sum(parts.values(), Decimal(0)) for parts in (allocations, deposits))
    check_parts(allocations, payment.rest, invoices, payment.account_id, payment.currency_id)
    check_deposits(deposits, payment.rest - applied, asked, payment.account_id, payment.currency_id)
    data = {"amount": applied, "applied": _listed(allocations), **({"deposits": _listed(deposits)} if deposits else {})}
    event = _event("payment.applied", payment, invoices, data, pro_formas=asked.values())
    move(payment.account_id, [("unapplied", -applied - tagged, "payment", payment.pk), ("deposits", tagged, "payment", payment.pk),
                              *_settled(allocations)], event)  # fmt: skip
    payment.applied += applied
    payment.save(update_fields=["applied"])
    _write_applications(payment, invoices, allocations, event)
    write_deposits([(payment, asked[i], part, False) for i, part in sorted(deposits.items())], event)
    push_overdue([payment.account_id], current().at.date())
    return payment


def standing(payment_id: int) -> dict[int, Decimal]:
    """What of a payment stands applied, by invoice."""
    found: dict[int, Decimal] = {}
    for invoice_id, part in Application.objects.filter(payment_id=payment_id).values_list("invoice_id", "amount"):
        found[invoice_id] = found.get(invoice_id, Decimal(0)) + part
    return {invoice_id: part for invoice_id, part in found.items() if part}


@use_case("payments.reverse")
def reverse_payment(payment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Payment:
    """Undo a payment: its applications are undone by negative rows, its bank line is open again. Needs a reason.

    Raises Conflict `reversed`, Invalid `reason_missing`, Stale `payment_changed`.
    """
    authorize(by, "payments.reverse")
    if not reason.strip():
        raise Invalid(_("Say why the payment is reversed."), code="reason_missing")
    seen = standing(payment_id)
    invoices = lock_invoices(list(seen))
    pro_formas = lock_tagged(payment_id)
    payment = lock_payment(payment_id)
    if payment.clearing in Payment.GONE:
        raise Conflict(_("The payment was reversed before."), code="reversed")
    if payment.clearing == Payment.Clearing.DEPOSITED:
        raise Conflict(_("The cheque is not cleared yet."), code="deposited", clears=_("Mark the cheque as bounced, or wait until it clears."))
    if payment.refunded:
        raise Conflict(_("%(amount)s of it was paid back.") % {"amount": payment.refunded}, code="refunded")
    if standing(payment_id) != seen:
        raise Stale(_("The payment was applied further just now."), code="payment_changed", clears=_("Try again."))
    discounts = lock_discounts(payment.pk)
    line = lock_bank_line(payment.bank_line_id)
    undo(payment, invoices, seen, reason, discounts, Payment.Clearing.REVERSED, pro_formas)
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched - payment.amount)
    forget(line.counterparty_account, payment.customer_id)
    return payment


def undo(
    payment: Payment, invoices: Mapping[int, Invoice], applied: Parts, reason: str, discounts: Sequence[CreditNote], clearing: str,
    pro_formas: Mapping[int, ProForma],
) -> int:  # fmt: skip
    """Part: take a payment's applications, deposits and cash discounts back; everything given is locked. Returns the event.

    The invoices are open again with their own due dates; the money is gone from the account.
    """
    today = open_day(current().at.date())
    event = _event(f"payment.{clearing}", payment, invoices, {"amount": payment.amount}, note=reason, pro_formas=pro_formas.values())
    for note in discounts:
        undo_deduction(note, invoices[note.invoice_id])
    back = {invoice_id: -part for invoice_id, part in applied.items()}
    unapplied = payment.rest
    tagged = take_back(payment, pro_formas, event)
    move(payment.account_id, [("unapplied", -unapplied, "payment", payment.pk), ("deposits", -tagged, "payment", payment.pk), *_settled(back)], event)
    Application.objects.bulk_create(
        Application(payment=payment, invoice_id=i, account_id=payment.account_id, currency_id=payment.currency_id,
                    amount=part, value_date=max(today, payment.value_date, invoices[i].invoice_date), event_id=event)
        for i, part in sorted(back.items())
    )  # fmt: skip
    _move_applied(invoices, back)
    payment.applied, payment.clearing = Decimal(0), clearing
    payment.save(update_fields=["applied", "clearing"])
    _post(payment, ReceivableEntry.Kind.REVERSAL, payment.amount, max(today, payment.value_date), event)
    push_overdue([payment.account_id], current().at.date())
    return event
