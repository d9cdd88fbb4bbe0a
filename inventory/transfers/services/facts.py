"""Use cases of physical facts: goods left, goods came in, that was all. Never refused, whatever the status says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.stock.selectors import sources_posted
from inventory.stock.services import Moved, transfer
from inventory.stock.services.door import post_transfer
from inventory.transfers.choices import PostingKind
from inventory.transfers.locks import lock_transfer
from inventory.transfers.models import Transfer
from inventory.transfers.services.posting import Posted, hold, record, settle, subjects
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid


class Sent(NamedTuple):
    """`quantity` base units of a product were taken from a place of the source."""

    product_id: int
    quantity: int
    bin: str = ""
    lot: str = ""


class Arrived(NamedTuple):
    """`quantity` base units of a product lie in a place of the target now."""

    product_id: int
    quantity: int
    bin: str = ""
    lot: str = ""
    expires_on: date | None = None


def _above_zero(quantities: Sequence[int]) -> None:
    if not quantities or any(quantity <= 0 for quantity in quantities):
        raise Invalid(_("Say how many units, above zero."), code="quantity_invalid")


@use_case("transfers.ship")
def ship_transfer(
    transfer_id: int, rows: Sequence[Sent], *, by: Any, at: datetime | None = None, source: str | None = None
) -> Transfer:
    """Goods left the source: more or less than asked for, other products too. What did not leave now is not held any more.

    Orders that hold what left lose it, by rank. The same `source` again changes nothing. Raises Invalid, Forbidden.
    """
    found, lines = lock_transfer(transfer_id)
    authorize(by, "transfers.ship", found)
    _above_zero([row.quantity for row in rows])
    if source and sources_posted([source]):
        return found
    command = current()
    event = command.event(
        "stock.transfer_shipped", subjects(found, (row.product_id for row in rows)),
        {"transfer": found.pk, "units": sum(row.quantity for row in rows), "rows": [[r.product_id, r.quantity] for r in rows]},
    )  # fmt: skip
    moved = [Moved(row.product_id, row.bin, row.lot, -row.quantity) for row in rows]
    movements = post_transfer(found.source_id, moved, found.number, by=by, at=at, source=source)
    found.shipped_at = found.shipped_at or command.at
    posted = [
        Posted(row.product_id, row.quantity, movement) for row, movement in zip(rows, movements, strict=True)
    ]
    record(found, lines, PostingKind.SHIPPED, posted, event)
    return settle(found, lines, event, more=True)


@use_case("transfers.receive")
def receive_transfer(
    transfer_id: int,
    rows: Sequence[Arrived],
    *,
    by: Any,
    at: datetime | None = None,
    source: str | None = None,
    last: bool = False,
) -> Transfer:
    """Goods came in at the target, in part, in whole or more than left; `last`: nothing more comes, what is missing differs.

    Free at once. The same `source` again changes nothing. Raises Invalid (no quantity, lot with another expiry), Forbidden.
    """
    found, lines = lock_transfer(transfer_id)
    authorize(by, "transfers.receive", found)
    _above_zero([row.quantity for row in rows])
    if source and sources_posted([source]):
        return found
    event = current().event(
        "stock.transfer_received", subjects(found, (row.product_id for row in rows)),
        {"transfer": found.pk, "units": sum(row.quantity for row in rows), "rows": [[r.product_id, r.quantity] for r in rows]},
    )  # fmt: skip
    moved = [Moved(row.product_id, row.bin, row.lot, row.quantity, row.expires_on) for row in rows]
    hold(found, {*lines, *(row.product_id for row in rows)})
    movements = transfer(found.target_id, moved, found.number, by=by, at=at, source=source)
    posted = [
        Posted(row.product_id, row.quantity, movement) for row, movement in zip(rows, movements, strict=True)
    ]
    record(found, lines, PostingKind.RECEIVED, posted, event)
    return settle(found, lines, event, last=last)


@use_case("transfers.close")
def close_transfer(transfer_id: int, *, by: Any, at: datetime | None = None) -> Transfer:
    """That was all: what is still on its way is missing, and is no longer promised from. Again it changes nothing."""
    found, lines = lock_transfer(transfer_id)
    authorize(by, "transfers.receive", found)
    if not any(line.in_transit for line in lines.values()):
        raise Invalid(_("Nothing of it is on its way."), code="nothing_in_transit")
    missing = sum(max(0, line.in_transit) for line in lines.values())
    event = current().event(
        "stock.transfer_closed", subjects(found, lines), {"transfer": found.pk, "units": missing}
    )
    return settle(found, lines, event, last=True)
