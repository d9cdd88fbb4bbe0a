"""Goods of a return arrive, are looked at, and go to stock, to repair or to scrap. Each unit once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.locks import Place
from inventory.stock.models import Balance
from inventory.stock.selectors import sources_posted
from inventory.stock.services import BlockedIn, BlockedOut, scrap, take_blocked, unblock
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.book.services import add
from orders.fulfilment.choices import ArrivalKind, DiscrepancyKind, Proof
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.fulfilment.services import Uncovered, arrive, record_discrepancies
from orders.returns.choices import Disposal, Finding, ReturnStatus
from orders.returns.domain import split
from orders.returns.locks import lock_return
from orders.returns.models import Return, ReturnDisposal, ReturnLine, ReturnReceipt
from orders.returns.services.requesting import about, move

RECEIVABLE = (ReturnStatus.AUTHORISED, ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED)


@dataclass(frozen=True)
class Came:
    """`quantity` units of a return's line are here; `lot` None is the lot that was shipped."""

    quantity: int
    bin: str = ""
    lot: str | None = None


@dataclass(frozen=True)
class Disposed:
    """Where the units of a line go."""

    restock: int = 0
    repair: int = 0
    scrap: int = 0

    def wanted(self) -> dict[str, int]:
        return {k.value: q for k, q in ((Disposal.RESTOCK, self.restock), (Disposal.REPAIR, self.repair), (Disposal.SCRAP, self.scrap)) if q}


@use_case("returns.receive")
def receive_return(
    return_id: int, came: Mapping[int, Came], *, by: Any, at: datetime | None = None, source: str | None = None
) -> Return:
    """Units of a return are here: they stand blocked, and count as returned by their line. A fact: never refused for quantity.

    `source` is the sender's id of this fact: sent again, it changes nothing.

    What was not yet confirmed as delivered is delivered by this proof, up to shipped − undelivered. What is beyond that, or
    beyond what is allowed, is an `unannounced_return` discrepancy, blocked too. Raises Conflict `not_receivable`, Invalid.
    """
    returned, lines, _order_lines = lock_return(return_id, shipments=True)
    authorize(by, "returns.receive", returned)
    if source and sources_posted([source]):
        return returned
    here = {line.pk: line for line in lines if line.pk in came}
    if not came or set(came) - set(here) or any(c.quantity <= 0 for c in came.values()):
        raise Invalid(_("Say how many units of which line are here."), code="quantity_invalid")
    wrong = [line.pk for line in here.values() if line.status not in RECEIVABLE]
    if wrong:
        raise Conflict(_("A line is not allowed, or was looked at already."), code="not_receivable", lines=wrong,
                       clears=_("Have the return allowed; what came besides is received without a return."))  # fmt: skip
    sources = {x.pk: x for x in ShipmentLine.objects.filter(pk__in=[x.shipment_line_id for x in here.values()])
               .select_related("shipment", "allocation__balance")}  # fmt: skip
    covered = cover(list(here.values()), came, sources)
    event = current().event(
        "return.received", about(returned, here.values()),
        {"return": returned.pk, "lines": [[i, q, came[i].quantity] for i, q in covered.items()], "location": returned.location_id},
    )  # fmt: skip
    prove_delivery(list(here.values()), covered, sources, event)
    _book(returned, here, came, covered, sources, source, event)
    return returned


def cover(lines: Sequence[ReturnLine], came: Mapping[int, Came], sources: Mapping[int, ShipmentLine]) -> dict[int, int]:
    """{return line: units} of what came that is allowed and was shipped to stay: shipped − undelivered − returned."""
    room = {i: s.quantity - s.undelivered - s.returned for i, s in sources.items()}
    covered = {}
    for line in lines:
        covered[line.pk] = min(came[line.pk].quantity, line.expected, room[line.shipment_line_id])
        room[line.shipment_line_id] -= covered[line.pk]
    return covered


def prove_delivery(
    lines: Sequence[ReturnLine], covered: Mapping[int, int], sources: Mapping[int, ShipmentLine], event_id: int
) -> None:
    """Part: what came back and was not known as delivered was delivered: the return is the proof."""
    cmd = current()
    coming: dict[int, int] = {}
    for line in lines:
        coming[line.shipment_line_id] = coming.get(line.shipment_line_id, 0) + covered[line.pk]
    by_shipment: dict[int, list[tuple[ShipmentLine, int]]] = {}
    for i, quantity in coming.items():
        missing = max(0, sources[i].returned + quantity - sources[i].delivered)
        if missing:
            by_shipment.setdefault(sources[i].shipment_id, []).append((sources[i], missing))
    for shipment_id, units in sorted(by_shipment.items()):
        shipment: Shipment = units[0][0].shipment
        cmd.event("shipment.delivered", [("shipment", shipment_id), ("order", shipment.order_id)],
                  {"shipment": shipment_id, "order": shipment.order_id, "date": cmd.at.date(), "proof": Proof.RETURN.value})
        arrive(shipment, units, ArrivalKind.DELIVERED, cmd.at.date(), Proof.RETURN, event_id)


