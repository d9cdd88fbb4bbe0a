"""Use cases that clear what differs: the source corrects what it said, or two persons give the difference up."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.services import Moved, transfer
from inventory.stock.services.door import post_transfer
from inventory.transfers.choices import PostingKind
from inventory.transfers.locks import lock_transfer
from inventory.transfers.models import Transfer
from inventory.transfers.selectors import differing
from inventory.transfers.services.posting import Posted, hold, record, settle, subjects
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, NotFound, Stale

KIND = "inventory.transfer_difference"


@use_case("transfers.correct")
def correct_shipped(
    transfer_id: int,
    product_id: int,
    quantity: int,
    *,
    by: Any,
    at: datetime | None = None,
    bin: str = "",
    lot: str = "",
) -> Transfer:
    """The source looked: `quantity` more units left than it said, or (below zero) that many never left and lie there.

    At most what differs, and in its direction. Raises Conflict `above_difference`, Forbidden.
    """
    found, lines = lock_transfer(transfer_id)
    authorize(by, "transfers.ship", found)
    line = lines.get(product_id)
    left = -line.in_transit if line else 0
    if not quantity or quantity * left <= 0 or abs(quantity) > abs(left):
        raise Conflict(
            _("%(n)s units of it differ.") % {"n": abs(left)}, code="above_difference", available=abs(left)
        )
    event = current().event(
        "stock.transfer_corrected",
        subjects(found, [product_id]),
        {"transfer": found.pk, "product": product_id, "units": quantity},
    )
    post = post_transfer if quantity > 0 else transfer
    if quantity < 0:
        hold(found, lines)
    (movement,) = post(found.source_id, [Moved(product_id, bin, lot, -quantity)], found.number, by=by, at=at)
    record(found, lines, PostingKind.SHIPPED, [Posted(product_id, quantity, movement)], event)
    return settle(found, lines, event)


@use_case("transfers.propose_give_up")
def propose_give_up(transfer_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to give up what differs of a transfer; somebody else confirms. Raises Conflict `nothing_open`, `change_open`."""
    found = Transfer.objects.filter(pk=transfer_id).first()
    if found is None:
        raise NotFound(_("There is no such transfer."), code="transfer_missing")
    authorize(by, "transfers.propose_give_up", found)
    lines = differing(found)
    if not lines:
        raise Conflict(_("Nothing of it differs."), code="nothing_open")
    data = {str(line.pk): line.in_transit for line in lines}
    amount = sum((abs(line.in_transit) * line.product.standard_cost for line in lines), Decimal(0))
    title = _("Give up what differs of %(number)s") % {"number": found.number}
    return propose(KIND, ("transfer", found.pk), title, data, reason, by=by, before=data, amount=amount)


def give_up(change: ChangeRequest) -> Transfer:
    """Part: what is missing is lost, what never left is accepted. Raises Stale when the difference is another one by now."""
    found, lines = lock_transfer(change.subject_id)
    now = {str(line.pk): line.in_transit for line in differing(found)}
    if now != change.data:
        raise Stale(
            _("The difference is another one by now."),
            code="difference_changed",
            clears=_("Propose it anew."),
        )
    event = current().event(
        "stock.transfer_given_up",
        subjects(found, lines),
        {"transfer": found.pk, "units": sum(map(abs, now.values()))},
    )
    open_lines = {line.product_id: line.in_transit for line in lines.values() if str(line.pk) in now}
    for kind, sign in ((PostingKind.LOST, 1), (PostingKind.SURPLUS, -1)):
        rows = [Posted(product, sign * units) for product, units in open_lines.items() if units * sign > 0]
        if rows:
            record(found, lines, kind, rows, event, change.proposed_by_id)
    return settle(found, lines, event)
