"""What the stock list can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import StorageLocation
from inventory.stock.choices import MovementKind
from inventory.stock.models import Availability, Movement
from inventory.stock.selectors import low_stock
from oms.web.forms import DayInput


class StockFilterSet(django_filters.FilterSet):
    """By words (SKU, GTIN, name), location, and what runs low."""

    q = django_filters.CharFilter(method="by_words", label=_("SKU or name"))
    location = django_filters.ModelChoiceFilter(
        queryset=StorageLocation.objects.order_by("code"), to_field_name="code", label=_("Location")
    )
    low = django_filters.ChoiceFilter(choices=[("yes", _("Running low"))], method="by_low", label=_("State"))

    class Meta:
        model = Availability
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Availability], name: str, value: str) -> QuerySet[Availability]:
        """The beginning of a SKU, a GTIN exactly, or a part of the name."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(
            Q(product__sku__istartswith=word) | Q(product__gtin=word) | Q(product__name__icontains=word)
        )

    def by_low(self, queryset: QuerySet[Availability], name: str, value: Any) -> QuerySet[Availability]:
        """Short of what is booked, or at or below the reorder level."""
        return low_stock(queryset)


def _places() -> Any:
    return StorageLocation.objects.order_by("code")


class StockAtFilterSet(django_filters.FilterSet):
    """By words, location and family; the moment itself is the page's."""

    q = django_filters.CharFilter(method="by_words", label=_("SKU or name"))
    location = django_filters.ModelChoiceFilter(queryset=_places(), to_field_name="code", label=_("Location"))
    family = django_filters.CharFilter(field_name="product__family", lookup_expr="iexact", label=_("Family"))

    class Meta:
        model = Availability
        fields: list[str] = []

    by_words = StockFilterSet.by_words


class MovementFilterSet(django_filters.FilterSet):
    """By product, location, kind, day, and where from: an order, a transfer, a reason, a person."""

    q = django_filters.CharFilter(method="by_words", label=_("SKU, order, reason or user"))
    location = django_filters.ModelChoiceFilter(queryset=_places(), to_field_name="code", label=_("Location"))
    kind = django_filters.ChoiceFilter(choices=MovementKind.choices, label=_("What"))
    since = django_filters.DateFilter(field_name="occurred_at", lookup_expr="date__gte", label=_("From"), widget=DayInput)
    until = django_filters.DateFilter(field_name="occurred_at", lookup_expr="date__lte", label=_("To"), widget=DayInput)

    class Meta:
        model = Movement
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Movement], name: str, value: str) -> QuerySet[Movement]:
        """A SKU, an order's or transfer's number, a reason code, a lot, or who did it; exactly."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(
            Q(product__sku__iexact=word) | Q(document=word.upper()) | Q(reason__iexact=word) | Q(balance__lot__iexact=word)
            | Q(event__actor__username__iexact=word)
        )  # fmt: skip
