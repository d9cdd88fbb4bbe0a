"""Invoice what was shipped; complete what is settled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_lines, lock_order, lock_orders
from orders.book.models import Order, OrderLine
from orders.book.selectors import gross_rest
from orders.book.services import add, subjects, transition_to
from orders.fulfilment.models import Shipment
from orders.holds.choices import Step
from orders.holds.selectors import refuse_if_held
from payments.billing.selectors import invoice_of_shipment, unsettled_orders
from payments.billing.services import InvoiceHeader, InvoiceLineData, issue_invoice
from payments.credit.selectors import account_of, reserved


@use_case("orders.invoice_shipment")
def invoice_shipment(shipment_id: int, *, by: Any, at: datetime | None = None) -> int:
    """Invoice one posted shipment, with the order's services and charges on the first; returns the invoice's id.

    Heard from `shipment.shipped`; invoicing the same shipment again answers with the same invoice. What stops it
    (a hold on invoicing, a customer without an account) is a Conflict and stays an open delivery of the event.
    """
    authorize(by, "orders.invoice")
    shipment = Shipment.objects.get(pk=shipment_id)
    order = lock_order(shipment.order_id)
    lines = {line.pk: line for line in lock_lines([order.pk])}
    existing = invoice_of_shipment(shipment_id)
    if existing is not None:
        return existing
    refuse_if_held(order.pk, Step.INVOICE)
    account_id = account_of(order.payer_id)
    if account_id is None:
        raise Conflict(_("The payer has no credit account."), code="no_account")
    quantities = invoiceable(shipment, lines)
    if not quantities:
        raise Conflict(_("Nothing of this shipment is left to invoice."), code="nothing_to_invoice")
    before = reserved([order.pk]).get(order.pk, (account_id, Decimal(0)))[1]
    add({"invoiced": quantities})
    for line_id, quantity in quantities.items():
        lines[line_id].quantity_invoiced += quantity
    after = min(before, gross_rest(order, list(lines.values())))
    return issue_invoice(header(order, shipment, account_id), invoice_lines(lines, quantities), before - after)


def invoiceable(shipment: Shipment, lines: dict[int, OrderLine]) -> dict[int, int]:
    """{order line: quantity} to invoice now: what this shipment posted, and every approved service and charge left."""
    quantities: dict[int, int] = {}
    for line_id, quantity in shipment.lines.filter(posted=True).values_list("line_id", "quantity"):
        quantities[line_id] = quantities.get(line_id, 0) + quantity
    for line_id, line in lines.items():
        left = line.quantity_approved - line.quantity_invoiced
        if line.kind not in SHIPPED_KINDS and left > 0:
            quantities[line_id] = left
    return quantities


def header(order: Order, shipment: Shipment, account_id: int) -> InvoiceHeader:
    """The invoice's head; its date is the day of the goods issue as the command sees it."""
    return InvoiceHeader(
        account_id=account_id, customer_id=order.customer_id, currency=order.currency_id, order_id=order.pk,
        order_number=order.number, customer_po=order.customer_po, shipment_id=shipment.pk,
        invoice_date=current().at.date(), terms_days=order.customer.terms_days,
    )  # fmt: skip


def invoice_lines(lines: dict[int, OrderLine], quantities: dict[int, int]) -> list[InvoiceLineData]:
    """The invoice's lines in the order's sequence, at the order line's price and tax."""
    chosen = sorted((lines[i] for i in quantities), key=lambda line: line.position)
    return [
        InvoiceLineData(
            order_line_id=line.pk, sku=line.product.sku if line.product else "", description=line.description,
            quantity=quantities[line.pk], unit_price=line.unit_price, price_unit=line.price_unit,
            discount=line.discount, tax_category=line.tax_category, tax_rate=line.tax_rate,
        )
        for line in chosen
    ]  # fmt: skip


@use_case("orders.complete")
def complete_orders(order_ids: Collection[int], *, by: Any, at: datetime | None = None) -> list[int]:
    """Complete those of the orders that are done; returns their ids. Others are left as they are.

    Done (PRODUCT.md section 2): nothing pending or open, all shipped is invoiced and delivered or written undelivered,
    every invoice is settled.
    """
    orders = [o for o in lock_orders(order_ids) if o.status == OrderStatus.APPROVED]
    by_order: dict[int, list[OrderLine]] = {}
    for line in lock_lines([o.pk for o in orders]):
        by_order.setdefault(line.order_id, []).append(line)
    candidates = [o for o in orders if all(finished(line) for line in by_order[o.pk])]
    unsettled = unsettled_orders([o.pk for o in candidates])
    completed = []
    for order in candidates:
        if order.pk in unsettled:
            continue
        cmd = current()
        event = cmd.event("order.completed", subjects(order.pk, order.customer_id), {"order": order.pk})
        transition_to(order, OrderStatus.COMPLETED, event, completed_at=cmd.at)
        completed.append(order.pk)
    return completed


def finished(line: OrderLine) -> bool:
    """Nothing pending, open, in transit or uninvoiced on this line."""
    if line.pending or line.open:
        return False
    done = line.quantity_shipped if line.kind in SHIPPED_KINDS else line.quantity_approved
    return line.in_transit == 0 and line.quantity_invoiced == done
