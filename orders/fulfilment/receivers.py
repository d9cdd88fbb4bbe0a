"""Takes goods back from the warehouse when an order becomes smaller; posts facts that orders stand in the way of, or that are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from inventory.catalog.selectors import skus_of
from inventory.feeds.choices import FeedKind
from inventory.feeds.domain import Finding
from inventory.feeds.selectors import Meant
from inventory.feeds.services import register as register_poster
from inventory.feeds.services.applying import Held, Outcome
from inventory.stock.references import register as register_number
from inventory.stock.services import Change, Counted, Moved
from inventory.stock.services import door as stock_door
from inventory.stock.services.door import Released
from orders.book.models import Order
from orders.entry.warehouse import register
from orders.fulfilment.locks import lock_shipments
from orders.fulfilment.models import Shipment
from orders.fulfilment.selectors import order_numbers
from orders.fulfilment.services import (
    Adjusted,
    Gone,
    HasShipped,
    Transferred,
    WasCounted,
    free_units,
    pick,
    post_fact,
)

register(free_units, lock_shipments)


class Facts:
    """The poster of stock's pages: allocations are released by rank."""

    def adjust(
        self, location_id: int, rows: Sequence[Change], reason: str, *, by: Any, source: str | None, proposed_by_id: int | None
    ) -> Any:
        return post_fact(Adjusted(location_id, rows, reason, proposed_by_id), by=by, source=source)

    def count(self, location_id: int, rows: Sequence[Counted], *, by: Any, as_of: Any, source: str | None) -> list[Released]:
        lost = post_fact(WasCounted(location_id, rows, as_of), by=by, source=source).released
        return [Released(number, lost[pk]) for pk, number in order_numbers(lost).items() if lost[pk]]

    def transfer(
        self, location_id: int, rows: Sequence[Moved], reference: str, *, by: Any, at: Any, source: str | None
    ) -> list[int]:
        return post_fact(Transferred(location_id, rows, reference), by=by, at=at, source=source).movements


stock_door.register(Facts())
register_number(Subquery(Order.objects.filter(pk=OuterRef("reference_order")).values("number")))


@register_poster(FeedKind.SHIPPED)
def shipped(said: Meant, by: Any, source: str) -> Outcome:
    """Goods left, by a shipment or order of ours or by nobody's: what is not covered is a discrepancy."""
    fact = said.fact
    rows = [Gone(row.product_id, row.quantity, row.row.bin, row.row.lot) for row in said.rows]
    done = post_fact(HasShipped(said.location_id, rows, fact.shipment, fact.order, fact.tracking), by=by, source=source)
    return {
        "rows": len(rows), "shipments": list(Shipment.objects.filter(pk__in=done.shipments).values_list("number", flat=True)),
        "uncovered": sum(d.quantity for d in done.discrepancies),
    }  # fmt: skip


@register_poster(FeedKind.PICKED)
def picked(said: Meant, by: Any, source: str) -> Outcome:
    """Units of a shipment are off the shelf."""
    shipment = Shipment.objects.filter(number=said.fact.shipment, location_id=said.location_id).values_list("pk", flat=True).first()
    if shipment is None:
        raise Held([Finding("unknown_document", {"value": said.fact.shipment or "–"})])
    skus = skus_of({row.product_id for row in said.rows})
    for row in said.rows:
        pick(shipment, skus[row.product_id], row.quantity, by=by)
    return {"rows": len(said.rows), "shipments": [said.fact.shipment]}
