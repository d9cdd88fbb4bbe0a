"""Invoices and the receivables subledger (PRODUCT.md section 7).

An invoice is issued once, from shipped quantities, with a gapless number; it is never edited: only `applied` and
`credited` move, and open = total − applied − credited is never below 0. `ReceivableEntry` is append-only:
a customer's balance is the sum of its entries, provable at any past date. `order_id`, `order_line_id` are opaque.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.company.models import Currency, TaxRule
from oms.events.models import Event
from payments.credit.models import CreditAccount


class Invoice(models.Model):
    """A demand for money, numbered without gaps. Amounts in `currency`, at its exponent."""

    number = models.CharField(max_length=20, unique=True)
    serial = models.BigIntegerField(help_text=_("position in the number series"))
    series = models.CharField(max_length=20, default="invoice")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    order_id = models.BigIntegerField(db_index=True)
    order_number = models.CharField(max_length=20)
    customer_po = models.CharField(max_length=60, blank=True, default="")
    shipment_id = models.BigIntegerField(null=True, unique=True)
    invoice_date = models.DateField()
    due_date = models.DateField()
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)
    total = models.DecimalField(max_digits=18, decimal_places=3)
    applied = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    credited = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    issued_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "serial"], name="invoice_serial_once"),
            models.UniqueConstraint(fields=["id", "account", "currency"], name="invoice_account_currency"),
            models.CheckConstraint(name="invoice_total", condition=Q(total=F("net") + F("tax"))),
            models.CheckConstraint(
                name="invoice_open_not_negative",
                condition=Q(applied__gte=0, credited__gte=0, total__gte=F("applied") + F("credited")),
            ),
            models.CheckConstraint(name="invoice_due", condition=Q(due_date__gte=F("invoice_date"))),
        ]
        indexes = [
            models.Index(
                fields=["account", "due_date"],
                name="invoice_open",
                condition=Q(total__gt=F("applied") + F("credited")),
            ),
            models.Index(fields=["customer", "invoice_date"], name="invoice_of_customer"),
        ]

    @property
    def open_amount(self) -> Decimal:
        return self.total - self.applied - self.credited

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """What is invoiced: quantity in base units at the order line's price, with its tax category and rate."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    order_line_id = models.BigIntegerField(db_index=True)
    sku = models.CharField(max_length=40, blank=True, default="")
    description = models.CharField(max_length=200)
    quantity = models.BigIntegerField()
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    price_unit = models.IntegerField(default=1)
    discount = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax_category = models.CharField(max_length=20, choices=TaxRule.Category.choices)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=6)

    class Meta:
        constraints = [models.CheckConstraint(name="invoice_line_quantity", condition=Q(quantity__gt=0))]


class InvoiceTax(models.Model):
    """Tax of one (category, rate) group: half-up(Σ nets × rate)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="taxes")
    category = models.CharField(max_length=20, choices=TaxRule.Category.choices)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "category", "rate"], name="invoice_tax_group_once")]


class ReceivableEntry(models.Model):
    """One posting of the subledger: + what the customer owes, − what it paid. `posted_date` is business time."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        PAYMENT = "payment", _("Payment")
        REVERSAL = "reversal", _("Payment reversed")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="receivable_entries")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="receivable_entries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    document_id = models.BigIntegerField()
    document_number = models.CharField(max_length=40)
    posted_date = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = _("receivable entries")
        constraints = [models.UniqueConstraint(fields=["kind", "document_id"], name="receivable_entry_once")]
        indexes = [models.Index(fields=["account", "posted_date"], name="receivable_of_account")]
