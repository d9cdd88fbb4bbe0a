"""Parts that every fact of a transfer ends in: its postings, its status, and what both ends may promise of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from inventory.stock.bookings import Pair
from inventory.stock.locks import CellRow, open_cells
from inventory.stock.services.availability import rebuild_cells
from inventory.stock.services.receipts import Coming, mirror_transfer
from inventory.transfers.choices import PostingKind, TransferStatus
from inventory.transfers.lifecycle import TRANSFER
from inventory.transfers.models import Transfer, TransferLine, TransferPosting
from oms.events.services import current

Lines = dict[int, TransferLine]


class Posted(NamedTuple):
    """`quantity` units of a product, by a movement where stock moved."""

    product_id: int
    quantity: int
    movement_id: int | None = None


def subjects(transfer: Transfer, product_ids: Iterable[int] = ()) -> list[tuple[str, int]]:
    """Whose timelines tell of it."""
    products = [("product", product) for product in sorted(set(product_ids))]
    return [
        ("transfer", transfer.pk),
        *products,
        ("location", transfer.source_id),
        ("location", transfer.target_id),
    ]


def hold(transfer: Transfer, product_ids: Iterable[int]) -> dict[Pair, CellRow]:
    """Part: lock the availability of products at both ends, before balances. (Where orders may lose, `post_fact` locks first.)"""
    return open_cells(
        {(product, place) for product in product_ids for place in (transfer.source_id, transfer.target_id)}
    )


def record(
    transfer: Transfer,
    lines: Lines,
    kind: PostingKind,
    rows: Sequence[Posted],
    event_id: int,
    proposed_by_id: int | None = None,
) -> None:
    """Part: write the postings and add them to the (locked) lines; a product nobody asked for gets a line of its own."""
    command = current()
    unknown = sorted({row.product_id for row in rows} - lines.keys())
    for line in TransferLine.objects.bulk_create(
        TransferLine(transfer=transfer, product_id=product, quantity_requested=0, quantity_shipped=0, quantity_received=0,
                     quantity_lost=0, quantity_surplus=0) for product in unknown
    ):  # fmt: skip
        lines[line.product_id] = line
    for row in rows:
        line = lines[row.product_id]
        setattr(line, f"quantity_{kind}", getattr(line, f"quantity_{kind}") + row.quantity)
    TransferLine.objects.bulk_update(
        [lines[product] for product in {row.product_id for row in rows}], [f"quantity_{kind}"]
    )
    TransferPosting.objects.bulk_create(
        TransferPosting(line=lines[row.product_id], kind=kind, quantity=row.quantity, movement_id=row.movement_id,
                        by_id=command.by.pk, proposed_by_id=proposed_by_id, at=command.at, event_id=event_id)
        for row in rows
    )  # fmt: skip


def settle(
    transfer: Transfer, lines: Lines, event_id: int, *, last: bool = False, more: bool = False
) -> Transfer:
    """Part: the status that follows from the lines, and the availability of both ends, under sorted locks.

    `last`: nothing more is expected, what is missing differs. `more`: goods left now, so something is on its way again.
    """
    cells = hold(transfer, lines)
    to_status(transfer, status_of(transfer.status, [line.in_transit for line in lines.values()], last, more))
    mirror(transfer, lines, event_id)
    rebuild_cells(cells, event_id)
    return transfer


def status_of(status: str, in_transit: Sequence[int], last: bool, more: bool) -> str:
    """Done when nothing is between the ends; a difference when nothing more is expected or more came in than left."""
    if not any(in_transit):
        return TransferStatus.DONE
    waits = any(units > 0 for units in in_transit)
    if waits and (more or not last and status != TransferStatus.DIFFERS):
        return TransferStatus.IN_TRANSIT
    return TransferStatus.DIFFERS


def to_status(transfer: Transfer, status: str) -> None:
    """Part: move a locked transfer to a status its table allows."""
    if transfer.status != status:
        TRANSFER.check(transfer.status, status)
    transfer.status = status
    transfer.closed_at = current().at if status in (TransferStatus.DONE, TransferStatus.CANCELLED) else None
    transfer.save(update_fields=["status", "shipped_at", "closed_at"])


def mirror(transfer: Transfer, lines: Lines, event_id: int) -> None:
    """Part: what the target may expect of it: all that was asked for until it leaves, then what is on its way."""
    asked, live = (
        transfer.status == TransferStatus.REQUESTED,
        transfer.status in (TransferStatus.REQUESTED, TransferStatus.IN_TRANSIT),
    )
    rows = []
    for line in lines.values():
        quantity = line.quantity_requested if asked else line.in_transit + line.quantity_received
        rows.append(Coming(line.product_id, max(quantity, 1), line.quantity_received, live and quantity > 0))
    mirror_transfer(transfer.number, transfer.target_id, transfer.arrival_date, rows, event_id)
