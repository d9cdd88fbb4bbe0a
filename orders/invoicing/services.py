"""Invoice what was shipped; complete what is settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.selectors import skus_of
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, NotFound, Stale
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_lines, lock_order, lock_orders
from orders.book.models import Order, OrderLine
from orders.book.selectors import gross_rest
from orders.book.services import add, subjects, transition_to
from orders.fulfilment.models import Shipment
from orders.holds.choices import HoldKind, Step
from orders.holds.models import Hold
from orders.holds.selectors import refuse_if_held, stopping
from orders.holds.services import close_holds, needed_of, settle_prepayment
from orders.invoicing.selectors import asked_ahead
from payments.bank.services import Waiting
from payments.billing.domain import totals
from payments.billing.locks import lock_invoices, lock_pro_formas
from payments.billing.models import BillingTerms, CreditNote, Invoice, ProForma
from payments.billing.selectors import (
    invoice_of_shipment,
    invoiced_quantities,
    orders_of,
    pro_forma_of,
    unsettled_orders,
)
from payments.billing.services import (
    InvoiceHeader,
    InvoiceLineData,
    OldInvoice,
    OrderPart,
    bring_invoices,
    cancel_whole,
    issue_invoice,
    issue_pro_forma,
    withdraw_pro_forma,
)
from payments.credit.locks import lock_accounts
from payments.credit.selectors import account_of, reserved
from payments.credit.services import force_reserve


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
    quantities = invoiceable(shipment, lines)
    return _issue(order, lines, quantities, shipment)


def _issue(order: Order, lines: dict[int, OrderLine], quantities: dict[int, int], shipment: Shipment | None) -> int:
    """Invoice quantities of a locked order; what was reserved for them becomes receivable."""
    refuse_if_held(order.pk, Step.INVOICE)
    account_id = account_of(order.payer_id)
    if account_id is None:
        raise Conflict(_("The payer has no credit account."), code="no_account")
    if not quantities:
        raise Conflict(_("Nothing of this shipment is left to invoice."), code="nothing_to_invoice")
    waiting = Waiting(order.pk)
    before = reserved([order.pk]).get(order.pk, (account_id, Decimal(0)))[1]
    add({"invoiced": quantities})
    for line_id, quantity in quantities.items():
        lines[line_id].quantity_invoiced += quantity
    own = invoice_lines(lines, quantities)
    used = min(waiting.left, totals(own, exponent(order.currency_id)).total)
    after = min(before + used, max(Decimal(0), gross_rest(order, list(lines.values())) - (waiting.left - used)))
    invoice = issue_invoice(header(order, shipment, account_id), own, before - after)
    waiting.use(invoice, used)
    return invoice


@use_case("orders.pro_forma")
def issue_order_pro_forma(order_id: int, *, by: Any, at: datetime | None = None) -> int | None:
    """Ask for what an order that is approved waits for, or ask anew when the order changed; its pro forma, None for none.

    Heard from the order's events; asked again it changes nothing. Money that came for the old pro forma goes on with the new
    one. What has begun to leave is invoiced, not asked for ahead.
    """
    authorize(by, "orders.invoice")
    order = lock_order(order_id)
    lines = {line.pk: line for line in lock_lines([order_id])}
    account_id, standing = account_of(order.payer_id), pro_forma_of(order_id)
    waits = Hold.objects.filter(order_id=order_id, kind=HoldKind.PREPAYMENT, released_at__isnull=True).exists()
    begun = any(x.quantity_invoiced or x.quantity_shipped for x in lines.values())
    if order.status != OrderStatus.APPROVED or account_id is None or begun or standing is None and not waits:
        return standing.pk if standing else None
    quantities = {i: x.quantity_ordered - x.quantity_cancelled for i, x in lines.items()}
    own = invoice_lines(lines, {i: quantity for i, quantity in quantities.items() if quantity > 0})
    if standing is not None and standing.total == totals(own, exponent(order.currency_id)).total:
        return standing.pk
    share = standing.share if standing else order.customer.prepay_share
    waiting = Waiting(order_id)
    lock_accounts([account_id])  # before the number is drawn
    if standing is None:
        made = issue_pro_forma(header(order, None, account_id), own, share)
    else:
        made = _ask_anew(waiting, standing, header(order, None, account_id), own, share)
    event = current().event("order.holds_checked", subjects(order.pk, order.customer_id), {"order": order.pk})
    ended, touched = settle_prepayment(order, list(lines.values()), event)
    if not touched:
        current().withdraw(event)
    if ended:
        close_holds(order.pk, _("The prepayment is there."), ended)
        current().event("order.hold_ended", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": ended})
    return made.pk


def _ask_anew(waiting: Waiting, old: ProForma, head: InvoiceHeader, lines: list[InvoiceLineData], share: Decimal) -> ProForma:
    """Part: a new pro forma in the place of an old one; of one order only one stands, so the old one goes first."""
    old = waiting.pro_formas.get(old.pk) or lock_pro_formas([old.pk])[old.pk]
    rows = waiting.lift(old)
    withdraw_pro_forma(old)
    made = issue_pro_forma(head, lines, share)
    waiting.lay(rows, made)
    return made


@use_case("orders.free_prepayment")
def free_prepayment(order_id: int, *, by: Any, at: datetime | None = None) -> None:
    """An order that is given up or done needs no money ahead: what waits for it is on account again; unused, its pro forma is void."""
    authorize(by, "orders.invoice")
    order = lock_order(order_id)
    standing = pro_forma_of(order_id)
    if standing is None or order.status not in (OrderStatus.CANCELLED, OrderStatus.COMPLETED):
        return
    waiting = Waiting(order_id)
    found = waiting.pro_formas.get(standing.pk) or lock_pro_formas([standing.pk])[standing.pk]
    waiting.free()
    if not found.paid:
        withdraw_pro_forma(found)


@use_case("orders.invoice_order")
def invoice_order(order_id: int, *, by: Any, whole: bool = False, at: datetime | None = None) -> int | None:
    """Invoice all that was shipped of an order and is not invoiced, in one invoice; None when there is nothing.

    `whole`: only once nothing of the order is pending or open (customers billed per complete order).
    """
    authorize(by, "orders.invoice")
    order = lock_order(order_id)
    lines = {line.pk: line for line in lock_lines([order.pk])}
    if whole and any(line.pending or line.open for line in lines.values() if line.kind in SHIPPED_KINDS):
        return None
    goods = {i: line.quantity_shipped - line.quantity_invoiced for i, line in lines.items() if line.kind in SHIPPED_KINDS}
    quantities = {i: quantity for i, quantity in goods.items() if quantity > 0}
    if not quantities:
        return None
    return _issue(order, lines, {**quantities, **services_left(lines)}, None)


@use_case("orders.invoice_together")
def invoice_together(order_ids: Collection[int], *, by: Any, at: datetime | None = None) -> int | None:
    """Invoice all that was shipped of orders of one customer, payer and currency and is not invoiced, in one invoice; None for none.

    An order whose invoicing is held is left out, and is a problem of its own; so is one that was asked for money ahead: it is invoiced alone.
    Raises Conflict `no_account`, `not_together`.
    """
    authorize(by, "orders.invoice")
    orders = {order.pk: order for order in lock_orders(order_ids)}
    apart = {*stopping(orders, Step.INVOICE), *asked_ahead(orders)}
    lines = {line.pk: line for line in lock_lines([i for i in orders if i not in apart])}
    shipped = {i: line.quantity_shipped - line.quantity_invoiced for i, line in lines.items() if line.kind in SHIPPED_KINDS}
    shipped = {i: quantity for i, quantity in shipped.items() if quantity > 0}
    own = {order: [line for line in lines.values() if line.order_id == order] for order in sorted({lines[i].order_id for i in shipped})}
    if not own:
        return None
    first = orders[next(iter(own))]
    account_id = account_of(first.payer_id)
    if account_id is None:
        raise Conflict(_("The payer has no credit account."), code="no_account")
    if {(x.customer_id, x.payer_id, x.currency_id) for x in map(orders.__getitem__, own)} != {(first.customer_id, first.payer_id, first.currency_id)}:
        raise Conflict(_("The orders have not one customer, payer and currency."), code="not_together")
    quantities = {**shipped, **services_left({line.pk: line for rows in own.values() for line in rows})}
    before = reserved(own)
    add({"invoiced": quantities})
    for line_id, quantity in quantities.items():
        lines[line_id].quantity_invoiced += quantity
    parts, listed = [], []
    for order_id, rows in own.items():
        order, kept = orders[order_id], before.get(order_id, (account_id, Decimal(0)))[1]
        parts.append(OrderPart(order_id, order.number, order.customer_po, kept - min(kept, max(Decimal(0), gross_rest(order, rows)))))
        mine = {line.pk: quantities[line.pk] for line in rows if line.pk in quantities}
        listed += [replace(x, order_number=order.number) for x in invoice_lines(lines, mine)]
    return issue_invoice(replace(header(first, None, account_id), order_id=0, order_number="", customer_po="", orders=tuple(parts)), listed, Decimal(0))


def timing_of(order_id: int) -> str:
    """When the order's customer is invoiced: shipment, order, weekly or monthly."""
    found = BillingTerms.objects.filter(customer_id__in=Order.objects.filter(pk=order_id).values("customer_id")).values_list("timing", flat=True).first()
    return found or BillingTerms.Timing.SHIPMENT


