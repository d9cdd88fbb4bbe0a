"""The hold for prepayment: it waits for the money that is tagged to the order's pro forma, and is back when that is taken away."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from oms.company.selectors import exponent
from oms.kernel.money import half_up
from orders.book.choices import OrderStatus
from orders.book.models import Order, OrderLine
from orders.holds.choices import HoldKind
from orders.holds.models import Hold
from orders.holds.services.credit import fit_credit, live_releases, standing_of, worth
from orders.holds.services.opening import NewHold, open_holds
from payments.billing.models import ProForma
from payments.billing.selectors import pro_forma_of


def settle_prepayment(order: Order, lines: Sequence[OrderLine], event_id: int) -> tuple[list[str], bool]:
    """Part: compare what was paid ahead for a locked order with what its pro forma asks for; the kinds of hold that end, and
    whether anything was written for the event.

    Paid enough, the hold ends; paid too little and nothing released to the warehouse yet, it is back, unless a person's
    release covers the order. What is reserved follows. Without a pro forma nothing changes.
    """
    asked = pro_forma_of(order.pk)
    if asked is None:
        return [], False
    found = Hold.objects.filter(order_id=order.pk, kind=HoldKind.PREPAYMENT, released_at__isnull=True)
    ended = [HoldKind.PREPAYMENT.value] if asked.paid >= asked.due and found.exists() else []
    back = False
    if asked.paid < asked.due:
        why = waits_for(asked)
        back = not found.update(reason=why) and may_come_back(order, lines)
        if back:
            open_holds(order.pk, [NewHold(HoldKind.PREPAYMENT, "prepayment", asked.due, why)], event_id)
    before = standing_of(order)
    refused = fit_credit(order, lines, event_id)
    return ended, bool(ended or back or refused or standing_of(order) != before)


def waits_for(asked: ProForma) -> str:
    """What is paid and what is not, in one sentence."""
    places = exponent(asked.currency_id)
    facts = {"number": asked.number, "due": half_up(asked.due, places), "paid": half_up(asked.paid, places),
             "left": half_up(asked.open_amount, places), "currency": asked.currency_id}  # fmt: skip
    if not asked.paid:
        return _("%(due)s %(currency)s of pro forma %(number)s is paid before the goods leave.") % facts
    return _("%(paid)s of %(due)s %(currency)s of pro forma %(number)s is paid; %(left)s is missing.") % facts


def may_come_back(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether the hold still stops anything, and no person let the order pass as it stands."""
    if order.status not in (OrderStatus.SUBMITTED, OrderStatus.APPROVED) or any(x.quantity_allocated or x.quantity_shipped for x in lines):
        return False
    value = worth(order, lines)
    return not live_releases().filter(order_id=order.pk, kind=HoldKind.PREPAYMENT, release_amount__gte=value).exists()
