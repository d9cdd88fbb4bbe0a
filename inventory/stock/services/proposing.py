"""Adjustments as the page makes them: posted at once, or above the location's limit proposed to a second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.locks import Place, open_balances, open_cells
from inventory.stock.services import door
from inventory.stock.services.adjusting import worth_of
from inventory.stock.services.facts import Change
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import use_case
from oms.kernel.errors import Invalid

KIND = "stock.adjustment"


@use_case("stock.adjust_or_propose")
def adjust_or_propose(
    location_id: int,
    rows: Sequence[Change],
    reason: str,
    note: str,
    *,
    by: Any,
    at: datetime | None = None,
    source: str | None = None,
) -> ChangeRequest | None:
    """Adjust, or above the location's limit propose it: a manager confirms. The change, None when it is posted.

    Raises as `adjust`, Conflict `change_open` when one of the first place waits already.
    """
    rows = [Change(*row) for row in rows]
    if not worth_of(location_id, rows, by).above:
        door.post_adjustment(location_id, rows, reason, by=by, source=source)
        return None
    authorize(by, "stock.adjust", location_id)
    if not reason.strip() or any(row.delta == 0 for row in rows):
        raise Invalid(_("Say what changed, and why."), code="reason_missing")
    first = rows[0]
    open_cells({(first.product_id, location_id)})
    place = Place(first.product_id, location_id, first.bin, first.lot)
    balance = open_balances({place: None})[place]
    sku = Product.objects.values_list("sku", flat=True).get(pk=first.product_id)
    code = StorageLocation.objects.values_list("code", flat=True).get(pk=location_id)
    title = _("Adjust %(sku)s at %(location)s by %(delta)s") % {"sku": sku, "location": code, "delta": f"{first.delta:+}"}
    data = {"location": location_id, "reason": reason, "rows": [list(row) for row in rows]}
    return propose(KIND, ("balance", balance.id), title, data, note.strip() or reason, by=by,
                   before={"on_hand": balance.on_hand}, amount=worth_of(location_id, rows, by).amount)  # fmt: skip


def confirmed(change: ChangeRequest, by: Any) -> None:
    """Part: post a proposed adjustment, confirmed by `by`. A fact: what moved meanwhile does not stand in its way."""
    data = change.data
    rows = [Change(*row) for row in data["rows"]]
    door.post_adjustment(
        data["location"], rows, data["reason"], by=by, source=f"change/{change.pk}", proposed_by_id=change.proposed_by_id
    )
