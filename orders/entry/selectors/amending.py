"""What an amendment would do: one function for the preview and for the commit. Reads, never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from customers.parties.models import Address
from oms.accounts.policies import authorize
from oms.company.selectors import company, exponent
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import line_net
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.domain import Priced, Totals, totals
from orders.book.models import Order, OrderLine
from orders.entry.domain import LineRequest
from orders.entry.domain.amending import Amendment, LineChange, Planned, Standing, Taken, decrease
from orders.entry.selectors.assess import Assessed, goods_line
from orders.planning.models import Allocation
from orders.planning.selectors import NOTHING, Ask, AskLine, Placed, live_lines, place
from orders.pricing.selectors import Asked, Buyer, offers

AMENDABLE = (OrderStatus.SUBMITTED, OrderStatus.APPROVED)


@dataclass(frozen=True)
class Repriced:
    """New price terms of a line, with the old ones; `net` is the line's new net."""

    line: int
    price: Decimal
    discount: Decimal
    net: Decimal
    old_price: Decimal
    old_discount: Decimal


@dataclass(frozen=True)
class AmendPlan:
    """Everything an amendment does. `added` are new lines, `extends` {new line: old line}; `money` is the order afterwards."""

    taken: tuple[Taken, ...]
    repriced: tuple[Repriced, ...]
    added: tuple[Assessed, ...]
    extends: Mapping[int, int]
    placed: Placed
    requested_date: date | None
    ship_to: Address | None
    money: Totals
    cost: Decimal
    reapproval: bool

    @property
    def empty(self) -> bool:
        return not (self.taken or self.repriced or self.added or self.requested_date or self.ship_to)

    @property
    def only_less(self) -> bool:
        """Whether nothing but decreases is asked: no decision binds anew."""
        return bool(self.taken) and not (self.repriced or self.added or self.requested_date or self.ship_to)


def standing(order_id: int, lines: Sequence[OrderLine]) -> dict[int, Standing]:
    """{line: how it stands}, with live schedule lines and what is picked; two statements."""
    planned: dict[int, list[Planned]] = {}
    for row in live_lines([order_id]):
        planned.setdefault(row.line_id, []).append(Planned(row.pk, row.ship_date, row.quantity, row.kind == "claim"))
    carts = dict(
        Allocation.objects.filter(order_id=order_id).values_list("line_id").annotate(n=Sum(Greatest(F("picked") - F("shipped"), 0)))
    )
    return {
        x.pk: Standing(
            x.pk, x.quantity_ordered, x.quantity_approved, x.quantity_cancelled, x.quantity_allocated, int(carts.get(x.pk) or 0),
            x.quantity_shipped if x.kind in SHIPPED_KINDS else x.quantity_invoiced, tuple(planned.get(x.pk, ())),
        )
        for x in lines
    }  # fmt: skip


