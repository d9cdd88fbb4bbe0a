"""What every fact about stock does first: its places under lock, and whether it was told before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from inventory.stock.bookings import Pair
from inventory.stock.locks import BalanceRow, CellRow, Place, open_balances, open_cells
from inventory.stock.selectors import posted
from oms.kernel.errors import Invalid


@dataclass(frozen=True)
class Held:
    """What a fact has under lock."""

    cells: dict[Pair, CellRow]
    balances: dict[Place, BalanceRow]


def hold(places: dict[Place, date | None]) -> Held:
    """Availability before balances, each sorted (the lock order of the house)."""
    cells = open_cells({(place.product_id, place.location_id) for place in places})
    return Held(cells, open_balances(places))


def expiries(rows: Iterable[tuple[Place, date | None]]) -> dict[Place, date | None]:
    """Each place once, with the expiry of its lot. Raises Invalid `lot_expiry` when it is said to have two."""
    places: dict[Place, date | None] = {}
    for place, expires_on in rows:
        if places.setdefault(place, expires_on) != expires_on:
            raise Invalid(
                _("Lot %(lot)s has two expiry dates.") % {"lot": place.lot}, code="lot_expiry",
                product_id=place.product_id, lot=place.lot,
            )  # fmt: skip
    return places


def numbered(source: str | None, count: int) -> list[str | None]:
    """One sender's id a movement: the source itself, then source/2 …"""
    if source is None:
        return [None] * count
    if not source or len(source) > 80:
        raise Invalid(_("A source has 1 to 80 characters."), code="source_invalid")
    return [source, *(f"{source}/{n}" for n in range(2, count + 1))]


def known_to(sources: Collection[str | None]) -> list[int]:
    """The movements of these sources, asked under the balances' locks: a second sender has waited for the first."""
    named = [source for source in sources if source]
    return posted(named) if named else []


def product_subjects(product_ids: Iterable[int]) -> list[tuple[str, int]]:
    """The timelines of these products."""
    return [("product", product) for product in sorted(set(product_ids))]
