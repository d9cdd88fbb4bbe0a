"""Holds looked at again: what opened them may be gone, their time may be over, a release may have run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from oms.company.selectors import TaxKey, company, exponent, find_tax
from oms.events.services import current, use_case
from orders.approval.domain import Asked, below_margin
from orders.approval.selectors import band, policy_of
from orders.book.choices import OrderStatus
from orders.book.domain import Priced, totals
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.services import set_tax, subjects
from orders.holds.choices import CREDIT_KINDS, HoldKind
from orders.holds.models import Hold
from orders.holds.services import (
    close_holds,
    fit_credit,
    put_back,
    settle_credit,
    settle_prepayment,
    settle_quota,
)
from orders.planning.selectors import network
from orders.planning.services import replan_order

OPEN = (OrderStatus.SUBMITTED, OrderStatus.APPROVED)


@use_case("orders.recheck_holds")
def recheck(order_id: int, *, by: Any, at: datetime | None = None) -> list[str]:
    """Look at an open order's holds again; returns the kinds that ended. Closed by default: only what is surely gone ends.

    In the house's lock order: lines (tax), credit account, then places. A release whose time is over is put back first.
    """
    order = lock_order(order_id)
    if order.status not in OPEN:
        return []
    lines = lock_lines([order_id])
    event = current().event("order.holds_checked", subjects(order.pk, order.customer_id), {"order": order.pk})
    end_expired(order)
    back = put_back(order, lines, event)
    held = {h.kind: h for h in Hold.objects.filter(order=order, released_at__isnull=True)}
    ended: list[str] = []
    tax, lane = HoldKind.DATA in held and held[HoldKind.DATA].code == "no_tax_rule", False
    if tax and tax_found(order, lines):
        ended.append(HoldKind.DATA.value)
        fit_credit(order, lines, event)
    if HoldKind.DATA in held and held[HoldKind.DATA].code == "no_lane":
        lane = order.ship_to.transit_zone in network().by_zone
        ended += [HoldKind.DATA.value] if lane else []
    if HoldKind.MARGIN in held and not below_margin(band(policy_of(order)), asked_of(order, lines)):
        ended.append(HoldKind.MARGIN.value)
    paid, touched = settle_prepayment(order, lines, event)
    ended += paid
    if set(CREDIT_KINDS) & set(held):
        ended += [kind for kind in settle_credit(order, lines, event) if kind in held]
    if HoldKind.QUOTA in held:
        ended += settle_quota(order, lines, event)
    if ended:
        close_holds(order.pk, _("What opened it is gone."), ended)
        current().event("order.hold_ended", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": ended})
    if not ended and not back and not touched:
        current().withdraw(event)
    if lane:
        replan_order(order, lines, event, accept_changes=True)
    return ended


def end_expired(order: Order) -> None:
    """Part: holds whose own time is over end."""
    over = Hold.objects.filter(order=order, released_at__isnull=True, expires_at__lte=current().at)
    over.update(released_at=current().at, released_by_id=current().by.pk, release_reason=_("Its time is over."))


def asked_of(order: Order, lines: Sequence[OrderLine]) -> Asked:
    """What the policy looks at, of what stands of the order."""
    cost = sum((x.unit_cost * (x.quantity_ordered - x.quantity_cancelled) for x in lines if x.product_id), Decimal(0))
    return Asked(order.net, cost, max((x.discount for x in lines), default=Decimal(0)), held=False)


def tax_found(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Part: give lines without a tax rule the one that holds now; True when every line has one. The order's tax follows."""
    missing = [x for x in lines if not x.tax_category]
    products = Product.objects.in_bulk({x.product_id for x in missing if x.product_id})
    day = order.submitted_at.date() if order.submitted_at else current().at.date()
    home, there = company().country, order.ship_to.country
    keys = {
        x.pk: TaxKey(products[x.product_id].tax_class if x.product_id else "standard", order.customer.tax_status, home, there, day)
        for x in missing
    }
    rules = find_tax(keys.values())
    found = {pk: (rules[key].category, rules[key].rate) for pk, key in keys.items() if key in rules}
    set_tax(found)
    for line in lines:
        if line.pk in found:
            line.tax_category, line.tax_rate = found[line.pk]
    if found:
        money = totals(
            [Priced(x.quantity_ordered - x.quantity_cancelled, x.unit_price, x.price_unit, x.discount, x.tax_category, x.tax_rate)
             for x in lines],
            exponent(order.currency_id),
        )  # fmt: skip
        order.tax, order.total, order.version = money.tax, money.net + money.tax, order.version + 1
        order.save(update_fields=["tax", "total", "version"])
    return all(x.tax_category for x in lines)
