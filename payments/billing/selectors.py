"""Reads of invoices and receivables."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F

from payments.billing.models import Invoice


def invoice_of_shipment(shipment_id: int) -> int | None:
    """The invoice of a shipment, if it was invoiced."""
    return Invoice.objects.filter(shipment_id=shipment_id).values_list("pk", flat=True).first()


def unsettled_orders(order_ids: Collection[int]) -> set[int]:
    """Those of the orders that have an invoice with an open amount."""
    rows = Invoice.objects.filter(order_id__in=order_ids, total__gt=F("applied") + F("credited"))
    return set(rows.values_list("order_id", flat=True))
