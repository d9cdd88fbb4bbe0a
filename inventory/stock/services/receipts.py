"""What is on its way in: expected receipts, their changes, and taking them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.choices import ReceiptStatus
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


@use_case("stock.close_receipt")
def close_receipt(receipt_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """The rest of a receipt will not come: it leaves availability. Closing again changes nothing."""
    receipt = ExpectedReceipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound(_("There is no such receipt."), code="unknown_receipt", receipt_id=receipt_id)
    authorize(by, "stock.expect_receipt", receipt.location_id)
    cells = open_cells([(receipt.product_id, receipt.location_id)])
    if lock_receipts(pk=receipt_id)[0].status == ReceiptStatus.CLOSED:
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


def _status(received: int, quantity: int) -> ReceiptStatus:
    return ReceiptStatus.CLOSED if received >= quantity else ReceiptStatus.OPEN
