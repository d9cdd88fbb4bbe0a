"""What the stock list can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import StorageLocation
from inventory.stock.models import Availability
from inventory.stock.selectors import low_stock


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
