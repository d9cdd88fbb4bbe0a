"""Reads of the book. `visible_orders` is the row filter of orders for every page, API, report and export."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from customers.territory.selectors import customer_filter
from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from oms.company.selectors import exponent
from oms.kernel.canonical import canonical, digest
from orders.book.domain import Priced, totals
from orders.book.models import Order, OrderLine, PriceChange


def visible_orders(user: Any) -> QuerySet[Order]:
    """Orders `user` may see: by customer (territory, own, all), and for warehouses those with goods at their locations."""
    condition = customer_filter(user, prefix="customer")
    if Role.WAREHOUSE in user.roles:
        mine = LocationStaff.objects.filter(user_id=user.pk).values("location_id")
        condition |= Q(shipments__location__in=mine)
        return Order.objects.filter(pk__in=Order.objects.filter(condition).values("pk"))
    return Order.objects.filter(condition)


# How files call an order: by the sender's number if the operator brought it in, else by ours.
FILE_NUMBER = """CASE WHEN o.channel = 'file' AND o.entered_by_id = (SELECT id FROM oms_user WHERE username = 'system')
                 THEN o.external_id ELSE o.number END"""
FILE_NUMBERS = f"SELECT o.id, {FILE_NUMBER} FROM orders_order o WHERE o.id = ANY(%s)"


def file_numbers(order_ids: Collection[int]) -> dict[int, str]:
    """{order: how files call it}. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(FILE_NUMBERS, [list(order_ids)])
        return dict(cursor.fetchall())


NAMED = f"""
SELECT n.number, (
    SELECT o.id FROM orders_order o WHERE o.number = n.number OR o.channel = 'file' AND o.external_id = n.number
    ORDER BY {FILE_NUMBER} = n.number DESC, o.number = n.number DESC, o.id LIMIT 1
) FROM unnest(%s::text[]) AS n(number)
"""


def orders_named(numbers: Collection[str]) -> dict[str, int]:
    """{how a file calls an order: its id} of those that are here. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED, [list(numbers)])
        return {number: order for number, order in cursor.fetchall() if order is not None}


def prices_before(order_id: int) -> dict[int, PriceChange]:
    """Line id → its last change of price, of the order's lines that had one. One statement."""
    rows = PriceChange.objects.filter(line__order_id=order_id).select_related("by").order_by("line_id", "-pk").distinct("line_id")
    return {row.line_id: row for row in rows}


def content_hash(ship_to_id: int, terms_days: int, lines: list[tuple[Any, ...]]) -> bytes:
    """What an approval binds: ship-to, terms, and per line (position, product, quantity, price, price unit, discount)."""
    return digest(canonical([ship_to_id, terms_days, [list(line) for line in lines]]))


def gross(order: Order, quantities: Iterable[tuple[OrderLine, int]]) -> Decimal:
    """Gross of these quantities of lines, rounded as one invoice of them would be."""
    priced = [Priced(q, x.unit_price, x.price_unit, x.discount, x.tax_category, x.tax_rate) for x, q in quantities]
    return totals(priced, exponent(order.currency_id)).total


def gross_rest(order: Order, lines: Iterable[OrderLine]) -> Decimal:
    """Gross of (ordered − cancelled − invoiced) over all lines, rounded as one invoice of it would be."""
    return gross(order, [(x, x.quantity_ordered - x.quantity_cancelled - x.quantity_invoiced) for x in lines])
