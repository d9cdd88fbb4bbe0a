"""Reads of customers, within the row filter."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter


def visible_customers(user: Any) -> QuerySet[Customer]:
    """Customers `user` may see, by name, with their post."""
    return Customer.objects.filter(customer_filter(user)).select_related("post__territory").order_by("name", "pk")
