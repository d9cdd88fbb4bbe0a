"""Issue invoices: totals per EN 16931, a gapless number, the subledger and the credit account in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection

from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current
from oms.kernel.money import line_net, tax_of
from payments.billing.models import Invoice, InvoiceLine, InvoiceTax, ReceivableEntry
from payments.credit.services import move


@dataclass(frozen=True)
class InvoiceHeader:
    """Whom and what for; plain values."""

    account_id: int
    customer_id: int
    currency: str
    order_id: int
    order_number: str
    customer_po: str
    shipment_id: int | None
    invoice_date: date
    terms_days: int


@dataclass(frozen=True)
class InvoiceLineData:
    """A line: base units at a price per `price_unit`, with its tax group."""

    order_line_id: int
    sku: str
    description: str
    quantity: int
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    tax_category: str
    tax_rate: Decimal


def issue_invoice(header: InvoiceHeader, lines: Sequence[InvoiceLineData], reserved: Decimal) -> int:
    """Part: issue an invoice; `reserved` is how much of the order's credit reservation it replaces. Returns its id.

    Lock order: the account, then the number series, last.
    """
    cmd = current()
    places = exponent(header.currency)
    nets = [line_net(x.quantity, x.unit_price, x.price_unit, x.discount, places) for x in lines]
    groups: dict[tuple[str, Decimal], Decimal] = {}
    for x, net in zip(lines, nets, strict=True):
        key = (x.tax_category, x.tax_rate)
        groups[key] = groups.get(key, Decimal(0)) + net
    taxes = {key: tax_of(net, key[1], places) for key, net in groups.items()}
    net, tax = sum(nets, Decimal(0)), sum(taxes.values(), Decimal(0))
    invoice = Invoice(
        account_id=header.account_id, customer_id=header.customer_id, currency_id=header.currency,
        order_id=header.order_id, order_number=header.order_number, customer_po=header.customer_po,
        shipment_id=header.shipment_id, invoice_date=header.invoice_date,
        due_date=header.invoice_date + timedelta(days=header.terms_days), net=net, tax=tax, total=net + tax,
        issued_at=cmd.at,
    )  # fmt: skip
    invoice.pk = next_id()
    subjects = [("order", header.order_id), ("customer", header.customer_id), ("invoice", invoice.pk),
                ("credit_account", header.account_id)]  # fmt: skip
    event = cmd.event(
        "invoice.issued", subjects,
        {"invoice": invoice.pk, "order": header.order_id, "shipment": header.shipment_id, "total": net + tax},
    )  # fmt: skip
    move(
        header.account_id,
        [("reserved", -reserved, "order", header.order_id), ("receivable", net + tax, "invoice", invoice.pk)],
        event,
    )
    ((serial, number),) = next_numbers("invoice", 1)
    invoice.serial, invoice.number, invoice.event_id = serial, number, event
    invoice.save(force_insert=True)
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=invoice, order_line_id=x.order_line_id, sku=x.sku, description=x.description,
                    quantity=x.quantity, unit_price=x.unit_price, price_unit=x.price_unit, discount=x.discount,
                    net=line, tax_category=x.tax_category, tax_rate=x.tax_rate)
        for x, line in zip(lines, nets, strict=True)
    )  # fmt: skip
    InvoiceTax.objects.bulk_create(
        InvoiceTax(invoice=invoice, category=category, rate=rate, net=groups[category, rate], tax=amount)
        for (category, rate), amount in taxes.items()
    )
    ReceivableEntry.objects.create(
        account_id=header.account_id, customer_id=header.customer_id, kind=ReceivableEntry.Kind.INVOICE,
        amount=net + tax, document_id=invoice.pk, document_number=number, posted_date=header.invoice_date,
        event_id=event,
    )  # fmt: skip
    return invoice.pk


def next_id() -> int:
    """The next invoice id, drawn before the row so that the event can name it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_invoice_id_seq')")
        return int(cursor.fetchone()[0])
