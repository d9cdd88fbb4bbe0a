"""Invoices and the receivables subledger (PRODUCT.md section 7).

An invoice is issued once, from shipped quantities, with a gapless number; it is never edited: only `applied` and
`credited` (with `noted`, `cancelled`) move, and open = total − applied − credited is never below 0. `ReceivableEntry` is append-only:
a customer's balance is the sum of its entries, provable at any past date. `order_id`, `order_line_id` are opaque.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.company.models import Currency, TaxRule
from oms.events.models import Event
from payments.billing.domain import Part, parts_of
from payments.credit.models import CreditAccount


class BillingTerms(models.Model):
    """How one customer is billed and how its money is matched; no row means: per shipment, no cash discount, by hand.

    `match_from`: certain proposals of this score (90–100) and more post by themselves; empty is never.
    """

    class Timing(models.TextChoices):
        SHIPMENT = "shipment", _("Each shipment")
        ORDER = "order", _("Each order, when complete")
        WEEKLY = "weekly", _("Once a week")
        MONTHLY = "monthly", _("Once a month")

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="billing_terms", primary_key=True)
    match_from = models.SmallIntegerField(_("post matches from"), null=True, blank=True)
    discount_share = models.DecimalField(_("cash discount"), max_digits=5, decimal_places=4, default=0)
    discount_days = models.SmallIntegerField(_("cash discount days"), default=0)
    timing = models.CharField(_("invoices"), max_length=10, choices=Timing.choices, default=Timing.SHIPMENT)
    instalments = models.SmallIntegerField(
        default=1, help_text=_("equal parts, the first when due, then one each month; cash discount is for what is paid at once")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("billing terms")
        constraints = [
            models.CheckConstraint(name="terms_match_from", condition=Q(match_from__isnull=True) | Q(match_from__range=(90, 100))),
            models.CheckConstraint(name="terms_discount", condition=Q(discount_share__range=(0, Decimal("0.2")), discount_days__gte=0)),
            models.CheckConstraint(name="terms_instalments", condition=Q(instalments__range=(1, 24))),
        ]

    def __str__(self) -> str:
        return f"{self.customer}"


class Invoice(models.Model):
    """A demand for money, numbered without gaps. Amounts in `currency`, at its exponent."""

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods and services")
        FEE = "fee", _("Fee")

    number = models.CharField(max_length=20, unique=True)
    serial = models.BigIntegerField(help_text=_("position in the number series"))
    series = models.CharField(max_length=20, default="invoice")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    order_id = models.BigIntegerField(db_index=True)
    order_number = models.CharField(max_length=20)
    customer_po = models.CharField(max_length=60, blank=True, default="")
    shipment_id = models.BigIntegerField(null=True, db_index=True)
    shipment_number = models.CharField(max_length=20, blank=True, default="", db_default="")
    invoice_date = models.DateField()
    due_date = models.DateField(help_text=_("of the whole, or of its first instalment"))
    instalments = models.SmallIntegerField(default=1, db_default=1, help_text=_("parts, one a month from the due date"))
    instalment = models.DecimalField(
        max_digits=18, decimal_places=3, default=0, db_default=0, help_text=_("each part but the last, which takes the rest")
    )
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)
    total = models.DecimalField(max_digits=18, decimal_places=3)
    applied = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    credited = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    noted = models.DecimalField(max_digits=18, decimal_places=3, db_default=0, help_text=_("total of its credit notes"))
    cancelled = models.BooleanField(db_default=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.GOODS, db_default=Kind.GOODS)
    discount_amount = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    discount_until = models.DateField(null=True, blank=True)
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
            models.CheckConstraint(
                name="invoice_instalments",
                condition=Q(instalments=1, instalment=0)
                | Q(instalments__range=(2, 24), instalment__gt=0, total__gte=F("instalments") * F("instalment")),
            ),
            models.UniqueConstraint(fields=["shipment_id"], name="invoice_of_shipment_once", condition=Q(cancelled=False)),
            models.CheckConstraint(name="invoice_noted", condition=Q(noted__gte=0, noted__lte=F("total"))),
            models.CheckConstraint(
                name="invoice_discount", condition=Q(discount_amount__gte=0, discount_amount__lte=F("total"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "due_date"],
                name="invoice_open",
                condition=Q(total__gt=F("applied") + F("credited")),
            ),
            models.Index(fields=["currency", "invoice_date"], name="invoice_in_parts", condition=Q(instalments__gt=1)),
            models.Index(fields=["customer", "invoice_date"], name="invoice_of_customer"),
            models.Index(fields=["-invoice_date", "-id"], name="invoice_newest"),
            models.Index(fields=["order_number"], opclasses=["varchar_pattern_ops"], name="invoice_of_order_number"),
            models.Index(fields=["customer_po"], name="invoice_of_po", condition=~Q(customer_po="")),
            models.Index(fields=["shipment_number"], name="invoice_of_shipment_number", condition=~Q(shipment_number="")),
        ]

    @property
    def open_amount(self) -> Decimal:
        return self.total - self.applied - self.credited

    @property
    def parts(self) -> list[Part]:
        """Its instalments, with what is open of each; one of the whole without."""
        return parts_of(self.total, self.open_amount, self.due_date, self.instalments, self.instalment)

    @property
    def next_due(self) -> date:
        """The day the earliest open part is due, of a settled invoice the last day of all."""
        parts = self.parts
        return next((part.due_date for part in parts if part.open), parts[-1].due_date)

    @property
    def overdue(self) -> Decimal:
        """What is open and was due before today."""
        return sum((part.open for part in self.parts if part.due_date < localdate()), Decimal(0))

    @property
    def state(self) -> str:
        """settled, overdue, or due: open, the day not yet past."""
        if not self.open_amount:
            return "settled"
        return "overdue" if self.overdue else "open"

    def __str__(self) -> str:
        return self.number


class InvoiceOrder(models.Model):
    """An order on an invoice of several (billed by the week or month); an invoice of one order names it itself."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="orders")
    order_id = models.BigIntegerField(db_index=True)
    order_number = models.CharField(max_length=20, db_index=True)
    customer_po = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "order_id"], name="invoice_order_once")]


