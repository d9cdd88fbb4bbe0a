"""Credit notes: issued at the invoice's own rates, applied up to what is open, the rest on the account's credit.

A credit note never edits an invoice: `credited` moves by applications, `noted` by the documents' totals, and the database
keeps both within the invoice's total. Deductions (cash discount, write-off) are credit notes of another series that
never leave a rest. Lock order: invoice, (payment, bank line,) credit account, number series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent, numbers_ahead
from oms.company.services import begin_behind, next_numbers
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from payments.billing.domain import CreditPart, credit_lines, spread_gross
from payments.billing.locks import lock_credit_note, lock_invoices
from payments.billing.models import (
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Invoice,
    ReceivableEntry,
)
from payments.billing.selectors import credited_parts, invoice_parts, open_day, orders_of, refuse_closed
from payments.billing.services.issuing import push_overdue
from payments.credit.services import move

SERIES = {"credit": ("credit_note", "CN"), "cancellation": ("credit_note", "CN")}
DEDUCTION = ("deduction", "DD")
ENTRY = {
    "credit": ReceivableEntry.Kind.CREDIT, "cancellation": ReceivableEntry.Kind.CREDIT,
    "cash_discount": ReceivableEntry.Kind.DISCOUNT, "write_off": ReceivableEntry.Kind.WRITE_OFF,
}  # fmt: skip


@dataclass(frozen=True)
class Crediting:
    """What to credit of an invoice: quantities of its lines, or a gross amount, or (both empty) all that is not credited.

    `fees` {invoice line: net} are kept back of quantities (restocking). `number` is that of another system: it is of a series
    of its own, and settles nothing until it is applied.
    """

    kind: str
    reason: str
    quantities: Mapping[int, int] | None = None
    amount: Decimal | None = None
    payment_id: int | None = None
    on: date | None = None
    fees: Mapping[int, Decimal] | None = None
    number: str = ""


def issue_credit(invoice: Invoice, what: Crediting) -> CreditNote:
    """Part: credit a locked invoice; applied up to its open amount, the rest stands on the account's credit.

    Original prices, rates and rounding: what completes a line or a tax group takes what is left of it to the cent.
    Raises Conflict `above_invoice`, `nothing_to_credit`; Invalid `bad_quantity`, `bad_amount`.
    """
    cmd = current()
    code, places = invoice.currency_id, exponent(invoice.currency_id)
    parts = parts_of(invoice, what, places)
    net, tax = (sum((getattr(p, name) for p in parts), Decimal(0)) for name in ("net", "tax"))
    total = net + tax
    if total <= 0:
        raise Conflict(_("Nothing of %(number)s is left to credit.") % {"number": invoice.number}, code="nothing_to_credit")
    if invoice.noted + total > invoice.total:
        raise Conflict(
            _("%(number)s is %(total)s; %(noted)s of it was credited.")
            % {"number": invoice.number, "total": invoice.total, "noted": invoice.noted},
            code="above_invoice", left=str(invoice.total - invoice.noted), clears=_("Credit at most what is left."),
        )  # fmt: skip
    applied = Decimal(0) if what.number else min(total, invoice.open_amount)
    day = max(what.on or cmd.at.date(), invoice.invoice_date)
    if what.number:
        refuse_closed([day])
    day = open_day(day)
    note = CreditNote(
        pk=new_ids("payments_creditnote")[0], kind=what.kind, account_id=invoice.account_id, customer_id=invoice.customer_id, currency_id=code,
        invoice=invoice, credit_date=day, net=net, tax=tax, total=total, applied=applied, payment_id=what.payment_id,
    )  # fmt: skip
    event = cmd.event("credit_note.issued", subjects(note, invoice), {
        "credit_note": note.pk, "invoice": invoice.pk, "kind": what.kind, "total": total, "applied": applied}, note=what.reason,
        at=datetime.combine(day, time(), UTC) if what.number else None)
    move(note.account_id, [("receivable", -applied, "invoice", invoice.pk), ("credits", total - applied, "credit_note", note.pk)], event)
    note.event_id = event
    _number(note, what.number)
    note.save(force_insert=True)
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(credit_note=note, invoice_line_id=p.line_id, quantity=p.quantity, category=p.category, rate=p.rate,
                       net=p.net, tax=p.tax)
        for p in parts
    )  # fmt: skip
    if applied:
        _apply(note, {invoice.pk: applied}, {invoice.pk: invoice}, day, event)
    Invoice.objects.filter(pk=invoice.pk).update(noted=invoice.noted + total)
    invoice.noted += total
    _post(note, ENTRY[what.kind], -total, day, event)
    push_overdue([note.account_id], cmd.at.date())
    return note


def _number(note: CreditNote, old: str) -> None:
    """Draw the note's number; one of another system keeps its own, and our series goes on behind it while it is unused."""
    series, prefix = SERIES.get(note.kind, DEDUCTION)
    if not old:
        note.series = series
        ((note.serial, note.number),) = next_numbers(series, 1, prefix=prefix)
        return
    if not CreditNote.objects.filter(series=series).exists():
        begin_behind(series, [old], prefix)
    elif numbers_ahead(series, [old]):
        raise Conflict(_("%(number)s is a number this company gives itself.") % {"number": old}, code="own_number")
    note.series, note.number = f"opening_{series}", old
    ((note.serial, _own),) = next_numbers(note.series, 1, prefix=f"OPEN{prefix}-")


