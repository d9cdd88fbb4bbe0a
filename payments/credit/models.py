"""Credit: how much a payer may owe, kept as a ledger with one account row under one lock (PRODUCT.md section 2).

Each amount stands in exactly one bucket: `reserved` (orders not yet invoiced, gross), `receivable` (open invoices),
`unapplied` (money not yet applied, on account), `credits` (unapplied credit notes), `deposits` (money that waits for one
order's invoices: it lowers what is reserved for that order and nothing else, so it is no part of the exposure).
exposure = reserved + receivable − unapplied − credits. `CreditEntry` is append-only; the account repeats its sums.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.company.models import Currency
from oms.events.models import Event


class CreditAccount(models.Model):
    """One account in one currency; it belongs to a payer and may be shared by a group of customers."""

    payer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    limit = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    limit_expires = models.DateField(null=True, blank=True)
    limit_share = models.DecimalField(max_digits=5, decimal_places=4, default=1, help_text=_("share of the limit that orders may use"))
    max_days_overdue = models.SmallIntegerField(default=30)
    max_amount_overdue = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    blocked = models.BooleanField(default=False)
    blocked_reason = models.CharField(max_length=30, blank=True, default="")
    reserved = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    receivable = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    unapplied = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    credits = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    deposits = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    oldest_due_date = models.DateField(null=True, blank=True)
    amount_overdue = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "currency"], name="credit_account_currency"),
            models.CheckConstraint(name="credit_limit", condition=Q(limit__gte=0)),
            models.CheckConstraint(
                name="credit_rules",
                condition=Q(limit_share__gte=0, limit_share__lte=1)
                & (Q(max_amount_overdue__isnull=True) | Q(max_amount_overdue__gte=0)),
            ),
            models.CheckConstraint(
                name="credit_buckets",
                condition=Q(reserved__gte=0, receivable__gte=0, unapplied__gte=0, credits__gte=0, deposits__gte=0),
            ),
        ]

    @property
    def exposure(self) -> Decimal:
        return self.reserved + self.receivable - self.unapplied - self.credits

    def __str__(self) -> str:
        return f"{self.payer} ({self.currency_id})"


class AccountMember(models.Model):
    """The account a customer's orders count against."""

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, related_name="credit_membership", primary_key=True
    )
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="members")


class CreditEntry(models.Model):
    """A change of one bucket; `reference_kind`/`reference_id` say for what ("order", "invoice", "payment", "cheque")."""

    class Bucket(models.TextChoices):
        RESERVED = "reserved", _("Reserved for orders")
        RECEIVABLE = "receivable", _("Open invoices")
        UNAPPLIED = "unapplied", _("Unapplied money")
        CREDITS = "credits", _("Unapplied credit notes")
        DEPOSITS = "deposits", _("Paid ahead for orders")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="entries")
    bucket = models.CharField(max_length=12, choices=Bucket.choices)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    reference_kind = models.CharField(max_length=12)
    reference_id = models.BigIntegerField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = _("credit entries")
        indexes = [models.Index(fields=["reference_kind", "reference_id"], name="credit_entry_reference")]
