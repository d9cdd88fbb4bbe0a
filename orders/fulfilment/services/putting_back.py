"""Goods in the cart of a shipment that is given up go back to their bin: on a list, unit by unit, free again once they lie there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.stock.models import Balance
from inventory.stock.services import BlockedOut, unblock
from inventory.stock.services import put_back as block
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from orders.book.services import subjects
from orders.fulfilment.locks import lock_put_back
from orders.fulfilment.models import PutBack

REASON = "put_back"


class InCart(NamedTuple):
    """`quantity` units of a balance that a shipment's line has in the cart."""

    shipment_id: int
    order_id: int
    line_id: int
    balance_id: int
    quantity: int


def set_aside(rows: Sequence[InCart], event_id: int) -> None:
    """Part: allocated units in the cart stand blocked and wait to be put back. Four statements, none without rows."""
    if not rows:
        return
    block([(x.balance_id, x.order_id, x.line_id, x.quantity) for x in rows], REASON, event_id)
    places = dict(Balance.objects.filter(pk__in={x.balance_id for x in rows}).values_list("pk", "location_id"))
    at = current().at
    PutBack.objects.bulk_create(
        PutBack(shipment_id=x.shipment_id, order_id=x.order_id, line_id=x.line_id, balance_id=x.balance_id, location_id=places[x.balance_id],
                quantity=x.quantity, at=at, event_id=event_id)
        for x in rows
    )  # fmt: skip


@use_case("fulfilment.put_back")
def put_back(put_back_id: int, quantity: int, *, by: Any, no_good: bool = False, at: datetime | None = None) -> PutBack:
    """`quantity` units lie in their bin again and are free; `no_good`: they stay blocked, somebody decides about them.

    Raises Forbidden (another location), Conflict `above_put_back` beyond what waits, `short` when they are not blocked any more.
    """
    found = lock_put_back(put_back_id)
    authorize(by, "fulfilment.put_back", found)
    if not 0 < quantity <= found.open:
        raise Conflict(_("%(open)s units wait to be put back here.") % {"open": found.open}, code="above_put_back", available=found.open)
    about = subjects(found.order_id, found.order.customer_id, [("shipment", found.shipment_id), ("product", found.balance.product_id)])
    name = "shipment.kept_blocked" if no_good else "shipment.put_back"
    event = current().event(name, about, {"shipment": found.shipment_id, "line": found.line_id, "units": quantity})
    if no_good:
        found.kept += quantity
    else:
        found.done += quantity
        unblock([BlockedOut(found.balance_id, quantity, found.order_id, found.line_id)], REASON, event)
    found.save(update_fields=["done", "kept"])
    return found
