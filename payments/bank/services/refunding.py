"""Money on account goes back: finance proposes, a manager confirms."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.company.selectors import exponent
from oms.events.services import use_case
from oms.kernel.errors import Conflict, NotFound, Stale
from payments.bank.locks import lock_payment
from payments.bank.models import Payment
from payments.bank.services.recording import bad_amount
from payments.billing.models import Refund
from payments.billing.services import post_refund


@use_case("payments.propose_payment_refund")
def propose_payment_refund(payment_id: int, amount: Decimal, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to pay back what a payment has left. Raises Conflict `above_payment`, `change_open`; Invalid `bad_amount`."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(_("There is no such payment."), code="payment_missing")
    if not amount.is_finite() or amount <= 0 or amount != round(amount, exponent(payment.currency_id)):
        raise bad_amount(_("The amount is above 0, in the currency's smallest unit."))
    if payment.clearing != Payment.Clearing.CLEARED or amount > payment.rest:
        raise Conflict(_("%(left)s is left of %(number)s.") % {"left": payment.rest, "number": payment.number}, code="above_payment")
    title = _("Refund %(amount)s of %(number)s") % {"amount": amount, "number": payment.number}
    return propose("payments.payment_refund", ("payment", payment.pk), title, {"amount": str(amount)}, reason, by=by, amount=amount,
                   before={"left": str(payment.rest)}, customer_id=payment.customer_id)


def confirm_payment_refund(change: ChangeRequest) -> Refund:
    """Post the refund that was proposed. Raises Stale `payment_changed`."""
    payment, amount = lock_payment(change.subject_id), Decimal(change.data["amount"])
    if payment.clearing != Payment.Clearing.CLEARED or amount > payment.rest:
        raise Stale(_("Only %(left)s is left now.") % {"left": payment.rest}, code="payment_changed", clears=_("Propose it again."))
    payment.refunded += amount
    payment.save(update_fields=["refunded"])
    about = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
    refund = Refund(account_id=payment.account_id, customer_id=payment.customer_id, currency_id=payment.currency_id,
                    payment_id=payment.pk, amount=amount)
    return post_refund(refund, ("unapplied", -amount, "payment", payment.pk), about)
