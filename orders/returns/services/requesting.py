"""Ask for a return, allow or refuse it, say that it is on its way, take it back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from inventory.catalog.selectors import locations_by_code, products_by_sku
from oms.accounts.policies import authorize
from oms.company.models import ReasonCode
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from orders.book.locks import lock_lines, lock_orders
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.returns.choices import ReturnStatus, Settlement
from orders.returns.domain import Source, choose
from orders.returns.lifecycle import RETURN
from orders.returns.locks import lock_return
from orders.returns.models import Return, ReturnLine
from orders.returns.selectors import returnable

MAX_ITEMS = 200


@dataclass(frozen=True)
class Item:
    """`quantity` base units of a product for a reason; `shipment` or `order` (numbers) name where from, "" the latest."""

    sku: str
    quantity: int
    reason: str
    wanted: str = Settlement.CREDIT.value
    order: str = ""
    shipment: str = ""


@dataclass(frozen=True)
class Allowed:
    """For one line: so many units may come; 0 refuses it, with a reason."""

    quantity: int
    reason: str = ""


@use_case("returns.request")
def request_return(
    customer: str, items: Sequence[Item], *, by: Any, at: datetime | None = None, location: str = "", note: str = ""
) -> Return:
    """Ask to send goods back, of one or several deliveries of a customer; the latest delivery first where none is named.

    `location` is where they go ("": where the first of them left). Raises NotFound (customer), Invalid (product, reason,
    quantity, location), Conflict `above_returnable` with how many may come back.
    """
    authorize(by, "returns.request")
    party = Customer.objects.filter(customer_filter(by), code=customer).first()
    if party is None:
        raise NotFound(_("There is no such customer."), code="customer_missing")
    products, reasons = checked(items)
    wanted = sorted(set(products.values()))
    orders = {source.order_id for source in returnable(party.pk, wanted)}
    lock_orders(orders)
    lock_lines(orders)
    picked = pick_sources(items, products, returnable(party.pk, wanted, orders))
    cmd = current()
    return_id, number = _number()
    place = target(location, picked)
    about = [("return", return_id), ("customer", party.pk), *(("order", i) for i in sorted({s.order_id for _i, s, _q in picked}))]
    event = cmd.event("return.requested", about, {
        "return": return_id, "location": place, "lines": [[s.line_id, s.shipment_line_id, q, item.reason] for item, s, q in picked],
    }, note=note)  # fmt: skip
    made = Return.objects.create(id=return_id, number=number, customer=party, location_id=place, requested_by_id=by.pk,
                                 requested_at=cmd.at, event_id=event)  # fmt: skip
    ReturnLine.objects.bulk_create(
        ReturnLine(returned=made, order_id=s.order_id, line_id=s.line_id, product_id=s.product_id,
                   shipment_line_id=s.shipment_line_id, status=ReturnStatus.REQUESTED, reason=item.reason,
                   party=reasons[item.reason].party, controllable=reasons[item.reason].controllable, wanted=item.wanted,
                   quantity_requested=q, requested_by_id=by.pk, changed_at=cmd.at)
        for item, s, q in picked
    )  # fmt: skip
    return made


def checked(items: Sequence[Item]) -> tuple[dict[str, int], dict[str, ReasonCode]]:
    """({SKU: product id}, {code: reason}) of the items, or Invalid with a row for each that is wrong."""
    if not items or len(items) > MAX_ITEMS:
        raise Invalid(_("Say what comes back, in 1 to %(n)s rows.") % {"n": MAX_ITEMS}, code="nothing_returned")
    products = products_by_sku(item.sku for item in items)
    reasons = {r.code: r for r in ReasonCode.objects.filter(kind="return", active=True)}
    errors = []
    for row, item in enumerate(items, 1):
        if item.sku not in products:
            errors.append({"row": row, "field": "sku", "message": _("There is no product %(sku)s.") % {"sku": item.sku}})
        if item.quantity <= 0:
            errors.append({"row": row, "field": "quantity", "message": _("A quantity is above zero.")})
        if item.reason not in reasons:
            errors.append({"row": row, "field": "reason", "message": _("Choose one of the reasons for returns.")})
        if item.wanted not in Settlement.values:
            errors.append({"row": row, "field": "wanted", "message": _("Choose credit, refund or replacement.")})
    if errors:
        raise Invalid(str(errors[0]["message"]), code="return_invalid", errors=errors)
    return products, reasons


def pick_sources(items: Sequence[Item], products: Mapping[str, int], sources: Sequence[Source]) -> list[tuple[Item, Source, int]]:
    """The deliveries each item comes from; Conflict `above_returnable` when they hold less than is asked."""
    left = {s.shipment_line_id: s.returnable for s in sources}
    shipped = {x.pk: (x.shipment.number, x.shipment.order.number)
               for x in ShipmentLine.objects.filter(pk__in=left).select_related("shipment__order")}  # fmt: skip
    picked = []
    for item in items:
        fitting = [
            Source(s.shipment_line_id, s.order_id, s.line_id, s.product_id, s.location_id, left[s.shipment_line_id])
            for s in sources
            if s.product_id == products[item.sku] and item.shipment in ("", shipped[s.shipment_line_id][0])
            and item.order in ("", shipped[s.shipment_line_id][1])
        ]  # fmt: skip
        parts = choose(fitting, item.quantity)
        found = sum(quantity for _source, quantity in parts)
        if found < item.quantity:
            raise Conflict(
                _("%(sku)s: %(asked)s asked, %(found)s may come back of what was shipped.")
                % {"sku": item.sku, "asked": item.quantity, "found": found},
                code="above_returnable", sku=item.sku, asked=item.quantity, available=found,
                clears=_("Ask for less, or name another delivery; what is asked for in another return counts."),
            )  # fmt: skip
        for source, quantity in parts:
            left[source.shipment_line_id] -= quantity
            picked.append((item, source, quantity))
    return picked


def target(location: str, picked: Iterable[tuple[Item, Source, int]]) -> int:
    """The location named, else the one the first units left."""
    if not location:
        return next(source.location_id for _item, source, _quantity in picked)
    found = locations_by_code([location]).get(location)
    if found is None:
        raise Invalid(_("There is no location %(code)s.") % {"code": location}, code="unknown_location")
    return found


def _number() -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_return_id_seq'), nextval('orders_return_number')")
        return_id, serial = cursor.fetchone()
    return int(return_id), f"RT{serial:07d}"


def about(returned: Return, lines: Iterable[ReturnLine]) -> list[tuple[str, int]]:
    """The timelines an event of a return belongs to."""
    orders = sorted({line.order_id for line in lines})
    return [("return", returned.pk), ("customer", returned.customer_id), *(("order", i) for i in orders)]


def move(lines: Collection[ReturnLine], target_status: ReturnStatus, *fields: str) -> None:
    """Part: locked lines to a status by the table, with the fields that go with it. Raises Conflict `illegal_transition`.

    Only what is received may be received again, in parts; every other step is done once.
    """
    at = current().at
    for line in lines:
        if not line.status == target_status == ReturnStatus.RECEIVED:
            RETURN.check(line.status, target_status)
        line.status, line.changed_at = target_status, at
    ReturnLine.objects.bulk_update(lines, ["status", "changed_at", *fields])


@use_case("returns.authorise")
def authorise(
    return_id: int, decisions: Mapping[int, Allowed] | None, *, by: Any, at: datetime | None = None
) -> Return:
    """Allow or refuse the requested lines of a return, by quantity; `decisions` None allows all. Not by who asked.

    Raises Forbidden `own_request`, Invalid `reason_missing`, Conflict `above_requested`, `nothing_requested`.
    """
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.authorise", returned)
    waiting = {line.pk: line for line in lines if line.status == ReturnStatus.REQUESTED}
    chosen = {i: Allowed(x.quantity_requested) for i, x in waiting.items()} if decisions is None else dict(decisions)
    if not chosen or set(chosen) - set(waiting):
        raise Conflict(_("This is decided already."), code="nothing_requested")
    above = [i for i, d in chosen.items() if not 0 <= d.quantity <= waiting[i].quantity_requested]
    if above:
        raise Conflict(_("More than was asked for would be allowed."), code="above_requested", lines=above)
    if any(not d.quantity and not d.reason.strip() for d in chosen.values()):
        raise Invalid(_("Say why the return is refused."), code="reason_missing")
    allowed = [waiting[i] for i, d in chosen.items() if d.quantity]
    refused = [waiting[i] for i, d in chosen.items() if not d.quantity]
    cmd = current()
    for line in allowed:
        line.quantity_authorised, line.authorised_by_id = chosen[line.pk].quantity, by.pk
    said = " ".join(sorted({d.reason.strip() for d in chosen.values() if d.reason.strip()}))
    if allowed:
        cmd.event("return.authorised", about(returned, allowed),
                  {"return": returned.pk, "lines": [[x.pk, x.quantity_authorised] for x in allowed]}, note="" if refused else said)
        move(allowed, ReturnStatus.AUTHORISED, "quantity_authorised", "authorised_by")
    if refused:
        cmd.event("return.refused", about(returned, refused), {"return": returned.pk, "lines": [x.pk for x in refused]}, note=said)
        move(refused, ReturnStatus.REFUSED)
    return returned


@use_case("returns.send")
def send_return(return_id: int, *, by: Any, at: datetime | None = None, tracking_number: str = "") -> Return:
    """The goods are on their way back. Raises Conflict `nothing_authorised`."""
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.send", returned)
    sent = [line for line in lines if line.status == ReturnStatus.AUTHORISED]
    if not sent:
        raise Conflict(_("Nothing of this return is allowed and still to send."), code="nothing_authorised")
    current().event("return.sent", about(returned, sent), {"return": returned.pk})
    Return.objects.filter(pk=returned.pk).update(tracking_number=tracking_number[:60])
    move(sent, ReturnStatus.IN_TRANSIT)
    return returned


@use_case("returns.withdraw")
def withdraw_return(return_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Return:
    """What did not come yet will not come; what came goes on. Raises Invalid `reason_missing`, Conflict `nothing_expected`."""
    if not reason.strip():
        raise Invalid(_("Say why the return is withdrawn."), code="reason_missing")
    returned, lines, _order_lines = lock_return(return_id)
    authorize(by, "returns.request", returned)
    gone = [x for x in lines if x.status in (ReturnStatus.REQUESTED, ReturnStatus.AUTHORISED, ReturnStatus.IN_TRANSIT)]
    if not gone:
        raise Conflict(_("Nothing of this return is still expected."), code="nothing_expected")
    current().event("return.withdrawn", about(returned, gone), {"return": returned.pk, "lines": [x.pk for x in gone]}, note=reason)
    move(gone, ReturnStatus.WITHDRAWN)
    return returned


def sent_from(lines: Iterable[ReturnLine]) -> dict[int, Shipment]:
    """Shipment of each source shipment line, fresh (locked by the caller)."""
    rows = ShipmentLine.objects.filter(pk__in=[x.shipment_line_id for x in lines]).select_related("shipment__location")
    return {row.pk: row.shipment for row in rows}
