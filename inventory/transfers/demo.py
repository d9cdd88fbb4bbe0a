"""The practice company's transfers: one of every state, between its three warehouses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from inventory.catalog.models import StorageLocation
from inventory.stock.models import Availability
from inventory.transfers.models import Route, Transfer
from inventory.transfers.selectors import coming, picks
from inventory.transfers.services import (
    Arrived,
    Sent,
    Wanted,
    receive_transfer,
    request_transfer,
    ship_transfer,
)
from oms.accounts.models import User

STEP = 92
DAYS = {
    ("LYO", "DUI"): 2,
    ("DUI", "LYO"): 2,
    ("LYO", "TOR"): 1,
    ("TOR", "LYO"): 1,
    ("DUI", "TOR"): 3,
    ("TOR", "DUI"): 3,
}


def fill(by: Any) -> None:
    """Routes; a transfer received, two on their way (one late), one that differs, two asked for."""
    places = {x.code: x for x in StorageLocation.objects.all()}
    Route.objects.bulk_create(Route(source=places[a], target=places[b], days=n) for (a, b), n in DAYS.items())
    walid, now = User.objects.get(username="walid"), datetime.now(UTC)
    ask(places["LYO"], places["TOR"], 2, 24, walid, now, "For the fair in Torino")
    ask(places["DUI"], places["LYO"], 1, 12, walid, now)
    send(
        ask(places["LYO"], places["DUI"], 2, 12, walid, now - timedelta(days=1)),
        walid,
        now - timedelta(hours=20),
    )
    send(
        ask(places["TOR"], places["LYO"], 1, 6, walid, now - timedelta(days=6)),
        walid,
        now - timedelta(days=5),
    )
    for units_short, days in ((0, 9), (2, 4)):
        sent = send(
            ask(places["DUI"], places["LYO"], 2, 12, walid, now - timedelta(days=days)),
            walid,
            now - timedelta(days=days - 1),
        )
        rows = [Arrived(c.line.product_id, c.quantity - units_short, c.bin, c.lot) for c in coming(sent)]
        receive_transfer(sent.pk, rows, by=walid, at=now - timedelta(days=days - 2), last=True)


def ask(
    source: StorageLocation,
    target: StorageLocation,
    products: int,
    units: int,
    by: Any,
    at: datetime,
    note: str = "",
) -> Transfer:
    """A transfer of what the source has plenty of."""
    plenty = sorted(
        Availability.objects.filter(location=source), key=lambda cell: (-min(cell.free), cell.pk)
    )[:products]
    return request_transfer(
        source.pk, target.pk, [Wanted(cell.product_id, units) for cell in plenty], by=by, at=at, note=note
    )


def send(transfer: Transfer, by: Any, at: datetime) -> Transfer:
    """It leaves as asked for."""
    sent = [
        Sent(p.line.product_id, p.quantity, p.balance.bin, p.balance.lot)
        for p in picks(transfer)
        if p.balance
    ]
    return ship_transfer(transfer.pk, sent, by=by, at=at)
