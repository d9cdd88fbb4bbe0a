"""Shipments are locked after their orders and lines, sorted by key."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.fulfilment.models import Shipment


def lock_shipment(shipment_id: int) -> Shipment:
    """One shipment, locked and fresh; its order is locked before."""
    found = (
        Shipment.objects.filter(pk=shipment_id)
        .select_for_update(of=("self",), no_key=True)
        .select_related("location")
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such shipment."), code="shipment_missing")
    return found
