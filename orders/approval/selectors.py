"""Reads for approval: the version of the rules that holds now, and the queue of an approver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from customers.territory.selectors import regions_up
from orders.approval.domain import Asked, Band, Limit, decided_by, fitting, limited
from orders.approval.models import ApprovalPolicy
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.book.selectors import visible_orders


def policy_at(at: datetime) -> ApprovalPolicy:
    """The latest policy active at `at`; without any, a policy that approves nothing and leaves all to managers."""
    found = ApprovalPolicy.objects.filter(active_from__lte=at).order_by("-active_from", "-version").first()
    return found or ApprovalPolicy(version=0, active_from=at, approver_limit=0, claim_days=2)


def policy_of(order: Order) -> ApprovalPolicy:
    """The version of the rules that an order keeps from its submission."""
    found = ApprovalPolicy.objects.filter(version=order.policy_version).first() if order.policy_version else None
    return found or policy_at(order.submitted_at or order.entered_at)


# The one limit that fits a customer, as `domain.fitting` chooses it; {policy}, {klass} and {post} are SQL.
OWN_LIMIT = """
SELECT x.auto_limit, x.approver_limit FROM orders_policylimit x
LEFT JOIN LATERAL (
    WITH RECURSIVE up AS (
        SELECT t.id, t.parent_id, 0 AS steps FROM customers_territory t JOIN customers_post own ON own.territory_id = t.id WHERE own.id = {post}
        UNION ALL SELECT t.id, t.parent_id, up.steps + 1 FROM up JOIN customers_territory t ON t.id = up.parent_id
    ) SELECT steps FROM up WHERE id = x.territory_id
) near ON true
WHERE x.policy_id = {policy} AND (x.customer_class IS NULL OR x.customer_class = {klass}) AND (x.territory_id IS NULL OR near.steps IS NOT NULL)
ORDER BY near.steps NULLS LAST, x.customer_class NULLS LAST LIMIT 1
"""
OWN_LIMITS = OWN_LIMIT.format(policy="%(policy)s", klass="%(class)s::smallint", post="(SELECT post_id FROM customers_customer WHERE id = %(customer)s)")


def band(policy: ApprovalPolicy, order: Order | None = None) -> Band:
    """The policy as the pure rules read it, with the limits of an order's customer where they have their own."""
    auto, approver = policy.auto_limit, policy.approver_limit
    if order is not None and policy.pk:
        with connection.cursor() as cursor:
            cursor.execute(OWN_LIMITS, {"policy": policy.pk, "class": order.customer_class, "customer": order.customer_id})
            auto, approver = cursor.fetchone() or (auto, approver)
    return Band(policy.version, auto, policy.auto_max_discount, policy.minimum_margin, approver, policy.approver_max_discount, policy.second_above)


def limits_of(policy: ApprovalPolicy) -> list[Limit]:
    """The other limits of a version, its `limits` with their regions prefetched or read now."""
    return [Limit(x.customer_class, x.territory.code if x.territory else "", x.auto_limit, x.approver_limit) for x in policy.limits.all()]


def together(order: Order, hours: int) -> Decimal:
    """Net of the customer's other orders submitted within `hours` before or after this one: they count with it."""
    if not hours or order.submitted_at is None:
        return Decimal(0)
    span = timedelta(hours=hours)
    others = Order.objects.filter(
        customer_id=order.customer_id, status__in=[OrderStatus.SUBMITTED, OrderStatus.APPROVED, OrderStatus.COMPLETED],
        submitted_at__gt=order.submitted_at - span, submitted_at__lt=order.submitted_at + span,
    ).exclude(pk=order.pk)  # fmt: skip
    return others.aggregate(n=Sum("net"))["n"] or Decimal(0)


@dataclass(frozen=True)
class Otherwise:
    """An order that other rules would have sent elsewhere: `was` and `would` are "policy", "approver", "manager", "two persons"."""

    number: str
    customer: str
    currency: str
    net: Decimal
    margin: Decimal
    discount: Decimal
    together: Decimal
    submitted_at: datetime
    was: str
    would: str


PAST = """
SELECT o.number, c.name, o.currency_id, o.net, o.customer_class, o.policy_version, o.submitted_at, l.cost, l.discount, h.held,
       coalesce((SELECT sum(b.net) FROM orders_order b WHERE b.customer_id = o.customer_id AND b.id <> o.id
                 AND b.status IN ('submitted', 'approved', 'completed')
                 AND b.submitted_at > o.submitted_at - make_interval(hours => %(hours)s) AND b.submitted_at <= o.submitted_at), 0),
       EXISTS (SELECT 1 FROM orders_approval a WHERE a.order_id = o.id AND a.policy_version IS NOT NULL), c.post_id
FROM orders_order o JOIN customers_customer c ON c.id = o.customer_id
CROSS JOIN LATERAL (SELECT coalesce(sum(x.unit_cost * x.quantity_ordered) FILTER (WHERE x.product_id IS NOT NULL), 0) AS cost,
                           coalesce(max(x.discount), 0) AS discount FROM orders_orderline x WHERE x.order_id = o.id) l
CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM orders_hold h WHERE h.order_id = o.id AND h.kind NOT IN ('margin', 'reapproval', 'manual')) AS held) h
WHERE o.submitted_at >= %(since)s AND o.status <> 'draft'
ORDER BY o.submitted_at DESC, o.id DESC LIMIT 20000
"""


def rehearse(candidate: ApprovalPolicy, limits: Sequence[Limit], since: datetime) -> tuple[int, list[Otherwise]]:
    """(orders looked at, those decided otherwise): every order submitted since, under `candidate` instead of what decided it.

    `limits` are the candidate's other limits. What held an order then, but for its margin, holds it again.
    """
    rules, up = band(candidate), regions_up()
    versions = {p.version: (p, limits_of(p)) for p in ApprovalPolicy.objects.prefetch_related("limits__territory")}
    with connection.cursor() as cursor:
        cursor.execute(PAST, {"since": since, "hours": candidate.together_hours})
        rows = cursor.fetchall()
    found = []
    for number, name, currency, net, klass, version, at, cost, discount, held, with_others, by_policy, post in rows:
        asked = Asked(net, cost, discount, held, with_others)
        would = decided_by(limited(rules, fitting(limits, klass, up.get(post, ()))), asked)
        old, own = versions.get(version, (None, []))
        kept = limited(band(old) if old else Band(0, Decimal(-1), Decimal(0), Decimal(0), Decimal(0)), fitting(own, klass, up.get(post, ())))
        was = "policy" if by_policy else decided_by(kept, replace(asked, held=True, together=with_others if old and old.together_hours else Decimal(0)))
        if was != would:
            found.append(Otherwise(number, name, currency, net, asked.margin, discount, with_others, at, was, would))
    return len(rows), found


def queue(user: Any) -> QuerySet[Order]:
    """Orders (and approved ones with lines added) waiting for a decision that `user` may see and did not make, oldest first."""
    return (
        visible_orders(user)
        .filter(undecided_since__isnull=False, status__in=[OrderStatus.SUBMITTED, OrderStatus.APPROVED])
        .exclude(Q(entered_by_id=user.pk) | Q(submitted_by_id=user.pk) | Q(amended_by__contains=[user.pk]))
        .order_by("undecided_since", "pk")
    )
