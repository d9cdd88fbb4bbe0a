"""Issue invoices: totals per EN 16931, a gapless number, the subledger and the credit account in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from payments.billing.domain import Totals, totals
from payments.billing.models import Invoice, InvoiceLine, InvoiceTax, ReceivableEntry
from payments.credit.locks import lock_accounts
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

    Locks the account, then draws the number, last. Raises Conflict `invoiced_before` for a shipment that has an invoice
    (the caller asks under its order's lock first), `nothing_to_invoice`, `credit_bucket`.
    """
    cmd = current()
    if not lines:
        raise Conflict(_("An invoice needs a line."), code="nothing_to_invoice")
    money = totals(lines, exponent(header.currency))
    invoice = Invoice(
        pk=next_id(), account_id=header.account_id, customer_id=header.customer_id, currency_id=header.currency,
        order_id=header.order_id, order_number=header.order_number, customer_po=header.customer_po,
        shipment_id=header.shipment_id, invoice_date=header.invoice_date,
        due_date=header.invoice_date + timedelta(days=header.terms_days), net=money.net, tax=money.tax,
        total=money.total, issued_at=cmd.at,
    )  # fmt: skip
    event = cmd.event(
        "invoice.issued",
        [("order", header.order_id), ("customer", header.customer_id), ("invoice", invoice.pk),
         ("credit_account", header.account_id)],
        {"invoice": invoice.pk, "order": header.order_id, "shipment": header.shipment_id, "total": money.total},
    )  # fmt: skip
    move(
        header.account_id,
        [("reserved", -reserved, "order", header.order_id), ("receivable", money.total, "invoice", invoice.pk)],
        event,
    )
    ((invoice.serial, invoice.number),) = next_numbers("invoice", 1)
    invoice.event_id = event
    _insert(invoice, lines, money)
    push_overdue([header.account_id], cmd.at.date())
    return invoice.pk


def _insert(invoice: Invoice, lines: Sequence[InvoiceLineData], money: Totals) -> None:
    """The document's rows; the shipment's uniqueness is the last guard against a second invoice."""
    try:
        invoice.save(force_insert=True)
    except IntegrityError as error:
        if "shipment" not in (getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""):
            raise
        raise Conflict(_("This shipment has an invoice already."), code="invoiced_before") from error
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=invoice, order_line_id=x.order_line_id, sku=x.sku, description=x.description,
                    quantity=x.quantity, unit_price=x.unit_price, price_unit=x.price_unit, discount=x.discount,
                    net=net, tax_category=x.tax_category, tax_rate=x.tax_rate)
        for x, net in zip(lines, money.nets, strict=True)
    )  # fmt: skip
    InvoiceTax.objects.bulk_create(
        InvoiceTax(invoice=invoice, category=g.category, rate=g.rate, net=g.net, tax=g.tax) for g in money.groups
    )
    ReceivableEntry.objects.create(
        account_id=invoice.account_id, customer_id=invoice.customer_id, kind=ReceivableEntry.Kind.INVOICE,
        amount=invoice.total, document_id=invoice.pk, document_number=invoice.number,
        posted_date=invoice.invoice_date, event_id=invoice.event_id,
    )  # fmt: skip


def next_id() -> int:
    """The next invoice id, drawn before the row so that the event can name it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_invoice_id_seq')")
        return int(cursor.fetchone()[0])


PUSH_OVERDUE = """
UPDATE payments_creditaccount a SET oldest_due_date = o.oldest, amount_overdue = o.overdue
FROM unnest(%(ids)s::bigint[]) AS i(id) CROSS JOIN LATERAL (
    SELECT min(due_date) AS oldest,
           coalesce(sum(total - applied - credited) FILTER (WHERE due_date < %(on)s), 0) AS overdue
    FROM payments_invoice WHERE account_id = i.id AND total > applied + credited
) o
WHERE a.id = i.id AND (a.oldest_due_date, a.amount_overdue) IS DISTINCT FROM (o.oldest, o.overdue)
"""


def push_overdue(account_ids: Collection[int], on: date) -> None:
    """Part: write to the accounts how old and how much of their open invoices is overdue on a day.

    The caller has locked the accounts in an earlier statement: what others committed before is then counted.
    """
    current()
    with connection.cursor() as cursor:
        cursor.execute(PUSH_OVERDUE, {"ids": sorted(account_ids), "on": on})


@use_case("payments.refresh_overdue")
def refresh_overdue(account_ids: Collection[int], *, by: Any, at: datetime | None = None) -> None:
    """Count again what is overdue, as the day has changed; no event, since nothing but the date did."""
    authorize(by, "payments.refresh_overdue")
    lock_accounts(account_ids)
    push_overdue(account_ids, current().at.date())
