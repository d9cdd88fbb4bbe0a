"""What alerts can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.alerts.choices import AlertKind
from inventory.alerts.models import StockAlert
from inventory.catalog.models import StorageLocation


class AlertFilterSet(django_filters.FilterSet):
    """By words, kind and location."""

    q = django_filters.CharFilter(method="by_words", label=_("SKU or name"))
    kind = django_filters.ChoiceFilter(choices=AlertKind.choices, label=_("Kind"))
    location = django_filters.ModelChoiceFilter(
        queryset=StorageLocation.objects.order_by("code"), to_field_name="code", label=_("Location")
    )

    class Meta:
        model = StockAlert
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[StockAlert], name: str, value: Any) -> QuerySet[StockAlert]:
        """The beginning of a SKU, or a part of the name."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(Q(product__sku__istartswith=word) | Q(product__name__icontains=word))
