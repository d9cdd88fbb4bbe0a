"""Record bank lines, apply them to invoices, reverse what was wrong.

A payment belongs to one credit account and stands on one bank line. Two people who apply the same line at once: the
second waits on the line's lock and then finds it matched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from payments.bank.locks import lock_bank_line, lock_invoices, lock_payment
from payments.bank.models import Application, BankAccount, BankLine, Payment
from payments.billing.models import Invoice, ReceivableEntry
from payments.credit.selectors import account_of
from payments.credit.services import move


@dataclass(frozen=True)
class NewBankLine:
    """A line as keyed or read from a statement; `amount` is signed, money in is positive."""

    booking_date: date
    value_date: date
    amount: Decimal
    text: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""
    bank_reference: str = ""

    def text_hash(self) -> bytes:
        """What tells lines of one day and amount apart."""
        words = "|".join([self.text, self.counterparty, self.counterparty_account, self.reference, self.bank_reference])
        return hashlib.sha256(" ".join(words.split()).encode()).digest()


INSERT = """
INSERT INTO payments_bankline (account_id, statement_id, booking_date, value_date, amount, currency_id, text,
    counterparty, counterparty_account, reference, bank_reference, text_hash, occurrence_no, event_id)
SELECT %(account)s, %(statement)s, b, v, amount, %(currency)s, t, c, ca, r, br, h, n, %(event)s
FROM unnest(%(b)s::date[], %(v)s::date[], %(amount)s::numeric[], %(t)s::text[], %(c)s::text[], %(ca)s::text[],
            %(r)s::text[], %(br)s::text[], %(h)s::bytea[], %(n)s::int[]) AS l(b, v, amount, t, c, ca, r, br, h, n)
ON CONFLICT (account_id, value_date, amount, text_hash, occurrence_no) DO NOTHING RETURNING id
"""


def record(account: BankAccount, lines: Sequence[NewBankLine], statement_id: int | None, event_id: int) -> list[int]:
    """Part: record lines once; equal lines within `lines` count up (`occurrence_no`). Returns the ids of the new ones."""
    seen: dict[tuple[date, Decimal, bytes], int] = {}
    numbers = []
    for line in lines:
        key = (line.value_date, line.amount, line.text_hash())
        seen[key] = seen.get(key, 0) + 1
        numbers.append(seen[key])
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {
            "account": account.pk, "statement": statement_id, "currency": account.currency_id, "event": event_id,
            "b": [x.booking_date for x in lines], "v": [x.value_date for x in lines], "amount": [x.amount for x in lines],
            "t": [x.text for x in lines], "c": [x.counterparty for x in lines],
            "ca": [x.counterparty_account for x in lines], "r": [x.reference for x in lines],
            "br": [x.bank_reference for x in lines], "h": [x.text_hash() for x in lines], "n": numbers,
        })  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


@use_case("payments.record_bank_line")
def record_bank_line(account_id: int, line: NewBankLine, *, by: Any, at: datetime | None = None) -> int:
    """Key one bank line by hand; returns its id. An equal line of the same day is another line only by its reference.

    Raises Invalid `bad_amount`, Conflict `bank_line_known`.
    """
    authorize(by, "payments.record_bank_line")
    account = BankAccount.objects.get(pk=account_id)
    check_amount(line.amount, account.currency_id)
    event = current().event("bank.line_recorded", [("bank_account", account.pk)], {"amount": line.amount})
    ids = record(account, [line], None, event)
    if not ids:
        raise Conflict(_("This line is recorded already."), code="bank_line_known",
                       clears=_("If it came twice, add the bank's reference."))
    return ids[0]


def check_amount(amount: Decimal, currency: str) -> None:
    """Refuse 0, fractions below the currency's smallest unit, and what no column holds."""
    if not amount.is_finite() or amount == 0 or abs(amount) >= Decimal(10) ** 14:
        raise Invalid(_("The amount must be a number other than 0."), code="bad_amount", field="amount")
    if amount != round(amount, exponent(currency)):
        raise Invalid(_("%(currency)s has no such fraction.") % {"currency": currency}, code="bad_amount", field="amount")


@use_case("payments.apply")
def apply_line(
    bank_line_id: int, customer_id: int, allocations: Mapping[int, Decimal], *, by: Any, at: datetime | None = None,
    amount: Decimal | None = None,
) -> Payment:  # fmt: skip
    """Make a payment of `customer_id` from a bank line (default: all that is unmatched) and apply it to invoices.

    `allocations` {invoice: amount} sum to at most the payment; what is left over stays unapplied on the account.
    Raises Conflict `matched` (somebody was first), `above_open`, `above_payment`, `other_account`, `no_account`; Invalid.
    """
    authorize(by, "payments.apply")
    account_id = account_of(customer_id)
    if account_id is None:
        raise Conflict(_("The customer has no credit account."), code="no_account")
    invoices = lock_invoices(list(allocations))
    line = lock_bank_line(bank_line_id)
    amount = line.unmatched if amount is None else amount
    check_payment(line, invoices, allocations, amount, account_id)
    return _apply(line, account_id, customer_id, invoices, allocations, amount)


