"""Amend an order (PRODUCT.md section 3): less, more, other prices, another day or address. The preview is the commit.

Locks and writes in the house's order: order, lines, credit account, warehouse (shipments, availability, balances), plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Stale
from orders.approval.domain import Asked as PolicyAsked
from orders.approval.domain import below_margin
from orders.approval.selectors import band, policy_at, policy_of
from orders.approval.services import take_back_approval
from orders.book.choices import LineKind
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.selectors import content_hash
from orders.book.services import NewLine, add, add_lines, reprice, subjects
from orders.entry.domain.amending import Amendment
from orders.entry.selectors.amending import AmendPlan, plan_amendment
from orders.entry.selectors.assess import claim_expiry
from orders.entry.warehouse import hold_still, take_back
from orders.holds.choices import HoldKind
from orders.holds.services import NewHold, charge_again, close_holds, fit_credit, fit_quota, open_holds
from orders.planning.selectors import live_lines
from orders.planning.services import give_up, lock_places, replan_order


def preview(order: Order, asked: Amendment, *, by: Any, now: datetime) -> AmendPlan:
    """What `amend` would do now, without writing or locking; raises what it would raise."""
    authorize(by, "orders.amend", order)
    return plan_amendment(order, list(order.lines.select_related("product").order_by("pk")), asked, by, now.date(), now)


@use_case("orders.amend")
def amend(order_id: int, asked: Amendment, *, by: Any, version: int, at: datetime | None = None) -> Order:
    """Change a submitted or approved order as it was at `version`.

    A price touches no stock; less takes pending first, then approved: without a date, latest-dated, not picked; more is a new
    line of its own, approved 0. Changed terms of an approved order open the hold `reapproval`; exposure the account refuses
    opens its hold. Raises Stale `order_changed`, Conflict `nothing_changed`, `picked`, and what `preview` raises.
    """
    order = lock_order(order_id)
    authorize(by, "orders.amend", order)
    if order.version != version:
        raise Stale(_("The order was changed since you opened it."), code="order_changed", version=order.version,
                    clears=_("Look at it as it is now, and change it again."))  # fmt: skip
    lines = lock_lines([order_id])
    products = Product.objects.in_bulk({x.product_id for x in lines if x.product_id})
    for line in lines:
        line.product = products.get(line.product_id or 0)
    cmd = current()
    plan = plan_amendment(order, lines, asked, by, cmd.at.date(), cmd.at)
    if plan.empty:
        raise Conflict(_("Nothing is changed."), code="nothing_changed")
    event = cmd.event("order.amended", subjects(order.pk, order.customer_id), told(order, plan), note=asked.reason)
    before = {x.line_id: x.delivery_date for x in live_lines([order_id])}
    if any(line.quantity_allocated for line in lines):
        hold_still(order_id)
    lines = write_lines(order, lines, plan, event)
    write_order(order, lines, plan)
    hold(order, plan, event)
    refused = fit_credit(order, lines, event)
    if refused:
        cmd.event("order.held", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": [refused.code]})
    if plan.added or plan.requested_date:
        if charge_again(order, lines, event):
            close_holds(order.pk, _("Within the quota."), [HoldKind.QUOTA])
    else:
        fit_quota(order, lines, event)
    write_stock(order, lines, plan, event, before)
    return order


def told(order: Order, plan: AmendPlan) -> dict[str, Any]:
    """The event's facts: old and new of everything changed."""
    return {
        "order": order.pk, "total": plan.money.total, "currency": order.currency_id,
        "less": {t.line: {"pending": t.pending, "approved": t.approved} for t in plan.taken},
        "prices": {r.line: [r.old_price, r.old_discount, r.price, r.discount] for r in plan.repriced},
        "more": {x.id: [x.sku, x.quantity, plan.extends.get(x.id)] for x in plan.added},
        "requested_date": [order.requested_date, plan.requested_date] if plan.requested_date else None,
        "ship_to": [order.ship_to_id, plan.ship_to.pk] if plan.ship_to else None,
    }  # fmt: skip


def write_lines(order: Order, lines: list[OrderLine], plan: AmendPlan, event_id: int) -> list[OrderLine]:
    """Part: prices and new lines in the book; the lines as they are afterwards, also with what is taken off in them."""
    last = max(x.position for x in lines)
    rank = current().at.date()
    if plan.repriced:
        reprice({r.line: (r.price, r.discount, r.net) for r in plan.repriced}, f"manual:{current().by.pk}", event_id)
    if plan.added:
        add_lines([
            NewLine(
                id=x.id, order_id=order.pk, position=last + n, kind=LineKind.GOODS.value, product_id=x.product_id,
                description=x.description, entered_quantity=x.entered_quantity, entered_unit=x.entered_unit, no_split=x.no_split,
                rank_date=rank, unit_price=x.unit_price, price_unit=x.price_unit, discount=x.discount,
                price_source=x.price_source, unit_cost=x.unit_cost, net=x.net, tax_category=x.tax_category, tax_rate=x.tax_rate,
                quantity_ordered=x.quantity, quantity_approved=0, quantity_cancelled=0, extends_line_id=plan.extends.get(x.id),
            )
            for n, x in enumerate(plan.added, 1)
        ])  # fmt: skip
    fresh = list(OrderLine.objects.filter(order=order).order_by("pk"))
    off = {t.line: t for t in plan.taken}
    for line in fresh:
        if taken := off.get(line.pk):
            line.quantity_cancelled += taken.units
            line.quantity_approved -= taken.approved
    return fresh


