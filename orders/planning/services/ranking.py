"""Who comes first: a new version of the rules, and one order made more critical, counted against its post's month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from customers.territory.models import PostHolding
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, Stale
from orders.book.choices import OrderStatus
from orders.book.locks import lock_order
from orders.book.models import Order
from orders.book.services import subjects
from orders.planning.domain.ranking import FACTORS, STRATEGIES
from orders.planning.models import CriticalityChange, RankPolicy
from orders.planning.selectors.rules import allowance_now, rules_now


@use_case("orders.set_rank_policy")
def set_rank_policy(
    factors: Sequence[str],
    strategies: Mapping[int, str],
    default: str,
    allowance: int,
    reason: str,
    *,
    by: Any,
    at: datetime | None = None,
    base_version: int | None = None,
) -> RankPolicy:
    """Put a new version of the rules into force: `factors` in their order, a strategy by customer class, `default` else.

    `base_version` is the version that was looked at. Raises Invalid (factors, strategies, reason), Stale `rules_changed`,
    Conflict `rules_same`.
    """
    authorize(by, "orders.edit_ranking")
    if sorted(factors) != sorted(FACTORS):
        raise Invalid(_("Each factor stands in the order once."), code="factors_invalid",
                      errors=[{"field": "first", "message": _("Each factor stands in the order once.")}])  # fmt: skip
    unknown = {*strategies.values(), default} - set(STRATEGIES)
    if unknown or any(not 0 <= c <= 9 for c in strategies) or not 0 <= allowance <= 10_000:
        raise Invalid(_("There is no such strategy, class or allowance."), code="strategy_invalid", unknown=sorted(unknown))
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    now = rules_now()
    if base_version is not None and base_version != now.version:
        raise Stale(_("Somebody changed the rules since you looked."), code="rules_changed", clears=_("Look at them again."))
    kept = {c: s for c, s in sorted(strategies.items()) if s != default}
    if (tuple(factors), kept, default, allowance) == (now.factors, dict(now.strategies), now.default, allowance_now()):
        raise Conflict(_("These are the rules in force."), code="rules_same")
    cmd = current()
    data = {"version": now.version + 1, "factors": list(factors), "strategies": {str(c): s for c, s in kept.items()},
            "default": default, "allowance": allowance}  # fmt: skip
    event = cmd.event("ranking.changed", [("rank_policy", now.version + 1)], data, note=reason)
    try:
        return RankPolicy.objects.create(
            version=now.version + 1, active_from=cmd.at, factors=list(factors), strategies=data["strategies"],
            default_strategy=default, criticality_allowance=allowance, by_id=by.pk, event_id=event,
        )  # fmt: skip
    except IntegrityError as error:
        raise Stale(_("Somebody changed the rules since you looked."), code="rules_changed", clears=_("Look at them again.")) from error


TAKE = """
INSERT INTO orders_criticalityuse AS u (post_id, month, used) SELECT %(post)s, %(month)s, 1 WHERE %(allowance)s > 0
ON CONFLICT (post_id, month) DO UPDATE SET used = u.used + 1 WHERE u.used < %(allowance)s RETURNING u.used
"""


@use_case("orders.raise_criticality")
def raise_criticality(order_id: int, criticality: int, reason: str, *, by: Any, at: datetime | None = None) -> Order:
    """Set an order's criticality (0 most critical). More critical counts against the month's allowance of one's post.

    Its place changes at the next plan run; nothing promised moves by this alone. Raises Forbidden, Invalid,
    Conflict (status, `no_post`, `allowance_used`).
    """
    order = lock_order(order_id)
    authorize(by, "orders.raise_criticality", order)
    if not 0 <= criticality <= 4:
        raise Invalid(_("Criticality goes from 0 to 4."), code="criticality_invalid")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    if order.status not in (OrderStatus.DRAFT, OrderStatus.SUBMITTED, OrderStatus.APPROVED):
        raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()}, code="order_over")
    if criticality == order.criticality:
        raise Conflict(_("That is its criticality."), code="criticality_same")
    post = charge_criticality(by, current().at.date()) if criticality < order.criticality else post_of(by, current().at.date())
    event = current().event(
        "order.criticality_changed", subjects(order.pk, order.customer_id, [("post", post)] if post else []),
        {"order": order.pk, "old": order.criticality, "new": criticality}, note=reason,
    )  # fmt: skip
    CriticalityChange.objects.create(order=order, post_id=post, before=order.criticality, after=criticality, by_id=by.pk,
                                     at=current().at, event_id=event)  # fmt: skip
    Order.objects.filter(pk=order.pk).update(criticality=criticality)
    order.criticality = criticality
    return order


def post_of(by: Any, on: date) -> int | None:
    """The post a person acts from on a day."""
    return PostHolding.objects.filter(user_id=by.pk, during__contains=on).order_by("post_id").values_list("post_id", flat=True).first()


def charge_criticality(by: Any, on: date) -> int | None:
    """Part: count one raise against the month of the person's post; the system's are not counted. Returns the post.

    Raises Conflict `no_post`, `allowance_used`.
    """
    if by.is_system:
        return None
    post = post_of(by, on)
    if post is None:
        raise Conflict(_("You hold no post whose allowance this could count against."), code="no_post",
                       clears=_("Somebody who holds a post raises it."))  # fmt: skip
    allowance = allowance_now()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"post": post, "month": on.replace(day=1), "allowance": allowance})
        if cursor.fetchone() is None:
            raise Conflict(
                _("Your post has used its %(n)s raises of this month.") % {"n": allowance}, code="allowance_used", allowance=allowance,
                clears=_("Wait for next month, or ask a manager to change the allowance in the rules of rank."),
            )  # fmt: skip
    return post
