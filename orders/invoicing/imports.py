"""The file of invoices: documents of another system under their own numbers, a row a line; with --history their orders' too.

Open items need no order: a line of text with its net and tax rate is enough. One that names an order of this system takes its
lines: what left there is invoiced by it, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from oms.company.models import TaxRule
from oms.company.selectors import exponent
from oms.files.choices import RowState
from oms.files.exports import batched
from oms.files.formats import Column, Context, Document, Format, Row, register
from orders.book.selectors import file_numbers
from orders.invoicing.selectors import OldOrder, old_orders
from orders.invoicing.services import bring_old_invoices
from payments.bank.domain import NewBankLine
from payments.bank.models import BankAccount, Payment
from payments.bank.services import OldPayment, bring_payments
from payments.billing.domain import totals
from payments.billing.models import Invoice, InvoiceLine, InvoiceOrder
from payments.billing.services import InvoiceHeader, InvoiceLineData, OldInvoice, OrderPart, clashing
from payments.credit.models import AccountMember, CreditAccount

TAXED = (TaxRule.Category.STANDARD, TaxRule.Category.REDUCED)
PRICE_UNITS = {str(n): n for n in (1, 100, 1000)}

HEAD = (
    Column("customer", gettext_lazy("code"), longest=20),
    Column("payer", gettext_lazy("code, when its credit account is not the customer's"), default="", longest=20),
    Column("invoice_date", gettext_lazy("day it was issued"), "date"),
    Column("due_date", gettext_lazy("default: by the customer's days to pay"), "date"),
    Column("instalments", gettext_lazy("equal parts, one a month from the due date"), "integer", default=1, least=1, most=24),
    Column("kind", gettext_lazy("what it is for"), choices={k: k for k in Invoice.Kind.values}, default=Invoice.Kind.GOODS.value),
    Column("order", gettext_lazy("its order's number; of one that is here, its lines are invoiced by it"), default="", longest=60),
    Column("customer_po", gettext_lazy("the customer's order number"), default="", longest=60),
    Column("shipment", gettext_lazy("number of the delivery"), default="", longest=20),
    Column("discount_amount", gettext_lazy("cash discount, gross"), "decimal", default=Decimal(0), least=0, decimals=3),
    Column("discount_until", gettext_lazy("last value date of the cash discount"), "date"),
    Column("total", gettext_lazy("gross; refused when the lines do not give it"), "decimal", least=0, decimals=3),
    Column("paid", gettext_lazy("how much of it was paid there; leave empty when import_payments brings the payments"), "decimal", least=0, decimals=3),
    Column("paid_date", gettext_lazy("when (default: the invoice's day)"), "date"),
    Column("cancelled", gettext_lazy("whether it was cancelled; import_payments brings the cancellation"), "boolean", default=False, history=True),
)
COLUMNS = (
    Column("number", gettext_lazy("of the invoice, as it was issued"), required=True, longest=20),
    *HEAD,
    Column("sku", gettext_lazy("of a product; empty for charges and open items"), default="", longest=40),
    Column("description", gettext_lazy("text of the line"), default="", longest=200),
    Column("quantity", gettext_lazy("base units"), "integer", default=1, least=1),
    Column("price", gettext_lazy("net per price unit"), "decimal", required=True, least=0),
    Column("price_unit", gettext_lazy("base units the price is for"), choices=PRICE_UNITS, default=1),
    Column("discount", gettext_lazy("share of 1"), "decimal", default=Decimal(0), least=0, most=1),
    Column("line_order", gettext_lazy("on an invoice of several orders: the number of the line's; `order` is empty then"), default="", longest=60),
    Column("tax_category", gettext_lazy("as in the tax rules"), choices={c: c for c in TaxRule.Category.values}, default=TaxRule.Category.STANDARD.value),
    Column("tax_rate", gettext_lazy("share of 1; of standard and reduced it must be said"), "decimal", least=0, most=1),
)
COLUMN = {column.name: column for column in COLUMNS}


class Known:
    """What a batch of documents refers to, read once."""

    def __init__(self, documents: Sequence[Document]) -> None:
        numbers = [d.head["number"] for d in documents]
        self.invoices = {i.number: i for i in Invoice.objects.filter(number__in=numbers).select_related("customer")}
        self.own = clashing(numbers)
        codes = {d.head.get(name) or "" for d in documents for name in ("customer", "payer")}
        self.customers = {c.code: c for c in Customer.objects.filter(code__in=codes)}
        members = AccountMember.objects.filter(customer__code__in=codes).select_related("account", "customer")
        self.accounts = {m.customer.code: m.account for m in members}
        named = {d.head.get("order") or "" for d in documents} | {row.cells.get("line_order") or "" for d in documents for row in d.rows}
        self.orders = old_orders(named - {""})
        self.banks: dict[str, list[int]] = {}
        for pk, currency in BankAccount.objects.values_list("pk", "currency_id").order_by("pk"):
            self.banks.setdefault(currency, []).append(pk)
        self.payments = set(Payment.objects.filter(number__in=map(paid_number, numbers)).values_list("number", flat=True))

    def account(self, head: Mapping[str, Any]) -> CreditAccount | None:
        """The credit account the invoice counts against."""
        return self.accounts.get(head.get("payer") or head.get("customer") or "")

    def order(self, head: Mapping[str, Any], row: Row | None = None) -> OldOrder | None:
        """The order of this system it is of, or one of its lines."""
        linked = head.get("kind") != Invoice.Kind.FEE and not head.get("cancelled")
        named = (row.cells.get("line_order") if row else "") or head.get("order")
        return self.orders.get(named or "") if linked else None


def paid_number(number: str) -> str:
    """The number of the payment that stands for the paid part of an invoice."""
    return f"{number[:16]}-PAY"


def check(documents: Sequence[Document], context: Context) -> None:
    """Invoices that are there stay as they are; of new ones references, dates, tax, totals and what their orders shipped."""
    known = Known(documents)
    for document in documents:
        row, there = document.rows[0], known.invoices.get(document.head["number"])
        if there is None:
            document.mark(RowState.CREATE)
            check_new(document, known)
        else:
            check_same(document, there)
            if document.head.get("paid") and paid_number(there.number) not in known.payments and there.open_amount >= document.head["paid"]:
                document.mark(RowState.CHANGE)
                row.changes.append(("paid", "0", COLUMN["paid"].plain(document.head["paid"])))


def check_same(document: Document, there: Invoice) -> None:
    """A document is never changed by a file."""
    row, values = document.rows[0], {"customer": there.customer.code, "invoice_date": there.invoice_date, "due_date": there.due_date}
    for name, value in values.items():
        if row.cells.get(name) not in (None, value):
            row.refuse(name, _("%(number)s is there with %(value)s; a document does not change.") % {"number": there, "value": COLUMN[name].plain(value)})
    lines = [line_data(r.cells) for r in document.rows]
    total = totals(lines, exponent(there.currency_id)).total
    if total != there.total:
        row.refuse("price", _("%(number)s is there with a total of %(total)s; a document does not change.")
                   % {"number": there, "total": COLUMN["total"].plain(there.total)})  # fmt: skip


def check_new(document: Document, known: Known) -> None:
    """One new invoice."""
    row, head = document.rows[0], document.head
    customer, account = known.customers.get(head.get("customer") or ""), known.account(head)
    if head["number"] in known.own:
        row.refuse("number", _("is a number this company gives itself; it has begun to issue invoices."))
    if customer is None:
        row.refuse("customer", _("there is no customer %(code)s.") % {"code": head.get("customer") or "“”"})
    elif account is None:
        row.refuse("payer" if head.get("payer") else "customer", _("%(code)s has no credit account: bring in the limits first.")
                   % {"code": head.get("payer") or customer.code})  # fmt: skip
    if head.get("invoice_date") is None:
        row.refuse("invoice_date", _("is missing."))
    elif head.get("due_date") and head["due_date"] < head["invoice_date"]:
        row.refuse("due_date", _("lies before %(earlier)s.") % {"earlier": "invoice_date"})
    for each in document.rows:
        taxed = each.cells.get("tax_category", TaxRule.Category.STANDARD) in TAXED
        if taxed and each.cells.get("tax_rate") is None:
            each.refuse("tax_rate", _("is missing."))
        elif not taxed and each.cells.get("tax_rate"):
            each.refuse("tax_rate", _("is 0 in this category."))
    if document.good and account is not None and customer is not None:
        check_amounts(document, account, known)
        check_order(document, customer, known)


def check_amounts(document: Document, account: CreditAccount, known: Known) -> None:
    """What the lines give, against what the head says."""
    row, head, currency = document.rows[0], document.head, account.currency_id
    total = totals([line_data(r.cells) for r in document.rows], exponent(currency)).total
    said = {"total": total, "of": COLUMN["total"].plain(total)}
    for name in ("total", "paid", "discount_amount"):
        if head.get(name) and head[name] != round(head[name], exponent(currency)):
            row.refuse(name, _("%(currency)s has no such fraction.") % {"currency": currency})
    if head.get("total") is not None and head["total"] != total:
        row.refuse("total", _("the lines give %(of)s with tax by rate; a row of rounding can make up for it.") % said)
    if not total:
        row.refuse("price", _("an invoice is of more than 0."))
    if (head.get("discount_amount") or 0) > total or bool(head.get("discount_amount")) != bool(head.get("discount_until")):
        row.refuse("discount_amount", _("is at most the total, and needs its last day."))
    if (head.get("paid") or 0) > total:
        row.refuse("paid", _("is more than the total of %(of)s.") % said)
    if head.get("paid") and len(known.banks.get(currency, [])) != 1:
        row.refuse("paid", _("there is not exactly one bank account of ours in %(currency)s: bring the payments by import_payments.")
                   % {"currency": currency})  # fmt: skip


def check_order(document: Document, customer: Customer, known: Known) -> None:
    """The lines of a known order that the invoice takes; each once."""
    for row in document.rows:
        order = known.order(document.head, row)
        if row.cells.get("line_order") and document.head.get("order"):
            row.refuse("line_order", _("is for an invoice of several orders: leave `order` empty."))
        elif order is not None and order.customer_id != customer.pk:
            row.refuse("line_order" if row.cells.get("line_order") else "order", _("is of another customer."))
        elif line_of(row, order) is None:
            row.refuse("sku", _("order %(order)s has no line of it with %(n)s shipped and not invoiced.")
                       % {"order": order.number if order else "", "n": row.cells.get("quantity", 1)})  # fmt: skip


def line_of(row: Row, order: OldOrder | None) -> int | None:
    """The order line that a row invoices, used up by it; 0 without one, None when it does not fit."""
    cells = row.cells
    return order.take(cells.get("sku") or "", cells.get("description") or "", cells.get("quantity", 1)) if order else 0


def line_data(cells: Mapping[str, Any], line_id: int = 0) -> InvoiceLineData:
    """A row as a line of an invoice; the defaults of columns that the file lacks are filled in."""
    full = {name: cells.get(name, COLUMN[name].default) for name in COLUMN}
    text = full["description"] or full["sku"] or _("Open item")
    return InvoiceLineData(line_id, full["sku"], text, full["quantity"], full["price"], full["price_unit"], full["discount"], full["tax_category"],
                           full["tax_rate"] or Decimal(0))  # fmt: skip


def old_invoice(document: Document, known: Known) -> OldInvoice:
    """The document as the use case takes it."""
    head = {name: document.head.get(name, COLUMN[name].default) for name in COLUMN}
    customer, account, order = known.customers[head["customer"]], known.account(head), known.order(head)
    assert account is not None, "checked before"
    due = head["due_date"] or head["invoice_date"] + timedelta(days=customer.terms_days)
    header = InvoiceHeader(
        account.pk, customer.pk, account.currency_id, order.pk if order else 0, order.number if order else head["order"][:20],
        head["customer_po"], None, head["invoice_date"], 0, head["shipment"], head["kind"],
    )  # fmt: skip
    lines, named = [], {row.cells["line_order"]: known.order(head, row) for row in document.rows if row.cells.get("line_order")}
    for row in document.rows:
        each = known.order(head, row)
        shown = (each.number if each else row.cells["line_order"][:20]) if row.cells.get("line_order") else ""
        lines.append(replace(line_data(row.cells, line_of(row, each) or 0), order_number=shown))
    header = replace(header, orders=tuple(OrderPart(x.pk, x.number, "", Decimal(0)) for x in named.values() if x is not None))
    return OldInvoice(head["number"], header, due, lines, Decimal(0), head["discount_amount"], head["discount_until"],
                      head["instalments"])  # fmt: skip


def apply(documents: Sequence[Document], context: Context) -> None:
    """The invoices together, then what was paid of them."""
    known = Known(documents)
    new = [d for d in documents if d.head["number"] not in known.invoices]
    bring_old_invoices([old_invoice(d, known) for d in new], by=context.by)
    paid = [d for d in documents if d.head.get("paid")]
    if paid:
        ids = {i.number: i for i in Invoice.objects.filter(number__in=[d.head["number"] for d in paid])}
        bring_payments([old_payment(d, ids[d.head["number"]], known) for d in paid], by=context.by)


def old_payment(document: Document, invoice: Invoice, known: Known) -> OldPayment:
    """The paid part of an invoice as a payment on a bank line of its own."""
    head, number = document.head, paid_number(invoice.number)
    day = head.get("paid_date") or invoice.invoice_date
    line = NewBankLine(day, day, head["paid"], text=_("Paid of %(number)s in another system") % {"number": invoice})
    return OldPayment(number, invoice.customer_id, invoice.account_id, known.banks[invoice.currency_id][0], line, head["paid"],
                      applied={invoice.pk: head["paid"]})  # fmt: skip


def export() -> Iterator[dict[str, Any]]:
    """Every invoice with its lines, in the order in which they were issued."""
    members = dict(AccountMember.objects.values_list("customer_id", "account_id"))
    invoices = Invoice.objects.select_related("customer", "account__payer").order_by("pk")
    for some in batched(invoices.iterator(chunk_size=1_000)):
        shared = dict(InvoiceOrder.objects.filter(invoice__in=some).values_list("order_number", "order_id"))
        orders = file_numbers({*(i.order_id for i in some), *shared.values()})
        theirs = {number: orders.get(order, number) for number, order in shared.items()}
        lines: dict[int, list[InvoiceLine]] = {}
        for line in InvoiceLine.objects.filter(invoice__in=some).order_by("invoice_id", "pk"):
            lines.setdefault(line.invoice_id, []).append(line)
        for i in some:
            head = {
                "number": i.number, "customer": i.customer.code, "invoice_date": i.invoice_date, "due_date": i.due_date, "kind": i.kind,
                "instalments": i.instalments if i.instalments > 1 else None,
                "payer": "" if members.get(i.customer_id) == i.account_id else i.account.payer.code,
                "order": orders.get(i.order_id, i.order_number), "customer_po": i.customer_po, "shipment": i.shipment_number,
                "discount_amount": i.discount_amount, "discount_until": i.discount_until, "total": i.total, "cancelled": i.cancelled or None,
            }  # fmt: skip
            for x in lines[i.pk]:
                yield {**head, "sku": x.sku, "description": x.description, "quantity": x.quantity, "price": x.unit_price, "price_unit": x.price_unit,
                       "discount": x.discount, "line_order": theirs.get(x.order_number, x.order_number),
                       "tax_category": x.tax_category, "tax_rate": x.tax_rate}  # fmt: skip


INVOICES = register(
    Format("invoices", gettext_lazy("Invoices of another system: a row a line."), COLUMNS, "payments.bring_invoices", check, apply, export,
           document="number", head=tuple(c.name for c in HEAD), own=True)
)  # fmt: skip
