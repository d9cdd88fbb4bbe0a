"""Pro forma: what an order will be invoiced at, and the share of it that is paid before anything leaves (PRODUCT.md section 7).

It is no demand of the ledger: no receivable entry stands for it, no tax is due on it. `paid` is the money that was tagged to
it; when the order changes, a new one takes its place and the old one is withdrawn.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from customers.parties.models import Customer
from oms.company.models import Currency, TaxRule
from oms.events.models import Event
from payments.credit.models import CreditAccount


class ProForma(models.Model):
    """`due` of `total` is asked for ahead: `share` of it, at the currency's exponent. One an order stands at a time."""

    number = models.CharField(max_length=20, unique=True)
    serial = models.BigIntegerField()
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="pro_formas")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="pro_formas")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    order_id = models.BigIntegerField(db_index=True)
    order_number = models.CharField(max_length=20)
    customer_po = models.CharField(max_length=60, blank=True, default="")
    issued_date = models.DateField()
    share = models.DecimalField(max_digits=5, decimal_places=4)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)
    total = models.DecimalField(max_digits=18, decimal_places=3)
    due = models.DecimalField(max_digits=18, decimal_places=3)
    paid = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    withdrawn = models.BooleanField(db_default=False)
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = "pro forma"
        constraints = [
            models.UniqueConstraint(fields=["serial"], name="pro_forma_serial_once"),
            models.UniqueConstraint(fields=["id", "account", "currency"], name="pro_forma_account_currency"),
            models.UniqueConstraint(fields=["order_id"], name="pro_forma_of_order_once", condition=Q(withdrawn=False)),
            models.CheckConstraint(name="pro_forma_total", condition=Q(total=F("net") + F("tax"))),
            models.CheckConstraint(name="pro_forma_due", condition=Q(due__gt=0, due__lte=F("total"), share__gt=0, share__lte=1)),
            models.CheckConstraint(name="pro_forma_paid", condition=Q(paid__gte=0, paid__lte=F("total")) & (Q(withdrawn=False) | Q(paid=0))),
        ]
        indexes = [
            models.Index(fields=["account"], name="pro_forma_open", condition=Q(withdrawn=False, paid__lt=F("due"))),
        ]

    asked_ahead = True  # what pages tell it from an invoice by

    @property
    def open_amount(self) -> Decimal:
        """What is still asked for."""
        return Decimal(0) if self.withdrawn else max(Decimal(0), self.due - self.paid)

    @property
    def state(self) -> str:
        """settled (withdrawn), open, or done: what was asked for is there."""
        return "settled" if self.withdrawn else "open" if self.open_amount else "done"

    @property
    def left(self) -> Decimal:
        return self.open_amount

    @property
    def due_date(self) -> date:
        """The day from which it is asked for."""
        return self.issued_date

    def __str__(self) -> str:
        return self.number


class ProFormaLine(models.Model):
    """A line of the order as it stood then."""

    pro_forma = models.ForeignKey(ProForma, on_delete=models.PROTECT, related_name="lines")
    order_line_id = models.BigIntegerField()
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
        constraints = [models.CheckConstraint(name="pro_forma_line_quantity", condition=Q(quantity__gt=0))]
