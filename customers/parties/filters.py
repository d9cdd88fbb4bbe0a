"""Filters of customers: the same set for the page and the export."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.parties.choices import CustomerStatus
from customers.parties.models import Customer


class CustomerFilterSet(django_filters.FilterSet):
    """By words (code, name, city) and status."""

    q = django_filters.CharFilter(method="by_words", label=_("Code, name or city"))
    status = django_filters.ChoiceFilter(choices=CustomerStatus.choices, label=_("Status"))

    class Meta:
        model = Customer
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Any part of the code, the name or a city."""
        word = value.replace("\x00", "").strip()
        cities = Customer.objects.filter(addresses__city__icontains=word).values("pk")
        return queryset.filter(Q(code__icontains=word) | Q(name__icontains=word) | Q(pk__in=cities))
