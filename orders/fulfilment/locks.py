"""Shipments are locked after their orders and lines, sorted by key."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.book.locks import locked
from orders.fulfilment.models import Discrepancy, PutBack, Shipment


def lock_shipment(shipment_id: int) -> Shipment:
    """One shipment, locked and fresh; its order is locked before."""
    found = locked(Shipment, "id = %(id)s", {"id": shipment_id})
    if not found:
        raise NotFound(_("There is no such shipment."), code="shipment_missing")
    return found[0]


def lock_shipments(order_id: int) -> list[Shipment]:
    """The shipments of a (locked) order that did not leave yet, locked and fresh, sorted by id."""
    return list(
        Shipment.objects.filter(order_id=order_id, shipped_at__isnull=True)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )


def lock_shipments_of(shipment_ids: Collection[int]) -> list[Shipment]:
    """These shipments, whether they left or not, locked and fresh, sorted by id; their orders are locked before."""
    return locked(Shipment, "id = ANY(%(ids)s::bigint[])", {"ids": sorted(shipment_ids)})


def lock_discrepancy(discrepancy_id: int) -> Discrepancy:
    """One discrepancy, locked and fresh, after its order and before balances."""
    found = locked(Discrepancy, "id = %(id)s", {"id": discrepancy_id})
    if not found:
        raise NotFound(_("There is no such discrepancy."), code="discrepancy_missing")
    return found[0]


def lock_work(order_ids: Collection[int], shipment_id: int = 0) -> list[Shipment]:
    """The shipments of (locked) orders that did not leave yet, and one more, locked and fresh, sorted by id."""
    which = "order_id = ANY(%(orders)s::bigint[]) AND shipped_at IS NULL OR id = %(one)s"
    return locked(Shipment, which, {"orders": sorted(order_ids), "one": shipment_id})


def lock_put_back(put_back_id: int) -> PutBack:
    """One list entry of goods to put back, locked and fresh, before balances. Raises NotFound `put_back_missing`."""
    rows = PutBack.objects.select_related("order", "balance__product", "location").select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=put_back_id).first()
    if found is None:
        raise NotFound(_("There is nothing to put back."), code="put_back_missing")
    return found
