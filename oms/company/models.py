"""The one legal entity and the data everybody shares: currency, tax, calendars, number series, reason codes.

Tax is found by rule (product's class, customer's status, ship-from, ship-to, date): no rule means no tax is known,
which holds the order; it never means 0 %. A number series is a counter row under lock, so invoice numbers are gapless.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Currency(models.Model):
    """ISO 4217 code with its exponent (0, 2 or 3 decimals)."""

    code = models.CharField(max_length=3, primary_key=True)
    exponent = models.SmallIntegerField()

    class Meta:
        verbose_name_plural = _("currencies")
        constraints = [models.CheckConstraint(name="currency_exponent", condition=Q(exponent__in=[0, 2, 3]))]

    def __str__(self) -> str:
        return self.code


class Company(models.Model):
    """The legal entity that sells: one row."""

    name = models.CharField(max_length=200)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2)
    timezone = models.CharField(max_length=50, default="UTC")
    address = models.TextField(blank=True, default="")
    vat_id = models.CharField(max_length=20, blank=True, default="")
    iban = models.CharField(max_length=34, blank=True, default="")
    document_footer = models.TextField(blank=True, default="")
    balance_day = models.SmallIntegerField(
        _("balances asked on day"), null=True, blank=True,
        help_text=_("day of the month on which customers are asked to confirm the balance at the end of the last one; empty: asked by hand"),
    )  # fmt: skip

    class Meta:
        verbose_name_plural = _("company")
        constraints = [
            models.CheckConstraint(name="company_one_row", condition=Q(pk=1)),
            models.CheckConstraint(name="company_balance_day", condition=Q(balance_day__isnull=True) | Q(balance_day__range=(1, 28))),
        ]

    def __str__(self) -> str:
        return self.name


class TaxRule(models.Model):
    """Rate and category for (product tax class, customer tax status, ship-from, ship-to) from a date on.

    Empty country means any; the most specific rule wins, then the latest start. `rate` is a share (0.19).
    """

    class Category(models.TextChoices):
        STANDARD = "standard", _("Standard")
        REDUCED = "reduced", _("Reduced")
        ZERO = "zero", _("Zero")
        EXEMPT = "exempt", _("Exempt")
        REVERSE = "reverse_charge", _("Reverse charge")
        EXPORT = "export", _("Export")

    tax_class = models.CharField(max_length=20)
    tax_status = models.CharField(max_length=20)
    ship_from = models.CharField(max_length=2, blank=True, default="")
    ship_to = models.CharField(max_length=2, blank=True, default="")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    category = models.CharField(max_length=20, choices=Category.choices)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tax_class", "tax_status", "ship_from", "ship_to", "valid_from"], name="tax_rule_once"
            ),
            models.CheckConstraint(name="tax_rule_rate", condition=Q(rate__gte=0, rate__lt=1)),
        ]

    def __str__(self) -> str:
        return f"{self.tax_class}/{self.tax_status} {self.ship_from or '*'}→{self.ship_to or '*'}: {self.rate}"


class NumberSeries(models.Model):
    """A gapless counter: `next_number` is taken under the row's lock, in the document's own transaction."""

    code = models.CharField(max_length=20, primary_key=True)
    prefix = models.CharField(max_length=10)
    next_number = models.BigIntegerField(default=1)

    class Meta:
        verbose_name_plural = _("number series")

    def __str__(self) -> str:
        return f"{self.code}: {self.prefix}{self.next_number}"


class Calendar(models.Model):
    """Working days: a weekly pattern (Monday first) and the days that differ from it."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    weekdays = ArrayField(models.BooleanField(), size=7)

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """A day on which the calendar differs from its weekly pattern: a holiday, or a Saturday worked."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    working = models.BooleanField()
    name = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="calendar_day_once")]


class ReasonCode(models.Model):
    """Why something was cut, cancelled, short, returned: with who answers for it and whether we could help it."""

    class Party(models.TextChoices):
        COMPANY = "company", _("Company")
        CUSTOMER = "customer", _("Customer")
        SUPPLIER = "supplier", _("Supplier")
        CARRIER = "carrier", _("Carrier")

    kind = models.CharField(max_length=20)
    code = models.CharField(max_length=30)
    text = models.CharField(max_length=200)
    controllable = models.BooleanField(default=True)
    party = models.CharField(max_length=10, choices=Party.choices, default=Party.COMPANY)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="reason_code_once")]

    def __str__(self) -> str:
        return self.text
