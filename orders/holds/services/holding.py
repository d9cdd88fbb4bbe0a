"""Hold an order by hand, and release holds: for an amount and a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from orders.book.locks import lock_lines, lock_order
from orders.book.services import subjects
from orders.holds.choices import MONEY_KINDS, STEPS, HoldKind, Step
from orders.holds.models import Hold
from orders.holds.services.credit import reserve_released, worth
from orders.holds.services.opening import NewHold, open_holds
from orders.holds.services.quota import charge_again


@use_case("orders.place_hold")
def place_hold(
    order_id: int, reason: str, *, by: Any, steps: Collection[str] = (), until: datetime | None = None, at: datetime | None = None
) -> None:
    """Hold an order by hand, with a reason: it is not released to the warehouse, or not what `steps` say, until somebody
    lifts it or `until` comes. Raises Invalid `reason_missing`, `bad_step`, `bad_time`."""
    if not reason.strip():
        raise Invalid(_("Say why the order is held."), code="reason_missing")
    if set(steps) - set(Step.values):
        raise Invalid(_("There is no such step."), code="bad_step")
    authorize(by, "orders.place_hold")
    cmd = current()
    if until is not None and until <= cmd.at:
        raise Invalid(_("The hold would be over already."), code="bad_time")
    order = lock_order(order_id)
    event = cmd.event(
        "order.held", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": ["manual"]}, note=reason
    )
    open_holds(order.pk, [NewHold(HoldKind.MANUAL, "manual", order.total, reason)], event)
    if steps or until:
        chosen = [s for s in Step.values if s in steps] or list(STEPS[HoldKind.MANUAL])
        Hold.objects.filter(order=order, kind=HoldKind.MANUAL, released_at__isnull=True).update(steps=chosen, expires_at=until)


@use_case("orders.release_hold")
def release_hold(
    hold_id: int, reason: str, *, by: Any, amount: Decimal | None = None, until: datetime | None = None, at: datetime | None = None
) -> None:
    """Release one hold, with a reason, for the order up to gross `amount` (default: as it stands) and `until` (default: no end).

    What the order still comes to is reserved on the account from here on, above the limit, when no other credit hold is
    open. Raises Forbidden `hold_owner`, Conflict `hold_released`, `release_too_small`, Invalid `reason_missing`, `bad_time`.
    """
    if not reason.strip():
        raise Invalid(_("Say why the hold is released."), code="reason_missing")
    found = Hold.objects.filter(pk=hold_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such hold."), code="hold_missing")
    order = lock_order(found)
    lines = lock_lines([order.pk])
    hold = Hold.objects.get(pk=hold_id)
    authorize(by, "orders.release_hold", hold)
    if hold.released_at is not None:
        raise Conflict(_("The hold was released before."), code="hold_released")
    if hold.kind == HoldKind.REAPPROVAL:
        raise Conflict(_("Changed terms are approved, not released."), code="reapprove", who=hold.get_owner_display(),
                       clears=_("Approve the changed terms on the order's page."))  # fmt: skip
    cmd = current()
    if until is not None and until <= cmd.at:
        raise Invalid(_("The release would be over already."), code="bad_time")
    value = worth(order, lines)
    covers = value if amount is None else amount
    if covers < value:
        raise Conflict(_("The order comes to %(value)s; a release of %(amount)s does not cover it.") % {"value": value, "amount": covers},
                       code="release_too_small", clears=_("Release more, or cut the order."))  # fmt: skip
    event = cmd.event(
        "order.hold_lifted",
        subjects(order.pk, order.customer_id),
        {"order": order.pk, "hold": hold.pk, "kind": hold.kind, "amount": covers, "currency": order.currency_id, "until": until},
        note=reason,
    )
    Hold.objects.filter(pk=hold_id).update(
        released_at=cmd.at, released_by_id=by.pk, release_reason=reason, release_amount=covers, release_until=until
    )
    if hold.kind in MONEY_KINDS:
        reserve_released(order, lines, event)
    if hold.kind == HoldKind.QUOTA:
        charge_again(order, lines, event, force=True)
