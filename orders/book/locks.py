"""The only place where orders and lines are locked: sorted by key, weakly enough for foreign keys to pass."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.book.models import Order, OrderLine


def lock_orders(ids: Collection[int]) -> list[Order]:
    """The orders, locked and fresh, sorted by id. Raises NotFound when one is missing."""
    orders = list(
        Order.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    )
    if len(orders) != len(set(ids)):
        raise NotFound(_("There is no such order."), code="order_missing")
    return orders


def lock_order(order_id: int) -> Order:
    """One order, locked and fresh."""
    return lock_orders([order_id])[0]


def lock_lines(order_ids: Collection[int]) -> list[OrderLine]:
    """All lines of the (already locked) orders, locked and fresh, sorted by id."""
    return list(
        OrderLine.objects.filter(order_id__in=order_ids)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
