"""Reads of charges."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from customers.territory.selectors import customer_filter
from payments.billing.models import Refund
from payments.providers.choices import WAITS, GivenBackState
from payments.providers.models import GivenBack, ProviderCharge


def visible_charges(user: Any) -> QuerySet[ProviderCharge]:
    """Charges of customers `user` may see: the row filter of their pages."""
    return ProviderCharge.objects.filter(customer_filter(user, "customer")).select_related("customer", "invoice", "payment")


def to_carry_out(now: datetime, limit: int = 200) -> list[int]:
    """Charges that wait for an answer of their provider and may be asked for now, the longest waiting first."""
    rows = ProviderCharge.objects.filter(state__in=list(WAITS), next_at__lte=now).order_by("next_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def to_give_back(now: datetime, limit: int = 200) -> list[int]:
    """What waits to go back through a provider and may be asked for now, the longest waiting first."""
    rows = GivenBack.objects.filter(state=GivenBackState.ASKED, next_at__lte=now).order_by("next_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def left_of(charge: ProviderCharge) -> Decimal:
    """What of a paid charge was not given back through the provider yet, nor asked for."""
    gone = charge.given_back.exclude(state=GivenBackState.DECLINED).aggregate(n=Sum("amount"))["n"]
    return charge.amount - (gone or Decimal(0))


def refunds_through(charge: ProviderCharge) -> list[Refund]:
    """Decided refunds of the charge's customer that did not leave yet and could go back through its provider."""
    rows = Refund.objects.filter(customer_id=charge.customer_id, currency_id=charge.currency_id, amount__lte=left_of(charge))
    rows = rows.exclude(paid_out__undone=False).exclude(given_back__state__in=[GivenBackState.ASKED, GivenBackState.GIVEN])
    return list(rows.order_by("pk")[:20])
