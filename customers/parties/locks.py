"""Locks of customers, in the order of their keys."""

from __future__ import annotations

from collections.abc import Collection

from customers.parties.models import Customer


def lock_customers(ids: Collection[int]) -> list[Customer]:
    """The customers, locked."""
    return list(Customer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