def check_payment(
    line: BankLine, invoices: Mapping[int, Invoice], allocations: Mapping[int, Decimal], amount: Decimal, account_id: int
) -> None:
    """Every rule of a payment before anything is written."""
    if line.amount <= 0:
        raise Invalid(_("Money went out on this line."), code="not_incoming")
    if amount <= 0 or amount > line.unmatched:
        raise Conflict(_("%(left)s of this line is left to match.") % {"left": line.unmatched}, code="matched",
                       left=str(line.unmatched), clears=_("Look at what it was matched to, or match the rest."))
    if any(part <= 0 for part in allocations.values()) or sum(allocations.values(), Decimal(0)) > amount:
        raise Conflict(_("More would be applied than was paid."), code="above_payment", paid=str(amount))
    for invoice_id, part in allocations.items():
        invoice = invoices[invoice_id]
        if invoice.account_id != account_id or invoice.currency_id != line.currency_id:
            raise Conflict(_("%(number)s belongs to another account.") % {"number": invoice.number}, code="other_account")
        if part > invoice.open_amount:
            raise Conflict(
                _("%(number)s is open with %(open)s.") % {"number": invoice.number, "open": invoice.open_amount},
                code="above_open", invoice=invoice.number, open=str(invoice.open_amount),
                clears=_("Apply at most what is open; the rest stays on the account."),
            )  # fmt: skip


def _apply(
    line: BankLine, account_id: int, customer_id: int, invoices: Mapping[int, Invoice],
    allocations: Mapping[int, Decimal], amount: Decimal,
) -> Payment:  # fmt: skip
    cmd = current()
    applied = sum(allocations.values(), Decimal(0))
    ((_serial, number),) = next_numbers("payment", 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_payment_id_seq')")
        payment_id = cursor.fetchone()[0]
    orders = sorted({invoice.order_id for invoice in invoices.values()})
    event = cmd.event(
        "payment.applied",
        [("payment", payment_id), ("customer", customer_id), ("credit_account", account_id),
         *[("invoice", i) for i in sorted(invoices)], *[("order", i) for i in orders]],
        {"payment": payment_id, "amount": amount, "applied": {str(i): a for i, a in sorted(allocations.items())}},
    )  # fmt: skip
    payment = Payment(
        id=payment_id, number=number, account_id=account_id, customer_id=customer_id, currency_id=line.currency_id,
        bank_line=line, amount=amount, applied=applied, clearing=Payment.Clearing.CLEARED, value_date=line.value_date,
        event_id=event,
    )  # fmt: skip
    payment.save(force_insert=True)
    Application.objects.bulk_create(
        Application(payment=payment, invoice=invoices[i], account_id=account_id, currency_id=line.currency_id,
                    amount=part, value_date=line.value_date, event_id=event)
        for i, part in sorted(allocations.items())
    )  # fmt: skip
    settle(invoices, allocations)
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched + amount)
    ReceivableEntry.objects.create(
        account_id=account_id, customer_id=customer_id, kind=ReceivableEntry.Kind.PAYMENT, amount=-amount,
        document_id=payment_id, document_number=number, posted_date=line.value_date, event_id=event,
    )  # fmt: skip
    move(
        account_id,
        [("unapplied", amount - applied, "payment", payment_id),
         *[("receivable", -part, "invoice", i) for i, part in sorted(allocations.items())]],
        event,
    )  # fmt: skip
    return payment


def settle(invoices: Mapping[int, Invoice], parts: Mapping[int, Decimal]) -> None:
    """Move `applied` of locked invoices; one statement."""
    for i, part in parts.items():
        invoices[i].applied += part
    Invoice.objects.bulk_update(list(invoices.values()), ["applied"])


@use_case("payments.reverse")
def reverse_payment(payment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Payment:
    """Undo a payment: its applications are undone by negative rows, its bank line is open again. Needs a reason.

    Raises Conflict `reversed`, Invalid `reason_missing`.
    """
    authorize(by, "payments.reverse")
    if not reason.strip():
        raise Invalid(_("Say why the payment is reversed."), code="reason_missing")
    standing: dict[int, Decimal] = {}
    for application in Application.objects.filter(payment_id=payment_id):
        standing[application.invoice_id] = standing.get(application.invoice_id, Decimal(0)) + application.amount
    invoices = lock_invoices(list(standing))
    payment = lock_payment(payment_id)
    line = lock_bank_line(payment.bank_line_id)
    if payment.clearing == Payment.Clearing.REVERSED:
        raise Conflict(_("The payment was reversed before."), code="reversed")
    event = current().event(
        "payment.reversed",
        [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id),
         *[("invoice", i) for i in sorted(invoices)], *[("order", x.order_id) for x in invoices.values()]],
        {"payment": payment.pk, "amount": payment.amount}, note=reason,
    )  # fmt: skip
    left = {i: part for i, part in standing.items() if part}
    Application.objects.bulk_create(
        Application(payment=payment, invoice_id=i, account_id=payment.account_id, currency_id=payment.currency_id,
                    amount=-part, value_date=payment.value_date, event_id=event)
        for i, part in sorted(left.items())
    )  # fmt: skip
    settle(invoices, {i: -part for i, part in left.items()})
    unapplied = payment.amount - payment.applied
    Payment.objects.filter(pk=payment.pk).update(applied=Decimal(0), clearing=Payment.Clearing.REVERSED)
    BankLine.objects.filter(pk=line.pk).update(matched=line.matched - payment.amount)
    ReceivableEntry.objects.create(
        account_id=payment.account_id, customer_id=payment.customer_id, kind=ReceivableEntry.Kind.REVERSAL,
        amount=payment.amount, document_id=payment.pk, document_number=payment.number,
        posted_date=current().at.date(), event_id=event,
    )  # fmt: skip
    move(
        payment.account_id,
        [("unapplied", -unapplied, "payment", payment.pk),
         *[("receivable", part, "invoice", i) for i, part in sorted(left.items())]],
        event,
    )  # fmt: skip
    payment.applied, payment.clearing = Decimal(0), Payment.Clearing.REVERSED
    return payment
