"""Reads of credit."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Sum

from payments.credit.models import AccountMember, CreditEntry


def account_of(customer_id: int) -> int | None:
    """The account a customer's orders count against."""
    return AccountMember.objects.filter(customer_id=customer_id).values_list("account_id", flat=True).first()


def reserved(order_ids: Collection[int]) -> dict[int, tuple[int, Decimal]]:
    """Order id → (account id, amount reserved for it now)."""
    rows = (
        CreditEntry.objects.filter(bucket="reserved", reference_kind="order", reference_id__in=order_ids)
        .values_list("reference_id", "account_id")
        .annotate(amount=Sum("amount"))
    )
    return {order_id: (account_id, amount) for order_id, account_id, amount in rows}
