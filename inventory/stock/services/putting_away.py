"""Goods go from where they were received into a bin, or from one bin into another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.locks import Place
from inventory.stock.selectors import balances_at
from inventory.stock.services.availability import rebuild_cells
from inventory.stock.services.facts import summed
from inventory.stock.services.holding import expiries, hold, known_to, numbered, product_subjects
from inventory.stock.services.ledger import Posting, post
from inventory.stock.services.netting import netted
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid


class PutAway(NamedTuple):
    """`quantity` base units go from one bin of a location into another; "" is no bin, where goods are received."""

    product_id: int
    quantity: int
    bin: str
    from_bin: str = ""
    lot: str = ""


@use_case("stock.put_away")
def put_away(location_id: int, rows: Sequence[PutAway], *, source: str, by: Any, at: datetime | None = None) -> list[int]:
    """Units lie in another bin of their location now: two movements a row, and nothing else changes. What is pinned for a
    picker or blocked stays where it is.

    The same `source` again changes nothing and returns the same ids. Raises Invalid `quantity_invalid`, `same_bin`, Conflict
    `short` with what is free there, NotFound, Forbidden (other location).
    """
    authorize(by, "stock.put_away", location_id)
    rows = [PutAway(*row) for row in rows]
    if not rows or any(row.quantity <= 0 for row in rows):
        raise Invalid(_("Quantities are above zero."), code="quantity_invalid")
    if any(row.bin == row.from_bin for row in rows):
        raise Invalid(_("It lies in that bin already."), code="same_bin")
    moves = [(Place(r.product_id, location_id, b, r.lot), q) for r in rows for b, q in ((r.from_bin, -r.quantity), (r.bin, r.quantity))]
    lay = balances_at({tuple(place) for place, quantity in moves if quantity < 0})  # type: ignore[misc]
    until = {(b.product_id, b.lot): b.expires_on for b in lay.values()}
    held = hold(expiries((place, until.get((place.product_id, place.lot))) for place, _quantity in moves))
    sources = numbered(source, len(moves))
    if known := known_to(sources):
        return known
    event = current().event(
        "stock.put_away", [*product_subjects(row.product_id for row in rows), ("location", location_id)],
        {"location": location_id, "source": source, "rows": [[r.product_id, r.quantity, r.from_bin, r.bin, r.lot] for r in rows]},
    )  # fmt: skip
    taken_back = netted(summed((held.balances[place].id, quantity) for place, quantity in moves), current().at)
    postings = [
        Posting(held.balances[place].id, MovementKind.PUT_AWAY, quantity=quantity, source=each)
        for (place, quantity), each in zip(moves, sources, strict=True)
    ]
    movements = post([*postings, *taken_back], event)[: len(moves)]
    if taken_back:
        rebuild_cells(held.cells, event)
    return movements