def plan_amendment(order: Order, lines: Sequence[OrderLine], asked: Amendment, by: Any, on: date, now: Any) -> AmendPlan:
    """Decide an amendment at business time `now`; every mistake of its lines is named at once.

    Raises Conflict `not_amendable`, `below_shipped`, `nothing_left_of_it`, `not_invoiced`, Invalid `invalid_lines`,
    `address_missing`, `reason_missing`, Forbidden (a price by hand).
    """
    if order.status not in AMENDABLE:
        raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()}, code="not_amendable",
                       clears=_("Copy it into a new order."))  # fmt: skip
    known = {x.pk: x for x in lines}
    unknown = sorted({c.line for c in asked.changes} - set(known))
    if unknown:
        raise Invalid(_("These lines are not of this order."), code="line_of_other_order", lines=unknown)
    stand = standing(order.pk, lines)
    taken = tuple(decrease(stand[c.line], less(known[c.line], stand[c.line], c)) for c in asked.changes if shrinks(c, stand[c.line]))
    repriced = tuple(r for c in asked.changes if (r := repricing(order, known[c.line], c)))
    if repriced:
        authorize(by, "orders.override_price")
        if not asked.reason.strip():
            raise Invalid(_("A price or discount by hand needs a reason."), code="reason_missing",
                          errors=[{"field": "reason", "message": _("Say why.")}])  # fmt: skip
    ship_to = new_address(order, asked.ship_to)
    requested = asked.requested_date if asked.requested_date != order.requested_date else None
    added, extends = more_lines(order, known, stand, asked, by, on, ship_to)
    placed = place_added(order, added, requested, ship_to, now)
    money, cost = afterwards(order, lines, taken, repriced, added)
    left = sum(stand[i].stands for i in stand) - sum(t.units for t in taken) + sum(x.quantity for x in added)
    if not left:
        raise Conflict(_("Nothing would be left of the order."), code="nothing_left_of_it", clears=_("Cancel the order instead."))
    binding = bool(repriced or ship_to) and order.status == OrderStatus.APPROVED
    return AmendPlan(taken, repriced, added, extends, placed, requested, ship_to, money, cost, binding)


def shrinks(change: LineChange, line: Standing) -> bool:
    return change.quantity is not None and change.quantity < line.stands


def less(line: OrderLine, stand: Standing, change: LineChange) -> int:
    """By how much the line shrinks; Conflict `below_shipped` when it would fall below what left or is being carried."""
    wanted = change.quantity or 0
    if wanted < stand.least:
        raise Conflict(
            _("Line %(n)s: %(shipped)s shipped and %(picked)s picked; it can't fall to %(wanted)s.")
            % {"n": line.position, "shipped": stand.shipped, "picked": stand.picked, "wanted": wanted},
            code="below_shipped", line=line.pk, least=stand.least, clears=_("Ask for a return of what was shipped."),
        )  # fmt: skip
    return stand.stands - wanted


def repricing(order: Order, line: OrderLine, change: LineChange) -> Repriced | None:
    """New price terms of the line, or None. What is invoiced keeps its price; what is shipped must be invoiced first."""
    price = line.unit_price if change.price is None else change.price
    discount = line.discount if change.discount is None else change.discount
    if (price, discount) == (line.unit_price, line.discount):
        return None
    if line.quantity_shipped > line.quantity_invoiced:
        raise Conflict(_("Line %(n)s: what is shipped is not invoiced yet; it keeps its price.") % {"n": line.position},
                       code="not_invoiced", line=line.pk, clears=_("Its invoice is written in a moment; change the price then."))  # fmt: skip
    rest, places = line.quantity_ordered - line.quantity_invoiced, exponent(order.currency_id)
    old = line_net(rest, line.unit_price, line.price_unit, line.discount, places)
    new = line_net(rest, price, line.price_unit, discount, places)
    return Repriced(line.pk, price, discount, line.net - old + new, line.unit_price, line.discount)


def new_address(order: Order, code: str) -> Address | None:
    """Another address of the order's customer, or None when it stays. Raises Invalid `address_missing`."""
    if not code:
        return None
    found = Address.objects.filter(customer_id=order.customer_id, code=code, retired_at__isnull=True).first()
    if found is None:
        raise Invalid(_("There is no delivery address %(code)s.") % {"code": code}, code="address_missing",
                      errors=[{"field": "ship_to", "message": _("No such address.")}])  # fmt: skip
    if found.country != order.ship_to.country:
        raise Conflict(_("%(code)s is in another country: the tax would be another.") % {"code": code}, code="other_country",
                       clears=_("Cancel the rest, and enter an order to that address."))  # fmt: skip
    return found if found.pk != order.ship_to_id else None


