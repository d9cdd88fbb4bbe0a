"""What the list of count sheets can be narrowed by."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import StorageLocation
from inventory.counts.choices import SheetStatus
from inventory.counts.models import CountSheet


class SheetFilterSet(django_filters.FilterSet):
    """By location and state."""

    location = django_filters.ModelChoiceFilter(queryset=StorageLocation.objects.order_by("code"), to_field_name="code", label=_("Location"))
    status = django_filters.ChoiceFilter(choices=SheetStatus.choices, label=_("State"))

    class Meta:
        model = CountSheet
        fields: list[str] = []
