"""Issue invoices: totals per EN 16931, a gapless number, the subledger and the credit account in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.models import TaxRule
from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import half_up
from payments.billing.domain import Totals, instalment_of, totals
from payments.billing.models import (
    BillingTerms,
    Invoice,
    InvoiceLine,
    InvoiceOrder,
    InvoiceTax,
    ReceivableEntry,
)
from payments.billing.selectors import open_day
from payments.credit.locks import lock_accounts
from payments.credit.models import CreditAccount
from payments.credit.services import move


@dataclass(frozen=True)
class OrderPart:
    """An order on an invoice of several; `reserved` is how much of its credit reservation the invoice replaces."""

    order_id: int
    number: str
    customer_po: str
    reserved: Decimal


@dataclass(frozen=True)
class InvoiceHeader:
    """Whom and what for; plain values. Of several orders `orders` names each, and `order_id` is 0."""

    account_id: int
    customer_id: int
    currency: str
    order_id: int
    order_number: str
    customer_po: str
    shipment_id: int | None
    invoice_date: date
    terms_days: int
    shipment_number: str = ""
    kind: str = "goods"
    orders: tuple[OrderPart, ...] = ()


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
    order_number: str = ""


def issue_invoice(header: InvoiceHeader, lines: Sequence[InvoiceLineData], reserved: Decimal) -> int:
    """Part: issue an invoice; `reserved` is how much of its one order's credit reservation it replaces. Returns its id.

    Its date is the header's, or the first open day when that month is closed. Locks the account, then draws the number, last. Raises Conflict `invoiced_before` for a shipment that has an invoice
    (the caller asks under its order's lock first), `nothing_to_invoice`, `credit_bucket`.
    """
    cmd = current()
    if not lines:
        raise Conflict(_("An invoice needs a line."), code="nothing_to_invoice")
    money = totals(lines, exponent(header.currency))
    header = replace(header, invoice_date=open_day(header.invoice_date))
    invoice = Invoice(
        pk=new_ids("payments_invoice")[0], account_id=header.account_id, customer_id=header.customer_id, currency_id=header.currency,
        order_id=header.order_id, order_number=header.order_number, customer_po=header.customer_po,
        shipment_id=header.shipment_id, shipment_number=header.shipment_number, invoice_date=header.invoice_date,
        due_date=header.invoice_date + timedelta(days=header.terms_days), net=money.net, tax=money.tax,
        total=money.total, issued_at=cmd.at, kind=header.kind, **by_terms(header, money.total),
    )  # fmt: skip
    replaced = {x.order_id: x.reserved for x in header.orders} or {header.order_id: reserved}
    event = cmd.event(
        "invoice.issued",
        [*[("order", order_id) for order_id in replaced if order_id], ("customer", header.customer_id), ("invoice", invoice.pk),
         ("credit_account", header.account_id)],
        {"invoice": invoice.pk, "order": header.order_id, "shipment": header.shipment_id, "total": money.total},
    )  # fmt: skip
    move(
        header.account_id,
        [*[("reserved", -amount, "order", order_id) for order_id, amount in replaced.items()], ("receivable", money.total, "invoice", invoice.pk)],
        event,
    )
    ((invoice.serial, invoice.number),) = next_numbers("invoice", 1)
    invoice.event_id = event
    _insert(invoice, lines, money)
    InvoiceOrder.objects.bulk_create(
        InvoiceOrder(invoice=invoice, order_id=x.order_id, order_number=x.number, customer_po=x.customer_po) for x in header.orders
    )
    push_overdue([header.account_id], cmd.at.date())
    return invoice.pk


def by_terms(header: InvoiceHeader, total: Decimal) -> dict[str, Any]:
    """In how many parts the invoice is paid, or what of it the customer may keep until which value date; never of a fee."""
    terms = BillingTerms.objects.filter(customer_id=header.customer_id).first()
    if terms is None or header.kind != Invoice.Kind.GOODS:
        return {}
    places = exponent(header.currency)
    count, each = instalment_of(total, terms.instalments, places)
    if count > 1:
        return {"instalments": count, "instalment": each}
    amount = half_up(total * terms.discount_share, places)
    return {"discount_amount": amount, "discount_until": header.invoice_date + timedelta(days=terms.discount_days)} if amount else {}


def fee(account_id: int, customer_id: int, currency: str, amount: Decimal, text: str) -> int:
    """Part: an invoice of a fee (a returned cheque, a reminder): damages, so no tax; due at once. Returns its id."""
    header = InvoiceHeader(account_id, customer_id, currency, 0, "", "", None, current().at.date(), 0, kind=Invoice.Kind.FEE)
    line = InvoiceLineData(0, "", text[:200], 1, amount, 1, Decimal(0), TaxRule.Category.EXEMPT, Decimal(0))
    return issue_invoice(header, [line], Decimal(0))


@use_case("payments.charge_fee")
def charge_fee(customer_id: int, amount: Decimal, text: str, *, by: Any, at: datetime | None = None) -> int:
    """Charge a customer a fee by hand; the invoice's id. Raises Conflict `no_account`, Invalid `bad_amount`, `reason_missing`."""
    authorize(by, "payments.charge_fee")
    account = CreditAccount.objects.filter(members__customer_id=customer_id).first()
    if account is None:
        raise Conflict(_("The customer has no credit account."), code="no_account")
    if not text.strip():
        raise Invalid(_("Say what the fee is for."), code="reason_missing")
    if not amount.is_finite() or not 0 < amount < 10**9 or amount != round(amount, exponent(account.currency_id)):
        raise Invalid(_("The amount is above 0, in the currency's smallest unit."), code="bad_amount")
    return fee(account.pk, customer_id, account.currency_id, amount, text)


def _insert(invoice: Invoice, lines: Sequence[InvoiceLineData], money: Totals) -> None:
    """The document's rows; the shipment's uniqueness is the last guard against a second invoice."""
    try:
        invoice.save(force_insert=True)
    except IntegrityError as error:
        if "shipment" not in (getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""):
            raise
        raise Conflict(_("This shipment has an invoice already."), code="invoiced_before") from error
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=invoice, order_line_id=x.order_line_id, order_number=x.order_number, sku=x.sku, description=x.description,
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


PUSH_OVERDUE = """
UPDATE payments_creditaccount a SET oldest_due_date = o.oldest, amount_overdue = o.overdue
FROM unnest(%(ids)s::bigint[]) AS i(id) CROSS JOIN LATERAL (
    SELECT min(p.due_date) AS oldest, coalesce(sum(p.open) FILTER (WHERE p.due_date < %(on)s), 0) AS overdue
    FROM payments_invoice x CROSS JOIN LATERAL open_parts(x.total, x.total - x.applied - x.credited, x.due_date, x.instalments, x.instalment) p
    WHERE x.account_id = i.id AND x.total > x.applied + x.credited
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
