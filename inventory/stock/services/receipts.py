"""What is on its way in: expected receipts, their changes, and taking them in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.choices import ReceiptKind, ReceiptStatus
from inventory.stock.locks import lock_receipts, open_cells
from inventory.stock.models import ExpectedReceipt
from inventory.stock.services.availability import rebuild_cells
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound


@use_case("stock.expect_receipt")
def expect_receipt(
    product_id: int,
    location_id: int,
    reference: str,
    available_date: date,
    quantity: int,
    *,
    by: Any,
    at: datetime | None = None,
) -> int:
    """Goods will be available from `available_date`; the receipt's id. The same reference again changes it.

    A later date or a smaller quantity is a fact: what was promised from it becomes shortfall. Raises Invalid,
    Conflict `receipt_closed`, NotFound, Forbidden.
    """
    authorize(by, "stock.expect_receipt", location_id)
    if quantity <= 0 or not reference.strip() or len(reference) > 40:
        raise Invalid(_("A receipt needs a reference and a quantity above zero."), code="quantity_invalid")
    cells = open_cells([(product_id, location_id)])
    known = lock_receipts(reference=reference, product_id=product_id, location_id=location_id)
    refuse_transfers(known)
    if known and known[0].status == ReceiptStatus.CLOSED:
        raise Conflict(_("Receipt %(reference)s is closed.") % {"reference": reference}, code="receipt_closed",
                       reference=reference, clears=_("Use a new reference."))  # fmt: skip
    if known and (known[0].available_date, known[0].quantity) == (available_date, quantity):
        return known[0].pk
    event = current().event(
        "stock.expected", [("product", product_id), ("location", location_id)],
        {"product": product_id, "location": location_id, "reference": reference, "date": available_date,
         "quantity": quantity},
    )  # fmt: skip
    receipt, _made = ExpectedReceipt.objects.update_or_create(
        reference=reference, product_id=product_id, location_id=location_id,
        defaults={"available_date": available_date, "quantity": quantity, "event_id": event,
                  "status": _status(known[0].received if known else 0, quantity)},
    )  # fmt: skip
    rebuild_cells(cells, event)
    return receipt.pk


@dataclass(frozen=True)
class ReceiptRow:
    """Goods that will be available from `available_date`, base units; found by reference, product and location."""

    product_id: int
    location_id: int
    reference: str
    available_date: date
    quantity: int


@use_case("stock.expect_receipts")
def expect_receipts(rows: Sequence[ReceiptRow], *, by: Any, at: datetime | None = None) -> None:
    """`expect_receipt` for many by a constant number of statements: new ones are opened, open ones changed.

    Raises Conflict `receipt_closed` when one is closed already, Invalid, Forbidden; then nothing is written.
    """
    for location in sorted({row.location_id for row in rows}):
        authorize(by, "stock.expect_receipt", location)
    if any(row.quantity <= 0 or not row.reference.strip() for row in rows):
        raise Invalid(_("A receipt needs a reference and a quantity above zero."), code="quantity_invalid")
    if not rows:
        return
    cells = open_cells({(row.product_id, row.location_id) for row in rows})
    found = lock_receipts(reference__in={row.reference for row in rows}, product_id__in={row.product_id for row in rows})
    known = {(r.reference, r.product_id, r.location_id): r for r in found}
    refuse_transfers([known[key] for row in rows if (key := (row.reference, row.product_id, row.location_id)) in known])
    event = current().event(
        "stock.expected", [("product", product) for product in sorted({row.product_id for row in rows})],
        {"rows": [[row.product_id, row.location_id, row.reference, row.available_date, row.quantity] for row in rows]},
    )  # fmt: skip
    written = []
    for row in rows:
        before = known.get((row.reference, row.product_id, row.location_id))
        if before and before.status == ReceiptStatus.CLOSED:
            raise Conflict(_("Receipt %(reference)s is closed.") % {"reference": row.reference}, code="receipt_closed",
                           reference=row.reference, clears=_("Use a new reference."))  # fmt: skip
        status = _status(before.received if before else 0, row.quantity)
        written.append(ExpectedReceipt(**vars(row), status=status, event_id=event))
    ExpectedReceipt.objects.bulk_create(
        written, batch_size=1_000, update_conflicts=True, unique_fields=["reference", "product", "location"],
        update_fields=["available_date", "quantity", "status", "event"],
    )  # fmt: skip
    rebuild_cells(cells, event)


@use_case("stock.move_receipt")
def move_receipt(receipt_id: int, available_date: date, reason: str, *, by: Any, at: datetime | None = None) -> bool:
    """The rest of a receipt comes on another day; a later one is a fact: what was promised from it becomes shortfall.

    Whether anything changed. Raises NotFound, Forbidden, Invalid `reason_missing`, Conflict `receipt_closed`.
    """
    receipt = ExpectedReceipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound(_("There is no such receipt."), code="unknown_receipt", receipt_id=receipt_id)
    authorize(by, "stock.expect_receipt", receipt.location_id)
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    cells = open_cells([(receipt.product_id, receipt.location_id)])
    known = lock_receipts(pk=receipt_id)[0]
    refuse_transfers([known])
    if known.status == ReceiptStatus.CLOSED:
        raise Conflict(_("Receipt %(reference)s is closed.") % {"reference": known.reference}, code="receipt_closed",
                       reference=known.reference, clears=_("Use a new reference."))  # fmt: skip
    if known.available_date == available_date:
        return False
    event = current().event(
        "stock.receipt_moved", [("product", known.product_id), ("location", known.location_id)],
        {"receipt": receipt_id, "reference": known.reference, "was": known.available_date, "date": available_date}, note=reason,
    )  # fmt: skip
    ExpectedReceipt.objects.filter(pk=receipt_id).update(available_date=available_date, event_id=event)
    rebuild_cells(cells, event)
    return True


@use_case("stock.close_receipt")
def close_receipt(receipt_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """The rest of a receipt will not come: it leaves availability. Closing again changes nothing."""
    receipt = ExpectedReceipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound(_("There is no such receipt."), code="unknown_receipt", receipt_id=receipt_id)
    authorize(by, "stock.expect_receipt", receipt.location_id)
    cells = open_cells([(receipt.product_id, receipt.location_id)])
    known = lock_receipts(pk=receipt_id)
    refuse_transfers(known)
    if known[0].status == ReceiptStatus.CLOSED:
        return
    event = current().event(
        "stock.receipt_closed", [("product", receipt.product_id), ("location", receipt.location_id)],
        {"receipt": receipt_id}, note=reason,
    )  # fmt: skip
    ExpectedReceipt.objects.filter(pk=receipt_id).update(status=ReceiptStatus.CLOSED, event_id=event)
    rebuild_cells(cells, event)


def take_in(location_id: int, rows: Sequence[tuple[int, int, int]]) -> None:
    """Part: (receipt id, product id, quantity) arrived at the location; a receipt that is complete closes.

    The cells are locked and rebuilt by the caller. Raises Invalid `receipt_of_other` when a receipt is of another
    product or location, NotFound when it does not exist.
    """
    if not rows:
        return
    totals: dict[int, int] = {}
    for receipt_id, _product, quantity in rows:
        totals[receipt_id] = totals.get(receipt_id, 0) + quantity
    known = {receipt.pk: receipt for receipt in lock_receipts(pk__in=list(totals))}
    refuse_transfers(known.values())
    for receipt_id, product, _quantity in rows:
        receipt = known.get(receipt_id)
        if receipt is None:
            raise NotFound(_("There is no such receipt."), code="unknown_receipt", receipt_id=receipt_id)
        if (receipt.product_id, receipt.location_id) != (product, location_id):
            raise Invalid(
                _("Receipt %(reference)s is of another product or location.") % {"reference": receipt.reference},
                code="receipt_of_other", receipt_id=receipt_id,
            )  # fmt: skip
    for receipt_id, receipt in known.items():
        receipt.received += totals[receipt_id]
        receipt.status = _status(receipt.received, receipt.quantity)
    ExpectedReceipt.objects.bulk_update(known.values(), ["received", "status"], batch_size=1_000)


def refuse_transfers(receipts: Iterable[ExpectedReceipt]) -> None:
    """Conflict `receipt_of_transfer`: what a transfer brings is received, moved and ended on the transfer."""
    named = next((receipt.reference for receipt in receipts if receipt.kind == ReceiptKind.TRANSFER), None)
    if named:
        raise Conflict(_("%(number)s is a transfer.") % {"number": named}, code="receipt_of_transfer", transfer=named,
                       clears=_("Receive it, move it or end it on the page of the transfer."))  # fmt: skip


@dataclass(frozen=True)
class Coming:
    """What a transfer still brings of a product: `quantity` in all, `received` of it came; not `live`: nothing more is expected."""

    product_id: int
    quantity: int
    received: int
    live: bool


def mirror_transfer(reference: str, location_id: int, available_date: date, rows: Sequence[Coming], event_id: int) -> None:
    """Part: bring the expected receipts of a (locked) transfer to what its lines say. The cells are rebuilt by the caller."""
    current()
    ExpectedReceipt.objects.bulk_create(
        [ExpectedReceipt(kind=ReceiptKind.TRANSFER, reference=reference, product_id=row.product_id, location_id=location_id,
                         available_date=available_date, quantity=row.quantity, received=row.received, event_id=event_id,
                         status=_status(row.received, row.quantity) if row.live else ReceiptStatus.CLOSED) for row in rows],
        update_conflicts=True, unique_fields=["reference", "product", "location"],
        update_fields=["available_date", "quantity", "received", "status", "event"],
    )  # fmt: skip


def _status(received: int, quantity: int) -> ReceiptStatus:
    return ReceiptStatus.CLOSED if received >= quantity else ReceiptStatus.OPEN
