"""Reads for the desk's pages: a customer at a glance, products by any fragment, everything about one order."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, IntegerField, Prefetch, Q, QuerySet, Sum, Value, When

from customers.models import Customer
from customers.territory.selectors import customer_filter
from inventory.models import Product
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.planning.selectors import last_promises, live_lines
from payments.models import CreditAccount, Invoice


def customers_like(user: Any, words: str, limit: int = 12) -> list[Customer]:
    """Active customers whose code, name or city holds the words, best match first, within the row filter."""
    match = Q(code__icontains=words) | Q(name__icontains=words) | Q(addresses__city__icontains=words)
    return list(
        Customer.objects.filter(customer_filter(user), match, status="active")
        .annotate(rank=_rank("code", words))
        .order_by("rank", "name", "pk")
        .distinct()[:limit]
    )


def products_like(words: str, limit: int = 12) -> list[Product]:
    """Active products whose SKU or name holds the words, best match first, with what is free now."""
    match = Q(sku__icontains=words) | Q(name__icontains=words)
    return list(
        Product.objects.filter(match, status="active")
        .annotate(rank=_rank("sku", words), free=Sum("availability__free__0"))
        .order_by("rank", "sku")[:limit]
    )


def _rank(code: str, words: str) -> Case:
    return Case(
        When(**{f"{code}__iexact": words}, then=Value(0)),
        When(**{f"{code}__istartswith": words}, then=Value(1)),
        When(name__istartswith=words, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )


def customer_glance(user: Any, code: str) -> dict[str, Any] | None:
    """What the clerk sees when a customer is chosen: address, credit, last order. None when not visible."""
    customer = (
        Customer.objects.filter(customer_filter(user), code=code)
        .select_related("post", "currency")
        .prefetch_related("addresses")
        .first()
    )
    if customer is None:
        return None
    account = CreditAccount.objects.filter(members__customer=customer).first()
    last = Order.objects.filter(customer=customer).order_by("-pk").first()
    addresses = [a for a in customer.addresses.all() if a.retired_at is None]
    return {"customer": customer, "account": account, "last": last, "addresses": addresses,
            "left": account.limit - account.exposure if account else None}  # fmt: skip


def order_rows(user: Any) -> QuerySet[Order]:
    """Orders for the list, newest first."""
    return visible_orders(user).select_related("customer").order_by("-pk")


def order_page(user: Any, number: str) -> Order | None:
    """One order within the row filter, with customer, address and lines."""
    lines = OrderLine.objects.select_related("product").order_by("position")
    return (
        visible_orders(user)
        .filter(number=number)
        .select_related("customer__post", "ship_to", "entered_by", "submitted_by")
        .prefetch_related(Prefetch("lines", queryset=lines))
        .first()
    )


def line_views(order: Order) -> list[dict[str, Any]]:
    """Every line with its live schedule, standing promise and confirmed quantity; two statements."""
    lines = list(order.lines.all())
    schedule: dict[int, list[Any]] = {}
    for row in live_lines([order.pk]):
        schedule.setdefault(row.line_id, []).append(row)
    promises = last_promises([line.pk for line in lines])
    return [
        {
            "line": line,
            "schedule": schedule.get(line.pk, []),
            "promise": promises.get(line.pk),
            "confirmed": sum(r.quantity for r in schedule.get(line.pk, []) if r.kind == "plan"),
        }
        for line in lines
    ]


def invoices_of(order: Order) -> QuerySet[Invoice]:
    """The order's invoices, oldest first."""
    return Invoice.objects.filter(order_id=order.pk).annotate(left=F("total") - F("applied") - F("credited")).order_by("pk")
