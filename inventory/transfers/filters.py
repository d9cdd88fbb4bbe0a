"""What the list of transfers can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import StorageLocation
from inventory.transfers.choices import TransferStatus
from inventory.transfers.models import Transfer, TransferLine


class TransferFilterSet(django_filters.FilterSet):
    """By number or product, state, and either end."""

    q = django_filters.CharFilter(method="by_words", label=_("Number or SKU"))
    status = django_filters.ChoiceFilter(choices=TransferStatus.choices, label=_("State"))
    source = django_filters.ModelChoiceFilter(
        queryset=StorageLocation.objects.order_by("code"), to_field_name="code", label=_("From")
    )
    target = django_filters.ModelChoiceFilter(
        queryset=StorageLocation.objects.order_by("code"), to_field_name="code", label=_("To")
    )

    class Meta:
        model = Transfer
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Transfer], name: str, value: str) -> QuerySet[Transfer]:
        """The beginning of a number, or a SKU exactly."""
        word = value.replace("\x00", "").strip()
        of_product = TransferLine.objects.filter(transfer=OuterRef("pk"), product__sku__iexact=word)
        return queryset.filter(Q(number__istartswith=word) | Q(Exists(of_product)))
