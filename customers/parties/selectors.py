"""Reads of customers, within the row filter."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter


def visible_customers(user: Any) -> QuerySet[Customer]:
    """Customers `user` may see, by name, with their post."""
    return Customer.objects.filter(customer_filter(user)).select_related("post__territory").order_by("name", "pk")


Rows = TypeVar("Rows", bound=QuerySet[Any])

# So many customers, or rows, are looked up by their keys; a word that fits more of them finds its page by the order of the list.
MOST_CUSTOMERS, MOST_ROWS = 50, 1_000


def begins(field: str, word: str) -> Q:
    """A number that begins with `word` as it was typed, or in capitals: our numbers are, by an index for beginnings."""
    return Q(**{f"{field}__startswith": word}) | Q(**{f"{field}__startswith": word.upper()})


def found_by_words(queryset: Rows, word: str, *own: Q, customer: str = "customer") -> Rows:
    """`queryset` narrowed to rows that one of `own` finds by its index, or whose customer has `word` as its code or in its name.

    An OR over tables has no index: the rows that are few are found first, each condition by its own, and taken by their keys
    (one small statement for the customers, one for the keys).
    """
    named = Q(code__iexact=word) | Q(name__icontains=word)
    customers = list(Customer.objects.filter(named).values_list("pk", flat=True)[: MOST_CUSTOMERS + 1])
    if len(customers) <= MOST_CUSTOMERS:
        conditions = [*own, *([Q(**{f"{customer}__in": customers})] if customers else [])]
        if not conditions:
            return queryset.none()
        first, *others = [queryset.model._default_manager.filter(q).values_list("pk", flat=True)[: MOST_ROWS + 1] for q in conditions]
        keys = list(first.union(*others, all=True)) if others else list(first)
        return queryset.filter(pk__in=keys) if len(keys) <= MOST_ROWS else queryset.filter(reduce(or_, conditions))
    return queryset.filter(reduce(or_, [*own, Q(**{f"{customer}__name__icontains": word}), Q(**{f"{customer}__code__iexact": word})]))
