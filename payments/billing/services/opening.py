"""Invoices of another system, under their own numbers: thousands by a constant number of statements.

They are of a series of their own (`opening`), so that this company's own numbers stay gapless; a number that looks like one
of ours moves our series behind it, before we issued the first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.utils.translation import gettext as _

from oms.company.selectors import exponent, numbers_ahead
from oms.company.services import begin_behind, next_numbers
from oms.events.services import current, new_ids
from oms.kernel.errors import Conflict
from payments.billing.domain import Totals, instalment_of, totals
from payments.billing.models import (
    Invoice,
    InvoiceLine,
    InvoiceOrder,
    InvoiceTax,
    ReceivableEntry,
)
from payments.billing.selectors import refuse_closed
from payments.billing.services.issuing import InvoiceHeader, InvoiceLineData, push_overdue
from payments.credit.locks import lock_accounts
from payments.credit.services import Move, move_many

SERIES, PREFIX = "opening", "OPENING-"


@dataclass(frozen=True)
class OldInvoice:
    """An invoice as the other system issued it; `reserved` is what it replaces of its order's credit reservation."""

    number: str
    header: InvoiceHeader
    due_date: date
    lines: Sequence[InvoiceLineData]
    reserved: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)
    discount_until: date | None = None
    instalments: int = 1


def clashing(numbers: Collection[str]) -> set[str]:
    """Those of the numbers that this company would give to an invoice of its own, now that it has begun to issue."""
    ahead = numbers_ahead("invoice", numbers)
    return ahead if ahead and Invoice.objects.filter(series="invoice").exists() else set()


def bring_invoices(rows: Sequence[OldInvoice]) -> list[int]:
    """Part: record old invoices with their lines, tax, receivables and credit; their ids in the order given.

    The orders they are of are locked by the caller. Raises Conflict `own_number`, `credit_bucket`.
    """
    cmd = current()
    if not rows:
        return []
    refuse_closed(row.header.invoice_date for row in rows)
    numbers = [row.number for row in rows]
    if clash := clashing(numbers):
        raise Conflict(_("%(number)s is a number this company gives itself.") % {"number": min(clash)}, code="own_number")
    accounts = {row.header.account_id for row in rows}
    lock_accounts(accounts)
    money = [totals(row.lines, exponent(row.header.currency)) for row in rows]
    invoices = [_invoice(pk, row, total) for pk, row, total in zip(new_ids("payments_invoice", len(rows)), rows, money, strict=True)]
    for invoice, row in zip(invoices, rows, strict=True):
        invoice.event_id = cmd.event("invoice.issued", _about(invoice, row), {
            "invoice": invoice.pk, "order": row.header.order_id, "shipment": None, "total": invoice.total, "old": True}, at=invoice.issued_at)
    move_many([
        (x.account_id, found, x.event_id)
        for x, row in zip(invoices, rows, strict=True)
        for found in (
            *[Move("reserved", -amount, "order", order_id) for order_id, amount in replaced(row).items()], Move("receivable", x.total, "invoice", x.pk)
        )
    ])  # fmt: skip
    begin_behind("invoice", numbers)
    for invoice, (serial, _number) in zip(invoices, next_numbers(SERIES, len(rows), prefix=PREFIX), strict=True):
        invoice.series, invoice.serial = SERIES, serial
    _insert(invoices, rows, money)
    push_overdue(accounts, cmd.at.date())
    return [x.pk for x in invoices]


def _invoice(pk: int, row: OldInvoice, money: Totals) -> Invoice:
    head = row.header
    count, each = instalment_of(money.total, row.instalments, exponent(head.currency))
    return Invoice(
        pk=pk, number=row.number, account_id=head.account_id, customer_id=head.customer_id, currency_id=head.currency, order_id=head.order_id,
        order_number=head.order_number, customer_po=head.customer_po, shipment_id=head.shipment_id, shipment_number=head.shipment_number,
        invoice_date=head.invoice_date, due_date=row.due_date, net=money.net, tax=money.tax, total=money.total, kind=head.kind,
        instalments=count, instalment=each, discount_amount=row.discount_amount, discount_until=row.discount_until, issued_at=datetime.combine(head.invoice_date, time(), UTC),
    )  # fmt: skip


def replaced(row: OldInvoice) -> dict[int, Decimal]:
    """{order: what of its credit reservation the invoice replaces}; of no order {0: 0}."""
    return {x.order_id: x.reserved for x in row.header.orders} or {row.header.order_id: row.reserved}


def _about(x: Invoice, row: OldInvoice) -> list[tuple[str, int]]:
    orders = [("order", order_id) for order_id in replaced(row) if order_id]
    return [*orders, ("customer", x.customer_id), ("invoice", x.pk), ("credit_account", x.account_id)]


def _insert(invoices: Sequence[Invoice], rows: Sequence[OldInvoice], money: Sequence[Totals]) -> None:
    Invoice.objects.bulk_create(invoices)
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=invoice, order_line_id=x.order_line_id, order_number=x.order_number, sku=x.sku, description=x.description, quantity=x.quantity,
                    unit_price=x.unit_price, price_unit=x.price_unit, discount=x.discount, net=net, tax_category=x.tax_category, tax_rate=x.tax_rate)
        for invoice, row, total in zip(invoices, rows, money, strict=True) for x, net in zip(row.lines, total.nets, strict=True)
    )  # fmt: skip
    InvoiceOrder.objects.bulk_create(
        InvoiceOrder(invoice=invoice, order_id=x.order_id, order_number=x.number, customer_po=x.customer_po)
        for invoice, row in zip(invoices, rows, strict=True) for x in row.header.orders
    )  # fmt: skip
    InvoiceTax.objects.bulk_create(
        InvoiceTax(invoice=invoice, category=g.category, rate=g.rate, net=g.net, tax=g.tax)
        for invoice, total in zip(invoices, money, strict=True) for g in total.groups
    )  # fmt: skip
    ReceivableEntry.objects.bulk_create(
        ReceivableEntry(account_id=x.account_id, customer_id=x.customer_id, kind=ReceivableEntry.Kind.INVOICE, amount=x.total, document_id=x.pk,
                        document_number=x.number, posted_date=x.invoice_date, event_id=x.event_id)
        for x in invoices
    )  # fmt: skip
