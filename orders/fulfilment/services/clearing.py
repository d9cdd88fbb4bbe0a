"""Clear discrepancies: approved afterwards, given back, or written off by two persons. Each unit once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.locks import Place
from inventory.stock.services import BlockedIn, BlockedOut, take_blocked, unblock
from inventory.stock.services.ledger import Posting, post
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from orders.book.choices import OrderStatus
from orders.book.locks import lock_lines, lock_order
from orders.book.models import OrderLine
from orders.fulfilment.choices import ClearingKind, DiscrepancyKind
from orders.fulfilment.locks import lock_discrepancy
from orders.fulfilment.models import Discrepancy, DiscrepancyClearing
from orders.fulfilment.services.facts import ship_posted
from orders.planning.services import lock_places, replan_order


def _open(discrepancy_id: int, quantity: int, kind: DiscrepancyKind | None = None) -> Discrepancy:
    found = lock_discrepancy(discrepancy_id)
    if kind is not None and found.kind != kind:
        raise Conflict(_("This is no such discrepancy."), code="wrong_kind")
    if not 0 < quantity <= found.open:
        raise Conflict(_("%(open)s units of %(number)s are open.") % {"open": found.open, "number": found.number},
                       code="above_discrepancy", available=found.open)  # fmt: skip
    return found


def _clear(found: Discrepancy, kind: ClearingKind, quantity: int, event_id: int, line_id: int | None = None,
           proposed_by_id: int | None = None) -> None:  # fmt: skip
    cmd = current()
    DiscrepancyClearing.objects.create(discrepancy=found, kind=kind, quantity=quantity, line_id=line_id, proposed_by_id=proposed_by_id,
                                       by_id=cmd.by.pk, at=cmd.at, event_id=event_id)  # fmt: skip
    Discrepancy.objects.filter(pk=found.pk).update(cleared=F("cleared") + quantity)


@use_case("fulfilment.clear_by_approval")
def clear_by_approval(discrepancy_id: int, line_id: int, quantity: int, *, by: Any, at: datetime | None = None) -> int:
    """What left is approved now on an order line of the same product: it becomes an issue of that line; the shipment's id.

    Raises Conflict `above_approved` beyond approved − shipped − allocated, `other_product`, `above_discrepancy`.
    """
    authorize(by, "fulfilment.clear")
    order_id = OrderLine.objects.filter(pk=line_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    line = next(x for x in lock_lines([order_id]) if x.pk == line_id)
    found = _open(discrepancy_id, quantity, DiscrepancyKind.UNAUTHORISED_ISSUE)
    if line.product_id != found.product_id:
        raise Conflict(_("The line is of another product."), code="other_product")
    room = line.quantity_approved - line.quantity_shipped - line.quantity_allocated if order.status == OrderStatus.APPROVED else 0
    if quantity > room:
        raise Conflict(_("%(room)s units of this line are approved and not with the warehouse.") % {"room": room}, code="above_approved",
                       available=room, clears=_("Amend the order, have it approved, and clear this then."))  # fmt: skip
    event = current().event("discrepancy.cleared", [("order", order.pk), ("discrepancy", found.pk)],
                            {"discrepancy": found.pk, "kind": ClearingKind.AMENDMENT.value, "quantity": quantity, "line": line_id})
    lock_places([order.pk])
    number = found.number
    post([Posting(found.balance_id, MovementKind.UNAUTHORISED, quantity=quantity, reason=number),
          Posting(found.balance_id, MovementKind.ALLOCATE, allocated=quantity, order_id=order.pk, line_id=line_id)], event)
    (issued,) = post([Posting(found.balance_id, MovementKind.ISSUE, -quantity, -quantity, 0, number, order.pk, line_id)], event)
    shipment = ship_posted(order, found.location_id, [(line, found.balance_id, quantity, issued)])
    _clear(found, ClearingKind.AMENDMENT, quantity, event, line_id)
    replan_order(order, list(order.lines.order_by("pk")), event, accept_changes=True)
    return shipment


@use_case("fulfilment.clear_by_return")
def clear_by_return(discrepancy_id: int, quantity: int, *, by: Any, at: datetime | None = None, bin: str = "") -> None:
    """Units that left without approval are back: they stand blocked until they are looked at. Raises Conflict `above_discrepancy`."""
    found = _open(discrepancy_id, quantity, DiscrepancyKind.UNAUTHORISED_ISSUE)
    authorize(by, "fulfilment.give_back", found)
    event = current().event("discrepancy.cleared", [("discrepancy", found.pk)],
                            {"discrepancy": found.pk, "kind": ClearingKind.RETURN.value, "quantity": quantity})
    lot = found.balance.lot
    take_blocked([BlockedIn(Place(found.product_id, found.location_id, bin or found.balance.bin, lot), found.balance.expires_on, quantity)],
                 MovementKind.UNAUTHORISED, found.number, event)  # fmt: skip
    _clear(found, ClearingKind.RETURN, quantity, event)


@use_case("fulfilment.propose_write_off")
def propose_write_off(discrepancy_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to write off what is open of a discrepancy; somebody else confirms. Raises Conflict `nothing_open`, `change_open`."""
    found = Discrepancy.objects.select_related("product").filter(pk=discrepancy_id).first()
    if found is None:
        raise NotFound(_("There is no such discrepancy."), code="discrepancy_missing")
    if not found.open:
        raise Conflict(_("Nothing of it is open."), code="nothing_open")
    title = _("Write off %(n)s × %(sku)s of %(number)s") % {"n": found.open, "sku": found.product.sku, "number": found.number}
    return propose("orders.write_off_discrepancy", ("discrepancy", found.pk), title, {"quantity": found.open}, reason, by=by,
                   before={"cleared": found.cleared}, amount=found.open * found.product.standard_cost)


def write_off(change: ChangeRequest) -> Discrepancy:
    """Part: close a discrepancy for good; what came unannounced is ours then, and free. Raises Conflict `above_discrepancy`."""
    quantity = int(change.data["quantity"])
    if quantity <= 0:
        raise Invalid(_("Nothing is written off."), code="quantity_invalid")
    found = _open(change.subject_id, quantity)
    event = current().event("discrepancy.cleared", [("discrepancy", found.pk)],
                            {"discrepancy": found.pk, "kind": ClearingKind.WRITE_OFF.value, "quantity": quantity})
    _clear(found, ClearingKind.WRITE_OFF, quantity, event, proposed_by_id=change.proposed_by_id)
    if found.kind == DiscrepancyKind.UNANNOUNCED_RETURN:
        unblock([BlockedOut(found.balance_id, quantity)], found.number, event)
    return found
