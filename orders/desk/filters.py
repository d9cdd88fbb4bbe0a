"""Filters of orders: the same set for the page, the export and the API."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.parties.selectors import begins, found_by_words
from orders.book.choices import Channel, OrderStatus
from orders.book.models import Order


class OrderFilterSet(django_filters.FilterSet):
    """By words (number, customer's number, customer), status, channel and dates."""

    q = django_filters.CharFilter(method="by_words", label=_("Number or customer"))
    status = django_filters.MultipleChoiceFilter(
        choices=OrderStatus.choices, label=_("Status"), widget=forms.MultipleHiddenInput  # chosen by the tabs above the table
    )
    channel = django_filters.ChoiceFilter(choices=Channel.choices, label=_("Channel"), empty_label=_("All"))
    requested_from = django_filters.DateFilter(
        field_name="requested_date", lookup_expr="gte", label=_("Requested from"), widget=forms.DateInput(attrs={"type": "date"})
    )
    requested_to = django_filters.DateFilter(
        field_name="requested_date", lookup_expr="lte", label=_("Requested to"), widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = Order
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """A number exactly or by its beginning, the customer's own number, the customer's code or a part of the name."""
        word = value.replace("\x00", "").strip()
        return found_by_words(queryset, word, begins("number", word), Q(customer_po=word), Q(external_id=word))

