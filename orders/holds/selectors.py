"""Reads of holds: which open ones stop a step."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, datetime

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from oms.kernel.errors import Conflict
from orders.book.models import Order
from orders.holds.choices import BY_ITSELF, MONEY_KINDS
from orders.holds.models import Hold

# Quotas that count for customer `c` on the requested day and the asked SKUs: [[quota, product, left], …], sorted by quota.
# A family's quota comes once for each asked product of the family. Part of the write path's READ: parameters skus, requested, at.
QUOTAS = """(
    SELECT jsonb_agg(jsonb_build_array(q.id, product.id, q.maximum - q.used) ORDER BY q.id)
    FROM inventory_product product
    JOIN orders_quota q ON (q.product_id = product.id OR (q.product_id IS NULL AND q.family = product.family))
    WHERE product.sku = ANY(%(skus)s::text[])
      AND coalesce(%(requested)s::date, coalesce(%(at)s, now())::date) BETWEEN q.first AND q.last
      AND (q.customer_id = c.id OR (q."group" <> '' AND q."group" = c."group") OR q.post_id = c.post_id
           OR q.territory_id IN (
               WITH RECURSIVE above AS (
                   SELECT t.id, t.parent_id FROM customers_post p JOIN customers_territory t ON t.id = p.territory_id WHERE p.id = c.post_id
                   UNION SELECT t.id, t.parent_id FROM customers_territory t JOIN above ON t.id = above.parent_id
               ) SELECT id FROM above))
)"""


def quotas_of(order: Order, product_ids: Collection[int], on: date) -> list[list[int]]:
    """[[quota, product, left], …] that count for an order's customer and these products with requested date `on`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {QUOTAS} FROM customers_customer c WHERE c.id = %(customer)s",
            {"customer": order.customer_id, "requested": on, "at": None,
             "skus": list(Product.objects.filter(pk__in=product_ids).values_list("sku", flat=True))},
        )  # fmt: skip
        found = cursor.fetchone()[0]
    return json.loads(found) if isinstance(found, str) else found or []


def open_holds(order_ids: Collection[int]) -> QuerySet[Hold]:
    """Open holds of the orders, oldest first."""
    return Hold.objects.filter(order_id__in=order_ids, released_at__isnull=True).order_by("opened_at", "pk")


STOPPING = """
SELECT * FROM orders_hold WHERE order_id = ANY(%(orders)s::bigint[]) AND released_at IS NULL AND %(step)s = ANY(steps)
ORDER BY opened_at, id
"""


def stopping(order_ids: Collection[int], step: str) -> dict[int, list[Hold]]:
    """Order id → open holds that stop `step`."""
    result: dict[int, list[Hold]] = {}
    for hold in Hold.objects.raw(STOPPING, {"orders": list(order_ids), "step": str(step)}):
        result.setdefault(hold.order_id, []).append(hold)
    return result


def refuse_if_held(order_id: int, step: str) -> None:
    """Raise Conflict `held` when an open hold stops `step`: which hold, how much, who may release it."""
    holds = stopping([order_id], step).get(order_id)
    if not holds:
        return
    hold = holds[0]
    raise Conflict(
        _("The order is held (%(kind)s, %(amount)s).") % {"kind": hold.get_kind_display().lower(), "amount": hold.amount},
        code="held",
        who=hold.get_owner_display(),
        clears=_("Release the hold: %(reason)s") % {"reason": hold.reason or hold.code},
        holds=[h.pk for h in holds],
        amount=str(hold.amount),
    )


def to_look_at(now: datetime, limit: int = 2_000) -> list[int]:
    """Orders with an open hold that may have ended by itself, or with a release whose time is over; oldest first."""
    itself = Q(released_at__isnull=True) & (Q(kind__in=BY_ITSELF) | Q(expires_at__lte=now))
    found = Hold.objects.filter(itself | Q(release_until__lte=now), order__status__in=["submitted", "approved"])
    return list(found.order_by("order_id").values_list("order_id", flat=True).distinct()[:limit])


def held_by_account(account_id: int, limit: int = 100) -> list[int]:
    """Open orders that a credit account or an unpaid prepayment holds, oldest first."""
    found = Hold.objects.filter(
        order__payer__credit_membership__account_id=account_id, kind__in=MONEY_KINDS, released_at__isnull=True,
        order__status__in=["submitted", "approved"],
    )  # fmt: skip
    return list(found.order_by("order_id").values_list("order_id", flat=True).distinct()[:limit])
