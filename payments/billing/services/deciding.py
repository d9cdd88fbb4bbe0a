"""What finance proposes and another person confirms: credit notes, cancellations, write-offs, refunds; and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from payments.billing.locks import lock_credit_note, lock_invoices
from payments.billing.models import CreditNote, Dispute, Invoice, ReceivableEntry, Refund
from payments.billing.selectors import open_day, orders_of
from payments.billing.services.crediting import Crediting, issue_credit, subjects
from payments.credit.services import move

WRITE_OFF_ALONE = Decimal(500)


def visible(invoice_id: int) -> Invoice:
    """The invoice, unlocked, for a proposal. Raises NotFound `invoice_missing`."""
    found = Invoice.objects.filter(pk=invoice_id).first()
    if found is None:
        raise NotFound(_("There is no such invoice."), code="invoice_missing")
    return found


@use_case("payments.propose_credit")
def propose_credit(
    invoice_id: int, reason: str, *, by: Any, quantities: Mapping[int, int] | None = None, amount: Decimal | None = None,
    at: datetime | None = None,
) -> ChangeRequest:  # fmt: skip
    """Propose a credit note of quantities by invoice line, or of a gross amount; a manager confirms it.

    Raises Invalid `nothing_to_credit`, `bad_amount`, `bad_quantity`; Conflict `above_invoice`, `change_open`.
    """
    invoice = visible(invoice_id)
    if bool(quantities) == (amount is not None):
        raise Invalid(_("Credit quantities of lines, or an amount."), code="nothing_to_credit")
    if amount is not None:
        check_amount(amount, invoice)
        if amount > invoice.total - invoice.noted:
            raise Conflict(_("%(left)s of %(number)s can be credited.") % {"left": invoice.total - invoice.noted, "number": invoice.number},
                           code="above_invoice", left=str(invoice.total - invoice.noted))
    data = {"amount": None if amount is None else str(amount), "quantities": {str(k): v for k, v in sorted((quantities or {}).items())}}
    title = _("Credit note for %(number)s") % {"number": invoice.number}
    return propose("payments.credit_note", ("invoice", invoice.pk), title, data, reason, by=by, amount=amount,
                   before={"noted": str(invoice.noted)}, customer_id=invoice.customer_id)


def check_amount(amount: Decimal, invoice: Invoice) -> None:
    """Refuse what is no amount of the invoice's currency."""
    if not amount.is_finite() or amount <= 0 or amount != round(amount, exponent(invoice.currency_id)):
        raise Invalid(_("The amount is above 0, in the currency's smallest unit."), code="bad_amount",
                      errors=[{"field": "amount", "message": _("Not a possible amount.")}])


def confirm_credit(change: ChangeRequest) -> CreditNote:
    """Issue the credit note that was proposed; Stale `invoice_changed` when another came first."""
    invoice = lock_invoices([change.subject_id])[change.subject_id]
    if invoice.noted != Decimal(change.before["noted"]):
        raise Stale(_("Another credit note of this invoice was issued meanwhile."), code="invoice_changed", clears=_("Propose it again."))
    data = change.data
    quantities = {int(k): int(v) for k, v in data["quantities"].items()} or None
    amount = None if data["amount"] is None else Decimal(data["amount"])
    return issue_credit(invoice, Crediting("credit", change.reason, quantities=quantities, amount=amount))


