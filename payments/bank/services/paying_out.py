"""A refund is done when the bank says so: finance ties it to the line with which it left, and can take that back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from payments.bank.locks import lock_bank_line
from payments.bank.models import BankLine, PaidOut
from payments.billing.models import Refund


@use_case("payments.pay_out")
def pay_out(line_id: int, numbers: Collection[str], *, by: Any, at: datetime | None = None) -> BankLine:
    """Say with which line of the bank refunds left. Raises Conflict `not_out`, `matched` (somebody was first), `above_line`; NotFound; Invalid."""
    authorize(by, "payments.pay_out")
    if not numbers:
        raise Invalid(_("Choose the refunds that left with this line."), code="nothing_chosen")
    line = lock_bank_line(line_id)
    if line.amount >= 0:
        raise Conflict(_("No money left with this line."), code="not_out")
    refunds = list(Refund.objects.filter(number__in=numbers, currency_id=line.currency_id).order_by("pk"))
    if len(refunds) != len(set(numbers)):
        raise NotFound(_("There is no such refund in %(currency)s.") % {"currency": line.currency_id}, code="refund_missing")
    seen = PaidOut.objects.filter(refund__in=refunds, undone=False).select_related("refund").first()
    if seen:
        raise Conflict(_("%(number)s left with another line.") % {"number": seen.refund}, code="matched", clears=_("Take it off that line first."))
    amount = sum((x.amount for x in refunds), Decimal(0))
    if amount > line.unmatched:
        raise Conflict(_("The refunds come to %(amount)s; %(left)s of the line is left.") % {"amount": amount, "left": line.unmatched}, code="above_line")
    event = current().event("refund.paid_out", about(refunds), {"bank_line": line.pk, "amount": amount})
    PaidOut.objects.bulk_create(PaidOut(refund=x, bank_line=line, amount=x.amount, event_id=event) for x in refunds)
    line.matched += amount
    line.save(update_fields=["matched"])
    return line


@use_case("payments.undo_pay_out")
def undo_pay_out(line_id: int, number: str, reason: str, *, by: Any, at: datetime | None = None) -> BankLine:
    """The refund did not leave with this line: it waits to be seen again. Raises NotFound, Invalid `reason_missing`."""
    authorize(by, "payments.pay_out")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    line = lock_bank_line(line_id)
    found = PaidOut.objects.filter(bank_line=line, refund__number=number, undone=False).select_related("refund").first()
    if found is None:
        raise NotFound(_("%(number)s did not leave with this line.") % {"number": number}, code="refund_missing")
    current().event("refund.pay_out_undone", about([found.refund]), {"bank_line": line.pk, "amount": found.amount}, note=reason)
    PaidOut.objects.filter(pk=found.pk).update(undone=True)
    BankLine.objects.filter(pk=line.pk).update(matched=F("matched") - found.amount)
    return line


def about(refunds: Collection[Refund]) -> list[tuple[str, int]]:
    """What an event of refunds belongs to."""
    found = {("refund", x.pk) for x in refunds} | {("customer", x.customer_id) for x in refunds} | {("credit_account", x.account_id) for x in refunds}
    found |= {("credit_note", x.credit_note_id) for x in refunds if x.credit_note_id} | {("payment", x.payment_id) for x in refunds if x.payment_id}
    return sorted(found)
