"""Reads of drafts, within the row filter."""

from __future__ import annotations

from typing import Any

from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.book.selectors import visible_orders


def draft_to_type(user: Any, number: str) -> Order | None:
    """The draft order with its entry fields (`order.draft.content`), or None when there is no such draft to see."""
    if "\x00" in number:
        return None
    return visible_orders(user).filter(number=number, status=OrderStatus.DRAFT, draft__isnull=False).select_related("draft").first()
