"""Reads of the book. `visible_orders` is the row filter of orders for every page, API, report and export."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from customers.territory.selectors import customer_filter
from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from oms.company.selectors import exponent
from oms.kernel.canonical import canonical, digest
from orders.book.domain import Priced, totals
from orders.book.models import Order, OrderLine


def visible_orders(user: Any) -> QuerySet[Order]:
    """Orders `user` may see: by customer (territory, own, all), and for warehouses those with goods at their locations."""
    condition = customer_filter(user, prefix="customer")
    if Role.WAREHOUSE in user.roles:
        mine = LocationStaff.objects.filter(user_id=user.pk).values("location_id")
        condition |= Q(shipments__location__in=mine)
        return Order.objects.filter(pk__in=Order.objects.filter(condition).values("pk"))
    return Order.objects.filter(condition)


def content_hash(ship_to_id: int, terms_days: int, lines: list[tuple[Any, ...]]) -> bytes:
    """What an approval binds: ship-to, terms, and per line (position, product, quantity, price, price unit, discount)."""
    return digest(canonical([ship_to_id, terms_days, [list(line) for line in lines]]))


def gross_rest(order: Order, lines: Iterable[OrderLine]) -> Decimal:
    """Gross of (ordered − cancelled − invoiced) over all lines, rounded as one invoice of it would be."""
    rest = [
        Priced(
            line.quantity_ordered - line.quantity_cancelled - line.quantity_invoiced, line.unit_price, line.price_unit,
            line.discount, line.tax_category, line.tax_rate,
        )
        for line in lines
    ]  # fmt: skip
    return totals(rest, exponent(order.currency_id)).total
