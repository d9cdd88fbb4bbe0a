"""Use cases before goods leave: ask for a transfer, move its day, take it back. Decisions, so they may be refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.catalog.models import StorageLocation
from inventory.stock.locks import open_cells
from inventory.stock.services import book_by_day
from inventory.stock.services.availability import rebuild_cells
from inventory.transfers.choices import TransferStatus
from inventory.transfers.locks import lock_transfer
from inventory.transfers.models import Transfer, TransferLine
from inventory.transfers.selectors import arrival_date
from inventory.transfers.services.posting import hold, mirror, subjects, to_status
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound

MAX_LINES = 200


class Wanted(NamedTuple):
    """`quantity` base units of a product should go to the other location."""

    product_id: int
    quantity: int


@use_case("transfers.request")
def request_transfer(
    source_id: int,
    target_id: int,
    items: Sequence[Wanted],
    *,
    by: Any,
    at: datetime | None = None,
    ship_date: date | None = None,
    arrives: date | None = None,
    note: str = "",
) -> Transfer:
    """Ask for goods of one location at another: booked at the source from now on, expected at the target on `arrives`.

    `ship_date` defaults to today at the source, `arrives` to what the route takes. Raises Invalid, NotFound
    `unknown_stock`, Forbidden, Conflict `short` when the source has promised them already; then nothing is written.
    """
    ends = StorageLocation.objects.in_bulk([source_id, target_id])
    if len(ends) < 2:
        raise Invalid(_("A transfer goes from one location to another."), code="same_location")
    source, target = ends[source_id], ends[target_id]
    transfer = Transfer(
        source=source, target=target, status=TransferStatus.REQUESTED, note=note.strip()[:200]
    )
    authorize(by, "transfers.request", transfer)
    units = summed(items)
    command = current()
    transfer.ship_date = ship_date or timezone.localdate(command.at, timezone=ZoneInfo(source.timezone))
    transfer.arrival_date = arrives or arrival_date(source_id, target, transfer.ship_date)
    if transfer.arrival_date < transfer.ship_date:
        raise Invalid(_("It cannot arrive before it leaves."), code="arrives_before", errors=[
            {"field": "arrives", "message": _("Before the day it leaves.")}])  # fmt: skip
    cells = hold(transfer, units)
    book_by_day([(product, source_id, transfer.ship_date, quantity) for product, quantity in units.items()])
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('inventory_transfer_id_seq'), nextval('inventory_transfer_number')")
        transfer.pk, serial = cursor.fetchone()
    transfer.number, transfer.requested_by_id, transfer.requested_at = f"TR{serial:06d}", by.pk, command.at
    transfer.event_id = command.event(
        "stock.transfer_requested", subjects(transfer, units),
        {"transfer": transfer.pk, "units": sum(units.values()), "rows": sorted(units.items()), "date": transfer.ship_date},
    )  # fmt: skip
    transfer.save(force_insert=True)
    lines = TransferLine.objects.bulk_create(
        TransferLine(transfer=transfer, product_id=product, quantity_requested=quantity, quantity_shipped=0,
                     quantity_received=0, quantity_lost=0, quantity_surplus=0)
        for product, quantity in sorted(units.items())
    )  # fmt: skip
    mirror(transfer, {line.product_id: line for line in lines}, transfer.event_id)
    rebuild_cells({pair: cell for pair, cell in cells.items() if pair[1] == target_id}, transfer.event_id)
    return transfer


def summed(items: Sequence[Wanted]) -> dict[int, int]:
    """{product: units}, equal products together. Raises Invalid."""
    units: dict[int, int] = {}
    for product, quantity in items:
        if quantity <= 0:
            raise Invalid(_("Transferred quantities are above zero."), code="quantity_invalid")
        units[product] = units.get(product, 0) + quantity
    if not units:
        raise Invalid(_("Say what should be transferred."), code="no_lines")
    if len(units) > MAX_LINES:
        raise Invalid(_("Transfer at most %(n)s products at once.") % {"n": MAX_LINES}, code="too_many")
    return units


def _known(transfer_id: int) -> tuple[Transfer, dict[int, TransferLine]]:
    transfer, lines = lock_transfer(transfer_id)
    if not lines:
        raise NotFound(_("There is no such transfer."), code="transfer_missing")
    return transfer, lines


@use_case("transfers.cancel")
def cancel_transfer(transfer_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Transfer:
    """Take a transfer back before it left: the source may promise its goods again, the target no more.

    Raises Invalid `reason_missing`, Conflict `illegal_transition` once it left.
    """
    transfer, lines = _known(transfer_id)
    authorize(by, "transfers.request", transfer)
    if not reason.strip():
        raise Invalid(
            _("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}]
        )
    cells = hold(transfer, lines)
    to_status(transfer, TransferStatus.CANCELLED)
    event = current().event(
        "stock.transfer_cancelled", subjects(transfer, lines), {"transfer": transfer.pk}, note=reason
    )
    mirror(transfer, lines, event)
    rebuild_cells(cells, event)
    return transfer


@use_case("transfers.move_arrival")
def move_arrival(
    transfer_id: int, day: date, reason: str, *, by: Any, at: datetime | None = None
) -> Transfer:
    """The goods will be at the target on another day; a later one is a fact: what was promised from them becomes shortfall.

    Raises Invalid `reason_missing`, `arrives_before`, Conflict `transfer_closed`.
    """
    transfer, lines = _known(transfer_id)
    authorize(by, "transfers.request", transfer)
    if not reason.strip():
        raise Invalid(
            _("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}]
        )
    if transfer.status not in (TransferStatus.REQUESTED, TransferStatus.IN_TRANSIT):
        raise Conflict(
            _("Nothing of %(number)s is expected any more.") % {"number": transfer.number},
            code="transfer_closed",
        )
    if day < transfer.ship_date:
        raise Invalid(_("It cannot arrive before it leaves."), code="arrives_before")
    cells = open_cells({(p, transfer.target_id) for p in lines})
    event = current().event(
        "stock.transfer_moved",
        subjects(transfer, lines),
        {"transfer": transfer.pk, "was": transfer.arrival_date, "date": day},
        note=reason,
    )
    transfer.arrival_date = day
    transfer.save(update_fields=["arrival_date"])
    mirror(transfer, lines, event)
    rebuild_cells(cells, event)
    return transfer
