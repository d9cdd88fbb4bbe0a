"""Reads of customers, within the row filter."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet

from customers.parties.models import Address, Customer
from customers.territory.models import CustomerPost
from customers.territory.selectors import customer_filter


def visible_customers(user: Any) -> QuerySet[Customer]:
    """Customers `user` may see, by name, with their post."""
    return Customer.objects.filter(customer_filter(user)).select_related("post__territory").order_by("name", "pk")


def customer_page(user: Any, code: str) -> Customer | None:
    """One customer with addresses, contacts and owners, or None when not visible."""
    addresses = Address.objects.filter(retired_at=None).order_by("-is_default", "code")
    owners = CustomerPost.objects.select_related("post").order_by("-during")
    return (
        visible_customers(user)
        .filter(code=code)
        .prefetch_related(Prefetch("addresses", queryset=addresses), "contacts", Prefetch("post_history", queryset=owners))
        .first()
    )
