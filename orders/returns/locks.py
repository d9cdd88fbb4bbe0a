"""Returns are locked after their orders, lines and shipments, sorted by key."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.book.locks import lock_lines, lock_orders, locked
from orders.book.models import OrderLine
from orders.fulfilment.locks import lock_shipments_of
from orders.returns.models import Return, ReturnLine


def lock_return(return_id: int, shipments: bool = False) -> tuple[Return, list[ReturnLine], dict[int, OrderLine]]:
    """(return, its lines, the order lines by id), locked and fresh: orders, lines, shipments (if asked), return, its lines."""
    rows = ReturnLine.objects.filter(returned_id=return_id).values_list("order_id", "shipment_line__shipment_id")
    orders, sent = {row[0] for row in rows}, {row[1] for row in rows}
    lock_orders(orders)
    lines = {line.pk: line for line in lock_lines(orders)}
    if shipments:
        lock_shipments_of(sent)
    found = locked(Return, "id = %(id)s", {"id": return_id})
    if not found:
        raise NotFound(_("There is no such return."), code="return_missing")
    return found[0], locked(ReturnLine, "returned_id = %(id)s", {"id": return_id}), lines