def _book(
    returned: Return, here: Mapping[int, ReturnLine], came: Mapping[int, Came], covered: Mapping[int, int],
    sources: Mapping[int, ShipmentLine], source: str | None, event_id: int,
) -> None:  # fmt: skip
    """Part: returned rises on order and shipment lines, receipts are written, stock comes in blocked."""
    cmd = current()
    totals: dict[int, int] = {}
    for i, quantity in covered.items():
        line = here[i]
        if quantity:
            totals[line.line_id] = totals.get(line.line_id, 0) + quantity
        sources[line.shipment_line_id].returned += quantity
        line.quantity_received += quantity
    add({"returned": totals})
    ShipmentLine.objects.bulk_update(list(sources.values()), ["returned"])
    move([line for i, line in here.items() if covered[i]], ReturnStatus.RECEIVED, "quantity_received")
    expected = [(i, place_of(returned, here[i], came[i], sources), q) for i, q in covered.items() if q]
    beyond = [(i, place_of(returned, here[i], came[i], sources), came[i].quantity - covered[i]) for i in here if came[i].quantity > covered[i]]
    names = iter([source, *(f"{source}/{n}" for n in range(2, 2 * len(here) + 1))] if source else [None] * 2 * len(here))
    posted = take_blocked(
        [BlockedIn(place, day, q, here[i].order_id, here[i].line_id, next(names)) for i, (place, day), q in expected],
        MovementKind.RETURN, returned.number, event_id,
    )  # fmt: skip
    ReturnReceipt.objects.bulk_create(
        ReturnReceipt(return_line=here[i], line_id=here[i].line_id, shipment_line_id=here[i].shipment_line_id, balance_id=balance,
                      movement_id=movement, quantity=q, day=cmd.at.date(), at=cmd.at, event_id=event_id)
        for (i, _place, q), (balance, movement) in zip(expected, posted, strict=True)
    )  # fmt: skip
    more = take_blocked([BlockedIn(place, day, q, source=next(names)) for _i, (place, day), q in beyond], MovementKind.UNANNOUNCED, returned.number, event_id)
    record_discrepancies(
        DiscrepancyKind.UNANNOUNCED_RETURN,
        [Uncovered(here[i].product_id, returned.location_id, balance, movement, q, here[i].order_id)
         for (i, _place, q), (balance, movement) in zip(beyond, more, strict=True)],
        returned.number, event_id,
    )  # fmt: skip


def place_of(returned: Return, line: ReturnLine, came: Came, sources: Mapping[int, ShipmentLine]) -> tuple[Place, Any]:
    """Where a line's units are put down, with the lot's expiry: the lot shipped unless another is said."""
    shipped: Balance = sources[line.shipment_line_id].allocation.balance
    lot = shipped.lot if came.lot is None else came.lot
    return Place(line.product_id, returned.location_id, came.bin, lot), shipped.expires_on if lot == shipped.lot else None


@use_case("returns.inspect")
def inspect(return_id: int, findings: Mapping[int, str], *, by: Any, at: datetime | None = None, note: str = "") -> Return:
    """Say what was found, line by line. Raises Invalid `finding_unknown`, Conflict `illegal_transition`."""
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.inspect", returned)
    seen = [line for line in lines if line.pk in findings]
    if not seen or len(seen) != len(findings) or any(f not in Finding.values for f in findings.values()):
        raise Invalid(_("Say what was found, for lines of this return."), code="finding_unknown")
    for line in seen:
        line.finding = findings[line.pk]
    current().event("return.inspected", about(returned, seen),
                    {"return": returned.pk, "findings": sorted([x.pk, x.finding] for x in seen)}, note=note)
    move(seen, ReturnStatus.INSPECTED, "finding")
    return returned