def write_order(order: Order, lines: Sequence[OrderLine], plan: AmendPlan) -> None:
    """Part: the order's head: day, address, amounts, what an approval binds, and who changed it."""
    cmd = current()
    if plan.requested_date and plan.requested_date < order.requested_date:  # an earlier day ranks anew, a later one keeps its rank
        OrderLine.objects.filter(order=order).update(rank_date=cmd.at.date())
    order.requested_date = plan.requested_date or order.requested_date
    if plan.ship_to:
        order.ship_to = plan.ship_to
    order.net, order.tax, order.total = plan.money.net, plan.money.tax, plan.money.total
    order.content_hash = content_hash(
        order.ship_to_id, order.customer.terms_days,
        [(x.pk, x.product_id, x.quantity_ordered, x.unit_price, x.price_unit, x.discount) for x in lines],
    )  # fmt: skip
    if not plan.only_less:
        order.amended_by = sorted({*order.amended_by, cmd.by.pk})
    if any(x.pending for x in lines):
        order.undecided_since = order.undecided_since or cmd.at
        order.claim_expires_at = order.claim_expires_at or claim_expiry(cmd.at, policy_at(cmd.at).claim_days)
    else:
        order.undecided_since = order.claim_expires_at = None
    order.version += 1
    order.save(update_fields=[
        "requested_date", "ship_to", "net", "tax", "total", "content_hash", "amended_by", "undecided_since", "claim_expires_at",
        "version",
    ])  # fmt: skip


def hold(order: Order, plan: AmendPlan, event_id: int) -> None:
    """Part: changed terms of an approved order are approved anew; a margin below the floor is held."""
    holds = []
    if plan.reapproval:
        holds.append(NewHold(HoldKind.REAPPROVAL, "terms_changed", plan.money.total, _("Price, discount or address changed after approval.")))
    rules = band(policy_of(order))
    discount = max((r.discount for r in plan.repriced), default=0)
    view = PolicyAsked(plan.money.net, plan.cost, discount, held=False)  # type: ignore[arg-type]
    if (plan.repriced or plan.added) and below_margin(rules, view):
        holds.append(NewHold(HoldKind.MARGIN, "margin_floor", plan.money.net, _("Margin %(margin)s %% is below the floor of %(floor)s %%.") % {
            "margin": round(view.margin * 100, 1), "floor": round(rules.minimum_margin * 100, 1)}))  # fmt: skip
    elif plan.repriced:
        close_holds(order.pk, _("The margin is above the floor again."), [HoldKind.MARGIN])
    if holds:
        current().event("order.held", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": [str(h.kind) for h in holds]})
        open_holds(order.pk, holds, event_id)


def write_stock(
    order: Order, lines: Sequence[OrderLine], plan: AmendPlan, event_id: int, before: Mapping[int, date]
) -> None:
    """Part: what is taken off leaves warehouse, plan and approval; the rest is placed anew only where something else changed."""
    units = {t.line: t.allocated for t in plan.taken if t.allocated}
    if plan.ship_to:  # what is on its way to another address comes back, unless it is picked
        units = {x.pk: x.quantity_allocated for x in lines if x.quantity_allocated}
    if units or plan.added or plan.requested_date or plan.ship_to:
        lock_places([order.pk])
    taken = take_back(order.pk, units, event_id)
    if taken != units:
        raise Conflict(_("Some of it is picked already."), code="picked", clears=_("Have it put back first, or leave it."))
    for line in lines:
        line.quantity_allocated -= units.get(line.pk, 0)
    take_back_approval({t.line: t.approved for t in plan.taken}, event_id)
    add({"approved": {t.line: -t.approved for t in plan.taken}, "cancelled": {t.line: t.units for t in plan.taken}})
    if plan.added or plan.requested_date or plan.ship_to:
        kept = plan.requested_date is None and plan.ship_to is None
        shown = {i: day.isoformat() for i, day in before.items()} if kept else {}
        replan_order(order, lines, event_id, shown=shown, accept_changes=not kept)
    else:
        off = {row: part for t in plan.taken for row, _day, part in (*t.claims, *t.plans)}
        if off:
            give_up(list(live_lines([order.pk])), off, event_id)
