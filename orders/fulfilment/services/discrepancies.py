"""Facts that no approved order line covers: recorded at once, cleared later by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from oms.events.services import current
from orders.fulfilment.choices import DiscrepancyKind
from orders.fulfilment.models import Discrepancy


@dataclass(frozen=True)
class Uncovered:
    """`quantity` units of a product moved at a location by `movement` of `balance_id`; `order_id` is what was named."""

    product_id: int
    location_id: int
    balance_id: int
    movement_id: int
    quantity: int
    order_id: int | None = None


def record_discrepancies(kind: DiscrepancyKind, rows: Sequence[Uncovered], reason: str, event_id: int) -> list[Discrepancy]:
    """Part: record what is not covered, one discrepancy a movement."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_discrepancy_number') FROM generate_series(1, %s)", [len(rows)])
        serials = [row[0] for row in cursor.fetchall()]
    return Discrepancy.objects.bulk_create(
        Discrepancy(number=f"DC{serial:06d}", kind=kind, product_id=row.product_id, location_id=row.location_id,
                    balance_id=row.balance_id, movement_id=row.movement_id, order_id=row.order_id, quantity=row.quantity,
                    reason=reason[:30], at=current().at, event_id=event_id)
        for serial, row in zip(serials, rows, strict=True)
    )  # fmt: skip