def more_lines(
    order: Order, known: Mapping[int, OrderLine], stand: Mapping[int, Standing], asked: Amendment, by: Any, on: date,
    ship_to: Address | None,
) -> tuple[tuple[Assessed, ...], dict[int, int]]:  # fmt: skip
    """New lines: increases of standing ones (at today's price, whole steps) and added ones; {new line: line it extends}."""
    grown = [c for c in asked.changes if c.quantity is not None and c.quantity > stand[c.line].stands]
    wanted: list[tuple[LineRequest, int | None, str]] = []
    for c in grown:
        line = known[c.line]
        if line.product is None:
            raise Invalid(_("Line %(n)s is not goods; it can't grow.") % {"n": line.position}, code="not_goods", line=line.pk)
        request = LineRequest(line.product.sku, Decimal((c.quantity or 0) - stand[c.line].stands), no_split=line.no_split)
        wanted.append((request, line.pk, f"changes.{line.pk}"))
    wanted += [(request, None, f"lines.{i}") for i, request in enumerate(asked.added)]
    if not wanted:
        return (), {}
    address = ship_to or order.ship_to
    buyer = Buyer(order.customer_id, order.customer.group, order.customer_class, order.currency_id, order.customer.tax_status,
                  company().country, address.country)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT ARRAY(SELECT nextval('orders_orderline_id_seq') FROM generate_series(1, %s))", [len(wanted)])
        ids = cursor.fetchone()[0]
    made, extends, errors = [], {}, []
    found = offers(buyer, on, [Asked(r.sku, r.quantity, r.unit) for r, _line, _where in wanted])
    for pk, (request, extended, where), offer in zip(ids, wanted, found, strict=True):
        fits = replace(offer, minimum=offer.multiple) if extended else offer
        try:
            made.append(goods_line(pk, request, fits, by))
            if not made[-1].tax_category:
                raise Invalid(_("No tax rule for: %(what)s.") % {"what": request.sku}, code="no_tax_rule", field="sku")
        except Invalid as error:
            errors.append({"field": f"{where}.{error.data.get('field', 'sku')}", "code": error.code, "message": str(error)})
        if extended:
            extends[pk] = extended
    if errors:
        raise Invalid(errors[0]["message"], code="invalid_lines", errors=errors)
    places = exponent(order.currency_id)
    return tuple(x._replace(net=line_net(x.quantity, x.unit_price, x.price_unit, x.discount, places)) for x in made), extends


def place_added(order: Order, added: Sequence[Assessed], requested: date | None, ship_to: Address | None, now: Any) -> Placed:
    """Where and when the added goods could come from, beside what the order has already."""
    if not added:
        return NOTHING
    address = ship_to or order.ship_to
    return place(
        Ask(
            order.customer_class, order.criticality, requested or order.requested_date, now, address.transit_zone,
            address.receiving_calendar_id, order.delivery_rule, order.max_shipments,
            tuple(AskLine(x.id, x.product_id or 0, x.quantity, x.no_split) for x in added),
        )
    )  # fmt: skip


def afterwards(
    order: Order, lines: Sequence[OrderLine], taken: Sequence[Taken], repriced: Sequence[Repriced], added: Sequence[Assessed]
) -> tuple[Totals, Decimal]:
    """(net, tax and total of what stands afterwards, at the prices then; its standard cost)."""
    off = {t.line: t.units for t in taken}
    terms = {r.line: (r.price, r.discount) for r in repriced}
    left = {x.pk: x.quantity_ordered - x.quantity_cancelled - off.get(x.pk, 0) for x in lines}
    priced = [
        Priced(left[x.pk], terms.get(x.pk, (x.unit_price, x.discount))[0], x.price_unit, terms.get(x.pk, (x.unit_price, x.discount))[1],
               x.tax_category, x.tax_rate)
        for x in lines
    ]  # fmt: skip
    cost = sum((x.unit_cost * left[x.pk] for x in lines if x.product_id), Decimal(0)) + sum(
        (x.unit_cost * x.quantity for x in added), Decimal(0)
    )
    return totals([*priced, *(x.priced for x in added)], exponent(order.currency_id)), cost
