"""Settle a return: credit or refund at the original price less a restocking fee, or a replacement line. Once a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import line_net
from orders.approval.selectors import policy_at
from orders.book.choices import LineKind, OrderStatus
from orders.book.models import Order, OrderLine
from orders.book.selectors import content_hash
from orders.book.services import NewLine, add_lines, subjects, transition_to
from orders.entry.selectors.assess import claim_expiry
from orders.planning.services import replan_order
from orders.returns.choices import ReturnStatus, Settlement
from orders.returns.locks import lock_return
from orders.returns.models import Return, ReturnLine, ReturnSettlement
from orders.returns.services.requesting import about, move


@dataclass(frozen=True)
class Settled:
    """What the customer gets for a line; `fee` is a net amount kept back of a credit or refund."""

    kind: str
    fee: Decimal = Decimal(0)


@use_case("returns.settle")
def settle(return_id: int, settled: Mapping[int, Settled], *, by: Any, at: datetime | None = None) -> Return:
    """Close disposed lines of a return. Credits and refunds are told with `return.settled`: invoicing writes the credit note.

    A replacement is a new line at no charge, with its own approval and the original's rank date; it opens a completed
    order again. Raises Invalid `fee_invalid`, Conflict `illegal_transition`.
    """
    returned, lines, order_lines = lock_return(return_id)
    authorize(by, "returns.settle", returned)
    chosen = [line for line in lines if line.pk in settled]
    if not chosen or len(chosen) != len(settled):
        raise Invalid(_("Say how lines of this return are settled."), code="settlement_invalid")
    orders = Order.objects.select_related("ship_to", "customer").in_bulk({line.order_id for line in chosen})
    nets = {line.pk: net_of(line, order_lines[line.line_id], orders[line.order_id]) for line in chosen}
    refuse_fees(settled, nets)
    cmd = current()
    event = cmd.event("return.settled", [*about(returned, chosen), *(("return_line", x.pk) for x in chosen)], {
        "return": returned.pk,
        "lines": [{"order": x.order_id, "line": x.line_id, "shipment_line": x.shipment_line_id, "quantity": x.quantity_received,
                   "kind": settled[x.pk].kind, "net": nets[x.pk], "fee": settled[x.pk].fee} for x in chosen],
    })  # fmt: skip
    move(chosen, ReturnStatus.SETTLED)
    replaced = [line for line in chosen if settled[line.pk].kind == Settlement.REPLACE]
    made = add_replacements(returned, replaced, orders, event)
    ReturnSettlement.objects.bulk_create(
        ReturnSettlement(return_line=x, kind=settled[x.pk].kind, quantity=x.quantity_received, net=nets[x.pk], fee=settled[x.pk].fee,
                         replacement_id=made.get(x.pk), by_id=by.pk, at=cmd.at, event_id=event)
        for x in chosen
    )  # fmt: skip
    return returned


def net_of(line: ReturnLine, sold: OrderLine, order: Order) -> Decimal:
    """The returned units at their original price and discount, rounded as an invoice line of them is."""
    return line_net(line.quantity_received, sold.unit_price, sold.price_unit, sold.discount, exponent(order.currency_id))


def refuse_fees(settled: Mapping[int, Settled], nets: Mapping[int, Decimal]) -> None:
    """Invalid when a kind is unknown, or a fee is negative, above the credit, or kept of a replacement."""
    for i, s in settled.items():
        if s.kind not in Settlement.values:
            raise Invalid(_("Choose credit, refund or replacement."), code="settlement_invalid", line=i)
        most = Decimal(0) if s.kind == Settlement.REPLACE else nets[i]
        if not 0 <= s.fee <= most:
            raise Invalid(_("The fee is between 0 and %(most)s.") % {"most": most}, code="fee_invalid", line=i, most=most)


def add_replacements(returned: Return, lines: Sequence[ReturnLine], orders: Mapping[int, Order], event_id: int) -> dict[int, int]:
    """Part: {return line: new order line}: same product and units, no charge, pending; its stock is claimed at the old rank."""
    made: dict[int, int] = {}
    for order_id in sorted({line.order_id for line in lines}):
        order, mine = orders[order_id], [line for line in lines if line.order_id == order_id]
        if order.status == OrderStatus.COMPLETED:
            reopened = current().event("order.reopened", subjects(order.pk, order.customer_id), {"order": order.pk, "return": returned.pk})
            transition_to(order, OrderStatus.APPROVED, reopened, completed_at=None)
        if order.status != OrderStatus.APPROVED:
            raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()}, code="not_open")
        made |= _replace(returned, order, mine)
        _await_approval(order)
        replan_order(order, list(order.lines.order_by("pk")), event_id, accept_changes=True)
    return made


def _replace(returned: Return, order: Order, mine: Sequence[ReturnLine]) -> dict[int, int]:
    sold = {x.pk: x for x in order.lines.all()}
    last = max(x.position for x in sold.values())
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_orderline_id_seq') FROM generate_series(1, %s)", [len(mine)])
        ids = [row[0] for row in cursor.fetchall()]
    add_lines([
        NewLine(
            id=new_id, order_id=order.pk, position=last + n, kind=LineKind.REPLACEMENT.value, product_id=line.product_id,
            description=sold[line.line_id].description, entered_quantity=Decimal(line.quantity_received),
            entered_unit=line.product.base_unit, no_split=False, rank_date=sold[line.line_id].rank_date,
            unit_price=Decimal(0), price_unit=1, discount=Decimal(0), price_source=f"replacement:{returned.number}",
            unit_cost=sold[line.line_id].unit_cost, net=Decimal(0), tax_category=sold[line.line_id].tax_category,
            tax_rate=sold[line.line_id].tax_rate, quantity_ordered=line.quantity_received, quantity_approved=0, quantity_cancelled=0,
        )
        for n, (new_id, line) in enumerate(zip(ids, mine, strict=True), 1)
    ])  # fmt: skip
    return {line.pk: new_id for new_id, line in zip(ids, mine, strict=True)}


def _await_approval(order: Order) -> None:
    """Part: the order stands in the approver's queue; who added the line does not decide it."""
    cmd = current()
    order.content_hash = content_hash(
        order.ship_to_id, order.customer.terms_days,
        [(x.pk, x.product_id, x.quantity_ordered, x.unit_price, x.price_unit, x.discount) for x in order.lines.order_by("pk")],
    )  # fmt: skip
    order.amended_by = sorted({*order.amended_by, cmd.by.pk})
    order.undecided_since = order.undecided_since or cmd.at
    order.claim_expires_at = order.claim_expires_at or claim_expiry(cmd.at, policy_at(cmd.at).claim_days)
    order.version += 1
    order.save(update_fields=["content_hash", "amended_by", "undecided_since", "claim_expires_at", "version"])