class InvoiceLine(models.Model):
    """What is invoiced: quantity in base units at the order line's price, with its tax category and rate."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    order_line_id = models.BigIntegerField(db_index=True)
    order_number = models.CharField(max_length=20, blank=True, default="", db_default="", help_text=_("on an invoice of several orders"))
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


class CreditNote(models.Model):
    """Money an invoice is less by: `applied` of `total` settles invoices, `refunded` went back, the rest is on the account.

    Deductions (cash discount, write-off) are of their own series; a cash discount falls with its payment (`undone`).
    """

    class Kind(models.TextChoices):
        CREDIT = "credit", _("Credit note")
        CANCELLATION = "cancellation", _("Cancellation")
        CASH_DISCOUNT = "cash_discount", _("Cash discount")
        WRITE_OFF = "write_off", _("Written off")

    number = models.CharField(max_length=20, unique=True)
    serial = models.BigIntegerField()
    series = models.CharField(max_length=20)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="credit_notes")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="credit_notes")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    payment_id = models.BigIntegerField(null=True, blank=True, db_index=True, help_text=_("the payment a discount was kept of"))
    credit_date = models.DateField()
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)
    total = models.DecimalField(max_digits=18, decimal_places=3)
    applied = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    refunded = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    undone = models.BooleanField(db_default=False)
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "serial"], name="credit_note_serial_once"),
            models.UniqueConstraint(fields=["id", "account", "currency"], name="credit_note_account_currency"),
            models.CheckConstraint(name="credit_note_total", condition=Q(total=F("net") + F("tax"), total__gt=0)),
            models.CheckConstraint(
                name="credit_note_used", condition=Q(applied__gte=0, refunded__gte=0, total__gte=F("applied") + F("refunded"))
            ),
            models.CheckConstraint(
                name="credit_note_undone", condition=Q(undone=False) | Q(kind="cash_discount", applied=0, refunded=0)
            ),
        ]

    @property
    def left(self) -> Decimal:
        """What is on the account's credit."""
        return Decimal(0) if self.undone else self.total - self.applied - self.refunded

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(models.Model):
    """A part: base units of an invoice line, or an amount of a tax group; original rate, its tax on the group's first part."""

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    invoice_line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credits", null=True)
    quantity = models.BigIntegerField(default=0)
    category = models.CharField(max_length=20, choices=TaxRule.Category.choices)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        constraints = [models.CheckConstraint(name="credit_note_line_signs", condition=Q(quantity__gte=0, net__gte=0, tax__gte=0))]


class CreditApplication(models.Model):
    """`amount` of a credit note settles an invoice; a negative row undoes an earlier one. Append-only."""

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_applications")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    value_date = models.DateField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="credit_application_amount", condition=~Q(amount=0))]
        indexes = [models.Index(fields=["value_date"], name="credit_application_by_day")]


class Refund(models.Model):
    """Money that goes back: of a credit note's rest, or of a payment's. Posted when two persons decided it."""

    number = models.CharField(max_length=20, unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="refunds")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="refunds")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="refunds", null=True)
    payment_id = models.BigIntegerField(null=True, db_index=True)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    refund_date = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="refund_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="refund_of_one", condition=Q(credit_note__isnull=True, payment_id__isnull=False) | Q(credit_note__isnull=False, payment_id__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Dispute(models.Model):
    """The customer contests an invoice (`amount` of it, all when empty): it is not dunned while one is open."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="disputes")
    amount = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    reason = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice"], name="dispute_one_open", condition=Q(closed_at__isnull=True))]


class DunningNotice(models.Model):
    """A reminder that was written to an account: `level` 1 to 3, its invoices and what was open of each then."""

    number = models.CharField(max_length=20, unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="dunning_notices")
    level = models.SmallIntegerField()
    notice_date = models.DateField()
    total = models.DecimalField(max_digits=18, decimal_places=3)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="dunning_level", condition=Q(level__range=(1, 3), total__gt=0)),
            models.UniqueConstraint(fields=["account", "notice_date"], name="dunning_once_a_day"),
        ]

    def __str__(self) -> str:
        return self.number


class DunningNoticeItem(models.Model):
    """An invoice on a reminder."""

    notice = models.ForeignKey(DunningNotice, on_delete=models.PROTECT, related_name="items")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="dunning")
    open = models.DecimalField(max_digits=18, decimal_places=3, help_text=_("what of it was overdue"))
    due_date = models.DateField(null=True, help_text=_("of the earliest part that was; empty: the invoice's"))
    level = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "invoice"], name="dunning_item_once")]


class ReceivableEntry(models.Model):
    """One posting of the subledger: + what the customer owes, − what it paid. `posted_date` is business time."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        PAYMENT = "payment", _("Payment")
        REVERSAL = "reversal", _("Payment reversed")
        CREDIT = "credit", _("Credit note")
        DISCOUNT = "discount", _("Cash discount")
        WRITE_OFF = "write_off", _("Written off")
        UNDONE = "undone", _("Cash discount undone")
        REFUND = "refund", _("Refund")

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
