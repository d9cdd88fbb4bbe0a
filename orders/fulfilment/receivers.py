"""Takes goods back from the warehouse when an order becomes smaller; posts the facts of stock that orders stand in the way of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from inventory.stock.references import register as register_number
from inventory.stock.services import Change, Counted, Moved
from inventory.stock.services import door as stock_door
from inventory.stock.services.door import Released
from orders.book.models import Order
from orders.entry.warehouse import register
from orders.fulfilment.locks import lock_shipments
from orders.fulfilment.selectors import order_numbers
from orders.fulfilment.services import Adjusted, Transferred, WasCounted, free_units, post_fact

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