@use_case("payments.propose_write_off")
def propose_write_off(invoice_id: int, amount: Decimal, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to give up a part of what is open; another person of finance confirms up to 500, a manager above.

    Raises Conflict `above_open`, `change_open`; Invalid `bad_amount`.
    """
    invoice = visible(invoice_id)
    check_amount(amount, invoice)
    if amount > invoice.open_amount:
        raise Conflict(_("%(number)s is open with %(open)s.") % {"number": invoice.number, "open": invoice.open_amount}, code="above_open")
    title = _("Write off %(amount)s of %(number)s") % {"amount": amount, "number": invoice.number}
    return propose("payments.write_off", ("invoice", invoice.pk), title, {"amount": str(amount)}, reason, by=by, amount=amount,
                   before={"open": str(invoice.open_amount)}, customer_id=invoice.customer_id)


def confirm_write_off(change: ChangeRequest) -> CreditNote:
    """Write off what was proposed. Raises Stale `invoice_changed`, Forbidden `above_limit`."""
    amount, decider = Decimal(change.data["amount"]), current().by
    if amount > WRITE_OFF_ALONE and "manager" not in decider.roles:
        raise Forbidden(_("Above %(limit)s a manager confirms a write-off.") % {"limit": WRITE_OFF_ALONE}, code="above_limit", who=_("Manager"))
    invoice = lock_invoices([change.subject_id])[change.subject_id]
    if amount > invoice.open_amount:
        raise Stale(_("Only %(open)s is open now.") % {"open": invoice.open_amount}, code="invoice_changed", clears=_("Propose it again."))
    return issue_credit(invoice, Crediting("write_off", change.reason, amount=amount))


@use_case("payments.propose_refund")
def propose_refund(note_id: int, amount: Decimal, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to pay back what a credit note has left; a manager confirms. Raises Conflict `above_credit`, `change_open`."""
    note = CreditNote.objects.select_related("invoice").filter(pk=note_id).first()
    if note is None:
        raise NotFound(_("There is no such credit note."), code="credit_note_missing")
    check_amount(amount, note.invoice)
    if amount > note.left:
        raise Conflict(_("%(left)s is left of %(number)s.") % {"left": note.left, "number": note.number}, code="above_credit")
    title = _("Refund %(amount)s of %(number)s") % {"amount": amount, "number": note.number}
    return propose("payments.refund", ("credit_note", note.pk), title, {"amount": str(amount)}, reason, by=by, amount=amount,
                   before={"left": str(note.left)}, customer_id=note.customer_id)


def confirm_refund(change: ChangeRequest) -> Refund:
    """Post the refund that was proposed. Raises Stale `credit_changed`."""
    note = lock_credit_note(change.subject_id)
    amount = Decimal(change.data["amount"])
    if amount > note.left:
        raise Stale(_("Only %(left)s is left now.") % {"left": note.left}, code="credit_changed", clears=_("Propose it again."))
    note.refunded += amount
    note.save(update_fields=["refunded"])
    return post_refund(Refund(account_id=note.account_id, customer_id=note.customer_id, currency_id=note.currency_id, credit_note=note,
                              amount=amount), ("credits", -amount, "credit_note", note.pk), subjects(note))


def post_refund(refund: Refund, bucket: tuple[str, Decimal, str, int], about: list[tuple[str, int]]) -> Refund:
    """Part: number and post a refund; `bucket` is where the money lay. The document it is of is locked and lowered."""
    cmd = current()
    refund.pk, refund.refund_date = new_ids("payments_refund")[0], open_day(cmd.at.date())
    event = cmd.event("refund.posted", [("refund", refund.pk), *about], {"amount": refund.amount, "credit_note": refund.credit_note_id, "payment": refund.payment_id})
    move(refund.account_id, [bucket], event)
    ((_serial, refund.number),) = next_numbers("refund", 1, prefix="RF")
    refund.event_id = event
    refund.save(force_insert=True)
    ReceivableEntry.objects.create(
        account_id=refund.account_id, customer_id=refund.customer_id, kind=ReceivableEntry.Kind.REFUND, amount=refund.amount,
        document_id=refund.pk, document_number=refund.number, posted_date=refund.refund_date, event_id=event,
    )  # fmt: skip
    return refund


@use_case("payments.dispute")
def dispute_invoice(
    invoice_id: int, reason: str, *, by: Any, amount: Decimal | None = None, at: datetime | None = None
) -> Dispute:
    """Mark that the customer contests an invoice; it is not dunned until that is settled.

    Raises Conflict `disputed`, `settled`; Invalid `reason_missing`, `bad_amount`.
    """
    authorize(by, "payments.dispute")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    invoice = lock_invoices([invoice_id])[invoice_id]
    if amount is not None:
        check_amount(amount, invoice)
    if not invoice.open_amount:
        raise Conflict(_("%(number)s is settled.") % {"number": invoice.number}, code="settled")
    if Dispute.objects.filter(invoice=invoice, closed_at=None).exists():
        raise Conflict(_("%(number)s is disputed already.") % {"number": invoice.number}, code="disputed")
    cmd = current()
    cmd.event("invoice.disputed", _about(invoice), {"invoice": invoice.pk, "amount": amount}, note=reason)
    return Dispute.objects.create(invoice=invoice, amount=amount, reason=reason, opened_at=cmd.at)


@use_case("payments.settle_dispute")
def settle_dispute(invoice_id: int, outcome: str, *, by: Any, at: datetime | None = None) -> Dispute:
    """The dispute is over, with its outcome in words; a credit note is proposed apart. Raises NotFound `no_dispute`."""
    authorize(by, "payments.settle_dispute")
    if not outcome.strip():
        raise Invalid(_("Say what came out."), code="reason_missing", errors=[{"field": "reason", "message": _("Say what came out.")}])
    invoice = lock_invoices([invoice_id])[invoice_id]
    found = Dispute.objects.filter(invoice=invoice, closed_at=None).first()
    if found is None:
        raise NotFound(_("%(number)s is not disputed.") % {"number": invoice.number}, code="no_dispute")
    cmd = current()
    cmd.event("invoice.dispute_settled", _about(invoice), {"invoice": invoice.pk}, note=outcome)
    found.closed_at, found.outcome = cmd.at, outcome
    found.save(update_fields=["closed_at", "outcome"])
    return found


def _about(invoice: Invoice) -> list[tuple[str, int]]:
    found = [("invoice", invoice.pk), ("customer", invoice.customer_id), ("credit_account", invoice.account_id)]
    return [*found, *[("order", order_id) for order_id in orders_of([invoice])]]