@use_case("returns.dispose")
def dispose(return_id: int, disposed: Mapping[int, Disposed], *, by: Any, at: datetime | None = None) -> Return:
    """Everything received of these lines goes to stock (free at once), to repair (stays blocked) or to scrap.

    Raises Invalid `not_all_disposed` unless the three add up to what was received, Conflict `illegal_transition`.
    """
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.inspect", returned)
    chosen = {line.pk: line for line in lines if line.pk in disposed}
    if not chosen or len(chosen) != len(disposed):
        raise Invalid(_("Say where lines of this return go."), code="quantity_invalid")
    for i, line in chosen.items():
        parts = disposed[i].wanted()
        if any(q < 0 for q in parts.values()) or sum(parts.values()) != line.quantity_received:
            raise Invalid(_("%(received)s units were received: say where all of them go.") % {"received": line.quantity_received},
                          code="not_all_disposed", received=line.quantity_received, line=i)  # fmt: skip
        line.quantity_restocked, line.quantity_repair, line.quantity_scrapped = (
            disposed[i].restock, disposed[i].repair, disposed[i].scrap)  # fmt: skip
    event = current().event("return.disposed", about(returned, chosen.values()), {
        "return": returned.pk, "lines": [[i, d.restock, d.repair, d.scrap] for i, d in disposed.items()]})  # fmt: skip
    move(list(chosen.values()), ReturnStatus.DISPOSITIONED, "quantity_restocked", "quantity_repair", "quantity_scrapped")
    _place({i: d.wanted() for i, d in disposed.items()}, chosen, repaired=False, event_id=event)
    return returned


@use_case("returns.finish_repair")
def finish_repair(return_line_id: int, restock: int, scrapped: int, *, by: Any, at: datetime | None = None) -> ReturnLine:
    """Units come back from repair: to stock, or to scrap after all. Raises Invalid, Conflict `above_repair`."""
    return_id = ReturnLine.objects.filter(pk=return_line_id).values_list("returned_id", flat=True).first() or 0
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.inspect", returned)
    line = next(x for x in lines if x.pk == return_line_id)
    if restock < 0 or scrapped < 0 or not restock + scrapped:
        raise Invalid(_("Say how many units are back from repair."), code="quantity_invalid")
    if restock + scrapped > line.quantity_repair:
        raise Conflict(_("%(n)s units are in repair.") % {"n": line.quantity_repair}, code="above_repair", available=line.quantity_repair)
    event = current().event("return.repaired", about(returned, [line]), {"return": returned.pk, "line": line.pk, "restock": restock, "scrap": scrapped})
    line.quantity_repair -= restock + scrapped
    line.quantity_restocked += restock
    line.quantity_scrapped += scrapped
    line.save(update_fields=["quantity_repair", "quantity_restocked", "quantity_scrapped"])
    _place({line.pk: Disposed(restock, 0, scrapped).wanted()}, {line.pk: line}, repaired=True, event_id=event)
    return line


def _place(wanted: Mapping[int, dict[str, int]], lines: Mapping[int, ReturnLine], repaired: bool, event_id: int) -> None:
    """Part: cut what is wanted out of the places where the lines' goods lie, move the stock, write the disposals."""
    cmd = current()
    places: dict[int, list[tuple[int, int]]] = {}
    rows = (ReturnDisposal.objects.filter(kind=Disposal.REPAIR) if repaired else ReturnReceipt.objects).filter(return_line__in=lines)
    for line_id, balance, units in rows.values_list("return_line_id", "balance_id").annotate(n=Sum("quantity")).order_by("balance_id"):
        places.setdefault(line_id, []).append((balance, units))
    cut = [(lines[i], *part) for i, w in sorted(wanted.items()) for part in split(places[i], w)]

    def out(kind: Disposal) -> list[BlockedOut]:
        return [BlockedOut(balance, q, line.order_id, line.line_id) for line, k, balance, q in cut if k == kind]

    moved = iter(unblock(out(Disposal.RESTOCK), "restock", event_id))
    gone = iter(scrap(out(Disposal.SCRAP), "return", event_id))
    movements = {Disposal.RESTOCK.value: moved, Disposal.SCRAP.value: gone}
    made = [
        ReturnDisposal(return_line=line, kind=kind, balance_id=balance, quantity=q, at=cmd.at, event_id=event_id,
                       movement_id=next(movements[kind]) if kind in movements else None)
        for line, kind, balance, q in cut
    ]  # fmt: skip
    if repaired:
        made += [ReturnDisposal(return_line=line, kind=Disposal.REPAIR, balance_id=balance, quantity=-q, at=cmd.at, event_id=event_id)
                 for line, _kind, balance, q in cut]  # fmt: skip
    ReturnDisposal.objects.bulk_create(made)