def services_left(lines: dict[int, OrderLine]) -> dict[int, int]:
    """{line: quantity} of approved services and charges that no invoice took."""
    left = {i: line.quantity_approved - line.quantity_invoiced for i, line in lines.items() if line.kind not in SHIPPED_KINDS}
    return {i: quantity for i, quantity in left.items() if quantity > 0}


@use_case("orders.bring_invoices")
def bring_old_invoices(rows: Sequence[OldInvoice], *, by: Any, at: datetime | None = None) -> None:
    """Record invoices of another system; the order lines they name are invoiced by them, what was reserved becomes receivable.

    Raises Conflict `above_shipped`, `own_number`, `credit_bucket`.
    """
    authorize(by, "payments.bring_invoices")
    order_ids = sorted({order for row in rows for order in (row.header.order_id, *(x.order_id for x in row.header.orders))} - {0})
    orders = {order.pk: order for order in lock_orders(order_ids)}
    lines = {line.pk: line for line in lock_lines(order_ids)}
    kept = {order_id: amount for order_id, (_account, amount) in reserved(order_ids).items()}
    linked, invoiced = [], Counter[int]()
    for row in rows:
        quantities = invoiced_by(row)
        invoiced.update(quantities)
        for line_id, quantity in quantities.items():
            lines[line_id].quantity_invoiced += quantity
        freed = {}
        for order_id in sorted({lines[line_id].order_id for line_id in quantities}):
            before = kept.get(order_id, Decimal(0))
            kept[order_id] = min(before, gross_rest(orders[order_id], [x for x in lines.values() if x.order_id == order_id]))
            freed[order_id] = before - kept[order_id]
        parts = tuple(replace(x, customer_po=orders[x.order_id].customer_po, reserved=freed.get(x.order_id, Decimal(0))) for x in row.header.orders)
        linked.append(replace(row, header=replace(row.header, orders=parts), reserved=freed.get(row.header.order_id, Decimal(0))))
    add({"invoiced": invoiced})
    bring_invoices(linked)