def cancel_whole(invoice: Invoice, reason: str) -> CreditNote:
    """Part: a credit note of all that is not credited yet; the invoice, locked, is marked as cancelled.

    The caller lowers what its order lines show as invoiced. An invoice that was credited whole before gets no second note:
    Conflict `nothing_to_credit`.
    """
    note = issue_credit(invoice, Crediting("cancellation", reason))
    Invoice.objects.filter(pk=invoice.pk).update(cancelled=True)
    current().event("invoice.cancelled", subjects(note, invoice), {"invoice": invoice.pk, "credit_note": note.pk})
    return note


def subjects(note: CreditNote, *invoices: Invoice) -> list[tuple[str, int]]:
    """What a credit note's event is about."""
    found = [("credit_note", note.pk), ("customer", note.customer_id), ("credit_account", note.account_id)]
    found += [("invoice", x.pk) for x in invoices]
    return [*found, *[("order", order_id) for order_id in orders_of(invoices)]]


def parts_of(invoice: Invoice, what: Crediting, places: int) -> list[CreditPart]:
    """The lines or tax groups a credit note is made of."""
    lines, before = invoice_parts(invoice.pk), credited_parts(invoice.pk)
    if what.quantities is not None:
        return credit_lines(lines, before, what.quantities, places, what.fees)
    if what.amount is None:
        if before:
            return spread_gross(lines, before, invoice.total - invoice.noted, places)
        return credit_lines(lines, before, {x.line_id: x.quantity for x in lines}, places)
    if what.amount <= 0 or what.amount != round(what.amount, places):
        raise Invalid(_("The amount is above 0, in the currency's smallest unit."), code="bad_amount")
    return spread_gross(lines, before, what.amount, places)


def _apply(note: CreditNote, parts: Mapping[int, Decimal], invoices: Mapping[int, Invoice], day: date, event: int) -> None:
    """Append the applications and move the invoices' `credited`."""
    CreditApplication.objects.bulk_create(
        CreditApplication(credit_note=note, invoice_id=i, account_id=note.account_id, currency_id=note.currency_id, amount=part,
                          value_date=max(day, invoices[i].invoice_date), event_id=event)
        for i, part in sorted(parts.items())
    )  # fmt: skip
    for i, part in parts.items():
        invoices[i].credited += part
    Invoice.objects.bulk_update([invoices[i] for i in sorted(parts)], ["credited"])


def _post(note: CreditNote, kind: str, amount: Decimal, day: date, event: int) -> None:
    ReceivableEntry.objects.create(
        account_id=note.account_id, customer_id=note.customer_id, kind=kind, amount=amount, document_id=note.pk,
        document_number=note.number, posted_date=day, event_id=event,
    )  # fmt: skip


@use_case("payments.apply_credit")
def apply_credit(note_id: int, allocations: Mapping[int, Decimal], *, by: Any, at: datetime | None = None) -> CreditNote:
    """Use what a credit note has left for invoices of its account.

    Raises Conflict `above_credit`, `above_open`, `other_account`; Invalid `bad_amount`, `nothing_to_apply`.
    """
    authorize(by, "payments.apply")
    if not allocations:
        raise Invalid(_("Choose an invoice."), code="nothing_to_apply")
    invoices = lock_invoices(list(allocations))
    note = lock_credit_note(note_id)
    use_credit(note, allocations, invoices, open_day(current().at.date()))
    return note


