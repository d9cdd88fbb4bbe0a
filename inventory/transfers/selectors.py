"""Reads of transfers, set-wise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from inventory.catalog.models import StorageLocation
from inventory.catalog.selectors import visible_locations
from inventory.stock.bookings import LiveBooking, Pair
from inventory.stock.models import Balance
from inventory.stock.selectors import allocatable
from inventory.transfers.models import Route, Transfer, TransferLine
from oms.company.selectors import working_days
from oms.kernel.sqlrows import relation

OPEN = ("requested", "in_transit", "differs")
DEFAULT_DAYS = 2
LOOK_AHEAD_DAYS = 30

LIVE = """
SELECT l.product_id, t.source_id, t.ship_date, sum(l.quantity_requested)::bigint
FROM {source} JOIN inventory_transferline l ON l.product_id = cell.product_id
JOIN inventory_transfer t ON t.id = l.transfer_id AND t.source_id = cell.location_id AND t.status = 'requested'
GROUP BY 1, 2, 3
"""


def live_bookings(pairs: Collection[Pair]) -> list[LiveBooking]:
    """(product, source, ship day, quantity) of what is requested and did not leave yet. One statement."""
    source, parameters = relation("cell", {"product_id": "bigint", "location_id": "bigint"}, sorted(set(pairs)))
    with connection.cursor() as cursor:
        cursor.execute(LIVE.format(source=source), parameters)
        return list(cursor.fetchall())


def arrival_date(source_id: int, target: StorageLocation, ship_date: date) -> date:
    """First day on which goods that leave on `ship_date` can be shipped from the target: its next working day after the
    route's days (two where no route is kept)."""
    days = Route.objects.filter(source_id=source_id, target=target).values_list("days", flat=True).first()
    first = ship_date + timedelta(days=DEFAULT_DAYS if days is None else days)
    worked = working_days([target.calendar_id], first, first + timedelta(days=LOOK_AHEAD_DAYS))[
        target.calendar_id
    ]
    return first + timedelta(days=worked.index(True) if True in worked else 0)


def visible_transfers(user: Any) -> QuerySet[Transfer]:
    """Transfers from or to the locations the user sees."""
    seen = visible_locations(user).values("pk")
    return Transfer.objects.filter(Q(source__in=seen) | Q(target__in=seen))


def transfer_rows(user: Any) -> QuerySet[Transfer]:
    """`visible_transfers` with `products`, `requested`, `shipped`, `received`, newest first."""
    return (
        visible_transfers(user)
        .select_related("source", "target")
        .annotate(
            products=Count("lines"), requested=Sum("lines__quantity_requested"), shipped=Sum("lines__quantity_shipped"),
            received=Sum("lines__quantity_received"),
        )
        .order_by("-pk")
    )  # fmt: skip


def to_ship(user: Any) -> QuerySet[Transfer]:
    """Transfers that should leave the user's locations by today, oldest first."""
    return visible_transfers(user).filter(
        status="requested", source__staff__user_id=user.pk, ship_date__lte=timezone.localdate()
    ).select_related("source", "target").order_by("ship_date", "pk")  # fmt: skip


def to_receive(user: Any) -> QuerySet[Transfer]:
    """Transfers that should be at the user's locations by today, oldest first."""
    return visible_transfers(user).filter(
        status="in_transit", target__staff__user_id=user.pk, arrival_date__lte=timezone.localdate()
    ).select_related("source", "target").order_by("arrival_date", "pk")  # fmt: skip


class Pick(NamedTuple):
    """Where units of a line would be taken."""

    line: TransferLine
    balance: Balance | None
    quantity: int


def picks(transfer: Transfer) -> list[Pick]:
    """What to take where: first expiring first, in the order one walks; a row without a place for what is not free. Two statements."""
    lines = list(transfer.lines.select_related("product").order_by("product__sku"))
    shelves: dict[int, list[Balance]] = {}
    for balance in allocatable([(line.product_id, transfer.source_id) for line in lines]):
        shelves.setdefault(balance.product_id, []).append(balance)
    found = []
    for line in lines:
        left = line.quantity_requested
        for balance in shelves.get(line.product_id, ()):
            taken = min(left, balance.free)
            if taken:
                found.append(Pick(line, balance, taken))
                left -= taken
        if left:
            found.append(Pick(line, None, left))
    return sorted(
        found, key=lambda p: (p.balance is None, p.balance.bin if p.balance else "", p.line.product.sku)
    )


class Coming(NamedTuple):
    """Units of a lot on their way, and the bin where the product lies at the target."""

    line: TransferLine
    lot: str
    expires_on: date | None
    quantity: int
    bin: str


ON_THE_WAY = """
SELECT p.line_id, b.lot, max(b.expires_on),
       sum(CASE p.kind WHEN 'shipped' THEN p.quantity ELSE -p.quantity END)::bigint
FROM inventory_transferposting p JOIN inventory_transferline l ON l.id = p.line_id
JOIN inventory_movement m ON m.id = p.movement_id JOIN inventory_balance b ON b.id = m.balance_id
WHERE l.transfer_id = %s GROUP BY 1, 2
"""


def coming(transfer: Transfer) -> list[Coming]:
    """What of the transfer may still come in, lot by lot, by product. Three statements."""
    lines = {line.pk: line for line in transfer.lines.select_related("product")}
    with connection.cursor() as cursor:
        cursor.execute(ON_THE_WAY, [transfer.pk])
        rows = [row for row in cursor.fetchall() if row[3] > 0 and lines[row[0]].in_transit > 0]
    homes = dict(
        Balance.objects.filter(location_id=transfer.target_id, product__in=[x.product_id for x in lines.values()])
        .exclude(bin="").order_by("on_hand", "-pk").values_list("product_id", "bin")
    )  # fmt: skip
    found = [
        Coming(lines[i], lot, expires, min(quantity, lines[i].in_transit), homes.get(lines[i].product_id, ""))
        for i, lot, expires, quantity in rows
    ]
    return sorted(found, key=lambda c: (c.line.product.sku, c.lot))


def differing(transfer: Transfer) -> list[TransferLine]:
    """The lines of which more or less came in than left, by product."""
    lines = transfer.lines.select_related("product").order_by("product__sku")
    return [x for x in lines if x.in_transit < 0 or (x.in_transit and transfer.status == "differs")]