def invoiced_by(row: OldInvoice) -> dict[int, int]:
    """{order line: quantity} that an old invoice invoices."""
    found: dict[int, int] = {}
    for line in row.lines:
        if line.order_line_id:
            found[line.order_line_id] = found.get(line.order_line_id, 0) + line.quantity
    return found


@use_case("orders.propose_cancel_invoice")
def propose_cancel_invoice(invoice_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to cancel an invoice whole; a manager confirms. Raises Conflict `invoice_cancelled`, `no_order`, `change_open`."""
    invoice = Invoice.objects.filter(pk=invoice_id, kind=Invoice.Kind.GOODS).first()
    if invoice is None:
        raise NotFound(_("There is no such invoice."), code="invoice_missing")
    if invoice.cancelled:
        raise Conflict(_("%(number)s is cancelled already.") % {"number": invoice.number}, code="invoice_cancelled")
    if not orders_of([invoice]):
        raise Conflict(_("%(number)s is of no order here: nothing can be invoiced again.") % {"number": invoice.number}, code="no_order",
                       clears=_("Credit it instead."))  # fmt: skip
    title = _("Cancel invoice %(number)s") % {"number": invoice.number}
    return propose("orders.cancel_invoice", ("invoice", invoice.pk), title, {}, reason, by=by, amount=invoice.total,
                   before={"noted": str(invoice.noted)}, customer_id=invoice.customer_id)


def cancel_invoice(change: ChangeRequest) -> CreditNote:
    """Part: credit the whole of an invoice and lower `invoiced` by it, so that its shipment can be invoiced again.

    What was paid stands on the account's credit. The only way in which `invoiced` falls. Locks orders, lines, invoice.
    Raises Conflict `not_approved` for a completed order, `invoice_cancelled`; Stale `invoice_changed`.
    """
    order_ids = orders_of(Invoice.objects.filter(pk=change.subject_id))
    orders = lock_orders(order_ids)
    lines = {line.pk: line for line in lock_lines(order_ids)}
    invoice = lock_invoices([change.subject_id])[change.subject_id]
    if invoice.cancelled:
        raise Conflict(_("%(number)s is cancelled already.") % {"number": invoice.number}, code="invoice_cancelled")
    if invoice.noted != Decimal(change.before["noted"]):
        raise Stale(_("A credit note of this invoice was issued meanwhile."), code="invoice_changed", clears=_("Propose it again."))
    for order in orders:
        if order.status != OrderStatus.APPROVED:
            raise Conflict(_("Order %(number)s is %(status)s.") % {"number": order.number, "status": order.get_status_display().lower()},
                           code="not_approved", clears=_("Open the order again first."))
    # A line that came by file may be of no order line here.
    quantities, before = {i: quantity for i, quantity in invoiced_quantities(invoice.pk).items() if i}, reserved(order_ids)
    add({"invoiced": {line_id: -quantity for line_id, quantity in quantities.items()}})
    for line_id, quantity in quantities.items():
        lines[line_id].quantity_invoiced -= quantity
    note = cancel_whole(invoice, change.reason)
    for order in orders:
        kept = before.get(order.pk, (invoice.account_id, Decimal(0)))[1]
        needed = needed_of(order, [line for line in lines.values() if line.order_id == order.pk])
        force_reserve(invoice.account_id, order.pk, max(Decimal(0), needed - kept), note.event_id)
    return note


def invoiceable(shipment: Shipment, lines: dict[int, OrderLine]) -> dict[int, int]:
    """{order line: quantity} to invoice now: what this shipment posted, and every approved service and charge left."""
    quantities: dict[int, int] = {}
    for line_id, quantity in shipment.lines.filter(posted=True).values_list("line_id", "quantity"):
        quantities[line_id] = quantities.get(line_id, 0) + quantity
    quantities.update(services_left(lines))
    return quantities


def header(order: Order, shipment: Shipment | None, account_id: int) -> InvoiceHeader:
    """The invoice's head; its date is the day of the goods issue as the command sees it."""
    return InvoiceHeader(
        account_id=account_id, customer_id=order.customer_id, currency=order.currency_id, order_id=order.pk,
        order_number=order.number, customer_po=order.customer_po, shipment_id=shipment.pk if shipment else None,
        invoice_date=current().at.date(), terms_days=order.customer.terms_days, shipment_number=shipment.number if shipment else "",
    )  # fmt: skip


def invoice_lines(lines: dict[int, OrderLine], quantities: dict[int, int]) -> list[InvoiceLineData]:
    """The invoice's lines in the order's sequence, at the order line's price and tax."""
    chosen = sorted((lines[i] for i in quantities), key=lambda line: line.position)
    skus = skus_of({line.product_id for line in chosen if line.product_id is not None})
    return [
        InvoiceLineData(
            order_line_id=line.pk, sku=skus.get(line.product_id or 0, ""), description=line.description,
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
