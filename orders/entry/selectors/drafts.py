"""Reads of drafts and templates, within the row filter."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.book.selectors import visible_orders
from orders.entry.models import OrderTemplate


def draft_to_type(user: Any, number: str) -> Order | None:
    """The draft order with its entry fields (`order.draft.content`), or None when there is no such draft to see."""
    if "\x00" in number:
        return None
    return visible_orders(user).filter(number=number, status=OrderStatus.DRAFT, draft__isnull=False).select_related("draft").first()


def templates(user: Any) -> QuerySet[OrderTemplate]:
    """Templates of the customers the user sees, and the user's own, by name."""
    seen = Customer.objects.filter(customer_filter(user)).values("pk")
    return OrderTemplate.objects.filter(Q(customer__in=seen) | Q(customer__isnull=True, by_id=user.pk)).select_related("customer").order_by("name", "pk")


def template_to_type(user: Any, template_id: int) -> OrderTemplate | None:
    """One of them, None when there is no such template to see."""
    return templates(user).filter(pk=template_id).first()
