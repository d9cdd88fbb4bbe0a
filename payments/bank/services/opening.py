"""Payments and credit notes of another system, under their own numbers, with what they settled there.

Payments come set-wise; each stands on a bank line: the one that a statement brought, or one that is recorded with it.
Lock order: invoices, bank lines, credit accounts, number series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.services import begin_behind
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict
from payments.bank.domain import NewBankLine, account_key
from payments.bank.locks import lock_bank_account, lock_bank_lines
from payments.bank.models import Application, BankLine, Payment
from payments.bank.selectors import occurrences
from payments.bank.services.applying import check_parts
from payments.bank.services.learning import learn_many
from payments.billing.locks import lock_invoices
from payments.billing.models import CreditNote, Invoice, ReceivableEntry, Refund
from payments.billing.selectors import refuse_closed
from payments.billing.services import Crediting, issue_credit, post_refund, push_overdue, use_credit
from payments.billing.services.crediting import subjects
from payments.credit.locks import lock_accounts
from payments.credit.services import Move, move_many


@dataclass(frozen=True)
class OldPayment:
    """Money a payer gave; `line` is the bank's entry, `line_id` its row when it is recorded. `applied` {invoice: part}.

    Payments that name the same `line` and `line_no` stand on one entry; without a number each stands on its own.
    """

    number: str
    customer_id: int
    account_id: int
    bank_account_id: int
    line: NewBankLine
    amount: Decimal
    line_id: int | None = None
    line_no: int | None = None
    applied: Mapping[int, Decimal] = field(default_factory=dict)
    refunded: Decimal = Decimal(0)


@use_case("payments.bring_payments")
def bring_payments(rows: Sequence[OldPayment], *, by: Any, at: datetime | None = None) -> int:
    """Record old payments; those whose number is there are passed over. Returns how many are new.

    Raises Conflict `above_open`, `above_payment`, `other_account`, `matched`; Invalid `bad_amount`.
    """
    authorize(by, "payments.apply")
    there = set(Payment.objects.filter(number__in=[row.number for row in rows]).values_list("number", flat=True))
    rows = [row for row in rows if row.number not in there]
    if not rows:
        return 0
    refuse_closed(row.line.value_date for row in rows)
    invoices = lock_invoices({i for row in rows for i in row.applied})
    lines = lines_of(rows)
    lock_accounts({row.account_id for row in rows})
    payments = []
    for pk, row in zip(new_ids("payments_payment", len(rows)), rows, strict=True):
        line = lines[row.number]
        if row.amount > line.amount - line.matched:
            raise Conflict(_("Only %(left)s is left of the bank line of %(number)s.") % {"left": line.amount - line.matched, "number": row.number},
                           code="matched")  # fmt: skip
        check_parts(row.applied, row.amount - row.refunded, invoices, row.account_id, line.currency_id)
        line.matched += row.amount
        for i, part in row.applied.items():
            invoices[i].applied += part
        payments.append(_payment(pk, row, line, invoices))
    _write(rows, payments, lines.values(), invoices)
    for row, payment in zip(rows, payments, strict=True):
        if row.refunded:
            _refund_payment(payment, row.refunded)
    return len(payments)


def lines_of(rows: Sequence[OldPayment]) -> dict[str, BankLine]:
    """Payment number → its bank line, locked; those that no statement brought are recorded. Equal ones are counted on."""
    new = [row for row in rows if row.line_id is None]
    accounts = {pk: lock_bank_account(pk) for pk in sorted({row.bank_account_id for row in new})}
    known = lock_bank_lines({row.line_id for row in rows if row.line_id is not None})
    seen = occurrences([(row.bank_account_id, row.line) for row in new])
    event = current().event("bank.lines_recorded", [("bank_account", pk) for pk in accounts], {"lines": len(new)}) if new else 0
    made: dict[Any, BankLine] = {}
    found: dict[str, BankLine] = {}
    for row in new:
        key = (row.bank_account_id, *row.line.key)
        shared = (key, row.line_no or row.number)
        if shared not in made:
            seen[key] = seen.get(key, 0) + 1
            made[shared] = BankLine(
                account_id=row.bank_account_id, currency_id=accounts[row.bank_account_id].currency_id, text_hash=row.line.text_hash,
                occurrence_no=seen[key], event_id=event, **asdict(row.line),
            )  # fmt: skip
        found[row.number] = made[shared]
    BankLine.objects.bulk_create(made.values())
    return {row.number: found[row.number] if row.line_id is None else known[row.line_id] for row in rows}


def _payment(pk: int, row: OldPayment, line: BankLine, invoices: Mapping[int, Invoice]) -> Payment:
    payment = Payment(
        pk=pk, number=row.number, account_id=row.account_id, customer_id=row.customer_id, currency_id=line.currency_id, bank_line=line,
        amount=row.amount, applied=sum(row.applied.values(), Decimal(0)), clearing=Payment.Clearing.CLEARED, value_date=line.value_date,
    )  # fmt: skip
    about = [("payment", pk), ("customer", row.customer_id), ("credit_account", row.account_id), *[("invoice", i) for i in sorted(row.applied)]]
    about += [("order", o) for o in sorted({invoices[i].order_id for i in row.applied} - {0})]
    payment.event_id = current().event(
        "payment.applied", about, {"payment": pk, "amount": row.amount, "applied": {str(i): p for i, p in sorted(row.applied.items())}, "old": True},
        at=midnight(line.value_date),
    )  # fmt: skip
    return payment


def _write(rows: Sequence[OldPayment], payments: Sequence[Payment], lines: Iterable[BankLine], invoices: Mapping[int, Invoice]) -> None:
    """Everything of the payments, the credit accounts first, the series last."""
    move_many([
        (x.account_id, found, x.event_id)
        for x, row in zip(payments, rows, strict=True)
        for found in (Move("unapplied", x.amount - x.applied, "payment", x.pk),
                      *(Move("receivable", -part, "invoice", i) for i, part in sorted(row.applied.items())))
    ])  # fmt: skip
    begin_behind("payment", [x.number for x in payments])
    Payment.objects.bulk_create(payments)
    Application.objects.bulk_create(
        Application(payment=x, invoice_id=i, account_id=x.account_id, currency_id=x.currency_id, amount=part,
                    value_date=max(x.value_date, invoices[i].invoice_date), event_id=x.event_id)
        for x, row in zip(payments, rows, strict=True) for i, part in sorted(row.applied.items())
    )  # fmt: skip
    Invoice.objects.bulk_update(invoices.values(), ["applied"])
    BankLine.objects.bulk_update({line.pk: line for line in lines}.values(), ["matched"])
    learn_many([(account_key(row.line.counterparty_account), row.customer_id) for row in rows])
    ReceivableEntry.objects.bulk_create(
        ReceivableEntry(account_id=x.account_id, customer_id=x.customer_id, kind=ReceivableEntry.Kind.PAYMENT, amount=-x.amount, document_id=x.pk,
                        document_number=x.number, posted_date=x.value_date, event_id=x.event_id)
        for x in payments
    )  # fmt: skip
    push_overdue({x.account_id for x in payments}, current().at.date())


def _refund_payment(payment: Payment, amount: Decimal) -> None:
    payment.refunded = amount
    payment.save(update_fields=["refunded"])
    about = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
    post_refund(Refund(account_id=payment.account_id, customer_id=payment.customer_id, currency_id=payment.currency_id, payment_id=payment.pk,
                       amount=amount), ("unapplied", -amount, "payment", payment.pk), about)  # fmt: skip


def midnight(day: date) -> datetime:
    """The moment a business day stands for."""
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True)
class OldCredit:
    """A credit note, cancellation, cash discount (of payment `payment`) or write-off of invoice `invoice_id`. `applied` {invoice: part}."""

    number: str
    kind: str
    invoice_id: int
    amount: Decimal
    on: date
    applied: Mapping[int, Decimal] = field(default_factory=dict)
    payment: str = ""
    refunded: Decimal = Decimal(0)


@use_case("payments.bring_credit")
def bring_credit(row: OldCredit, *, by: Any, at: datetime | None = None) -> bool:
    """Record an old credit note; False when its number is there. Two persons decided it in the other system.

    Raises Conflict `above_invoice`, `above_credit`, `above_open`, `other_account`, `own_number`.
    """
    authorize(by, "payments.apply")
    if CreditNote.objects.filter(number=row.number).exists():
        return False
    invoices = lock_invoices({row.invoice_id, *row.applied})
    invoice = invoices[row.invoice_id]
    payment = Payment.objects.filter(number=row.payment).values_list("pk", flat=True).first() if row.payment else None
    if row.payment and payment is None:
        raise Conflict(_("There is no payment %(number)s.") % {"number": row.payment}, code="payment_missing")
    note = issue_credit(invoice, Crediting(row.kind, _("history"), amount=row.amount, payment_id=payment, on=row.on, number=row.number))
    use_credit(note, row.applied, invoices, row.on)
    if row.kind == CreditNote.Kind.CANCELLATION:
        Invoice.objects.filter(pk=invoice.pk).update(cancelled=True)
        current().event("invoice.cancelled", subjects(note, invoice), {"invoice": invoice.pk, "credit_note": note.pk})
    if row.refunded:
        note.refunded = row.refunded
        note.save(update_fields=["refunded"])
        post_refund(Refund(account_id=note.account_id, customer_id=note.customer_id, currency_id=note.currency_id, credit_note=note,
                           amount=row.refunded), ("credits", -row.refunded, "credit_note", note.pk), subjects(note))  # fmt: skip
    return True