def use_credit(note: CreditNote, allocations: Mapping[int, Decimal], invoices: Mapping[int, Invoice], day: date) -> None:
    """Part: settle locked invoices by what a locked credit note has left. Raises as `apply_credit`."""
    wanted = sum(allocations.values(), Decimal(0))
    if any(p <= 0 or p != round(p, exponent(note.currency_id)) for p in allocations.values()):
        raise Invalid(_("What is applied is above 0, in the currency's smallest unit."), code="bad_amount")
    if wanted > note.left:
        raise Conflict(_("%(left)s is left of %(number)s.") % {"left": note.left, "number": note.number}, code="above_credit")
    for invoice_id, part in sorted(allocations.items()):
        x = invoices[invoice_id]
        if (x.account_id, x.currency_id) != (note.account_id, note.currency_id):
            raise Conflict(_("%(number)s belongs to another account.") % {"number": x.number}, code="other_account")
        if part > x.open_amount:
            raise Conflict(_("%(number)s is open with %(open)s.") % {"number": x.number, "open": x.open_amount}, code="above_open")
    event = current().event("credit_note.applied", subjects(note, *(invoices[i] for i in sorted(allocations))), {
        "credit_note": note.pk, "amount": wanted, "applied": {str(i): p for i, p in sorted(allocations.items())}})
    move(note.account_id, [("credits", -wanted, "credit_note", note.pk),
                           *[("receivable", -p, "invoice", i) for i, p in sorted(allocations.items())]], event)
    note.applied += wanted
    note.save(update_fields=["applied"])
    _apply(note, allocations, invoices, day, event)
    push_overdue([note.account_id], current().at.date())


def undo_deduction(note: CreditNote, invoice: Invoice) -> None:
    """Part: a cash discount falls with its payment: the invoice is open again by it; both locked."""
    day = open_day(max(current().at.date(), note.credit_date))
    event = current().event("credit_note.undone", subjects(note, invoice), {"credit_note": note.pk, "total": note.total})
    move(note.account_id, [("receivable", note.applied, "invoice", invoice.pk)], event)
    back = note.applied
    note.applied, note.undone = Decimal(0), True
    note.save(update_fields=["applied", "undone"])
    _apply(note, {invoice.pk: -back}, {invoice.pk: invoice}, day, event)
    Invoice.objects.filter(pk=invoice.pk).update(noted=invoice.noted - note.total)
    invoice.noted -= note.total
    _post(note, ReceivableEntry.Kind.UNDONE, note.total, day, event)


def keep_discounts(
    payment_id: int, value_date: date, invoices: Mapping[int, Invoice], discounts: Mapping[int, Decimal]
) -> Sequence[CreditNote]:
    """Part: the payer kept cash discount of invoices this payment settles; by the bank's value date, to the cent.

    Raises Conflict `no_discount`, `discount_late`, `discount_rest`.
    """
    made = []
    for invoice_id, kept in sorted(discounts.items()):
        x = invoices.get(invoice_id)
        if x is None:
            raise NotFound(_("There is no such invoice."), code="invoice_missing")
        facts = {"number": x.number, "most": x.discount_amount, "day": x.discount_until, "open": x.open_amount}
        if kept <= 0 or kept > x.discount_amount or x.discount_until is None:
            raise Conflict(_("%(number)s allows a cash discount of %(most)s.") % facts, code="no_discount",
                           clears=_("Apply what was paid; the rest stays open."))
        if value_date > x.discount_until:
            raise Conflict(_("Cash discount of %(number)s ended on %(day)s.") % facts, code="discount_late",
                           clears=_("Apply what was paid; the rest stays open."))
        if kept != x.open_amount:
            raise Conflict(_("%(number)s would stay open with %(open)s.") % facts, code="discount_rest",
                           clears=_("Cash discount is kept only when it settles the invoice."))
        made.append(issue_credit(x, Crediting("cash_discount", _("Cash discount"), amount=kept, payment_id=payment_id, on=value_date)))
    return made
