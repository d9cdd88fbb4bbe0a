"""Reads of charges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from customers.territory.selectors import customer_filter
from payments.providers.choices import WAITS
from payments.providers.models import ProviderCharge


def visible_charges(user: Any) -> QuerySet[ProviderCharge]:
    """Charges of customers `user` may see: the row filter of their pages."""
    return ProviderCharge.objects.filter(customer_filter(user, "customer")).select_related("customer", "invoice", "payment")


def to_carry_out(now: datetime, limit: int = 200) -> list[int]:
    """Charges that wait for an answer of their provider and may be asked for now, the longest waiting first."""
    rows = ProviderCharge.objects.filter(state__in=list(WAITS), next_at__lte=now).order_by("next_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])
