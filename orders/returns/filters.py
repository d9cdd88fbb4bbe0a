"""Filters of returns."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.parties.selectors import begins, found_by_words
from orders.returns.choices import ReturnStatus
from orders.returns.models import Return


class ReturnFilterSet(django_filters.FilterSet):
    """By words (number, customer, order, product), and by the state of a line."""

    q = django_filters.CharFilter(method="by_words", label=_("Number, customer, order or product"))
    status = django_filters.ChoiceFilter(
        field_name="lines__status", choices=ReturnStatus.choices, label=_("State of a line"), empty_label=_("All"), distinct=True
    )

    class Meta:
        model = Return
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Return], name: str, value: str) -> QuerySet[Return]:
        """A return's or order's number, a customer's code or part of the name, a SKU."""
        word = value.replace("\x00", "").strip()
        lines = Return.objects.filter(Q(lines__order__number__iexact=word) | Q(lines__product__sku__iexact=word))
        return found_by_words(queryset, word, begins("number", word), Q(pk__in=lines.values("pk")))
