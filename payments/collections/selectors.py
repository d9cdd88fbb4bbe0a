"""Reads of collections."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from customers.territory.selectors import customer_filter
from payments.bank.models import Payment
from payments.collections.models import CollectionReceipt


def visible_receipts(user: Any) -> QuerySet[CollectionReceipt]:
    """Receipts of customers `user` may see, and those they gave: the row filter of every receipt page."""
    seen = customer_filter(user, "customer")  # empty for who sees everybody: then nothing may be joined to it
    rows = CollectionReceipt.objects.filter(seen | Q(collector_id=user.pk) if seen else seen)
    return rows.select_related("customer", "collector", "payment")


def to_clear(until: date) -> list[Payment]:
    """Deposited cheques whose bank line is of that value date or older, in order."""
    rows = Payment.objects.filter(clearing=Payment.Clearing.DEPOSITED, bank_line__value_date__lte=until)
    return list(rows.order_by("pk"))
