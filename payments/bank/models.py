"""Bank lines in, payments out of them, and what they pay (PRODUCT.md section 7).

A bank line is recorded once, though equal lines on one day are legal (`occurrence_no`). A payment belongs to a credit
account and stands on a bank line; `Application` rows (append-only, negative to undo) apply it to invoices of the same
account and currency: the composite foreign keys and the sums checked at commit leave no other way. `Deposit` rows tag money
that came ahead to an order's pro forma; what is tagged waits for that order's invoices and for nothing else.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, When
from django.db.models.expressions import OrderBy
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.company.models import Currency
from oms.events.models import Event
from payments.billing.models import Invoice, ProForma, Refund
from payments.credit.models import CreditAccount


class BankAccount(models.Model):
    """One of the company's own accounts."""

    name = models.CharField(max_length=100)
    iban = models.CharField(max_length=34, unique=True)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class BankStatement(models.Model):
    """A statement as the bank sent it; opening + lines = closing and opening = the closing before, else it is
    quarantined with the difference; also where the file contradicts itself otherwise (`flaw` says how)."""

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    number = models.CharField(max_length=40)
    opening = models.DecimalField(max_digits=18, decimal_places=3)
    closing = models.DecimalField(max_digits=18, decimal_places=3)
    statement_date = models.DateField()
    difference = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    balances = models.BooleanField(default=True, db_default=True, help_text=_("the bank said opening and closing"))
    flaw = models.CharField(max_length=200, blank=True, default="", db_default="")
    file_name = models.CharField(max_length=200, default="")
    file_sha256 = models.BinaryField(max_length=32)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "number", "statement_date"], name="statement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.number}"


class StatementRelease(models.Model):
    """Finance looked at a quarantined statement and says why it stands; only then its lines post by rule."""

    statement = models.OneToOneField(BankStatement, on_delete=models.PROTECT, related_name="release", primary_key=True)
    reason = models.TextField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)


WAITS = Q(amount__gt=0) & Q(amount__gt=F("matched"))


class BankLine(models.Model):
    """One entry on the bank account; `matched` of it is explained by payments."""

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="lines")
    statement = models.ForeignKey(
        BankStatement, on_delete=models.PROTECT, related_name="lines", null=True, blank=True
    )
    booking_date = models.DateField()
    value_date = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True, default="")
    counterparty = models.CharField(max_length=200, blank=True, default="")
    counterparty_account = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=140, blank=True, default="")
    bank_reference = models.CharField(max_length=140, blank=True, default="")
    text_hash = models.BinaryField(max_length=32)
    occurrence_no = models.IntegerField(default=1)
    matched = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "value_date", "amount", "text_hash", "occurrence_no"], name="bank_line_once"
            ),
            models.CheckConstraint(
                name="bank_line_matched",
                condition=Q(matched__gte=0) & (Q(matched__lte=F("amount")) | Q(matched__lte=-F("amount"))),
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "value_date"], name="bank_line_open", condition=Q(amount__gt=F("matched"))
            ),
            # The order of the page: what waits, the oldest first, then the latest.
            models.Index(
                OrderBy(ExpressionWrapper(WAITS, models.BooleanField()), descending=True), Case(When(WAITS, then=F("value_date"))),
                Case(When(WAITS, then=F("id"))), OrderBy(F("value_date"), descending=True), OrderBy(F("id"), descending=True),
                name="bank_line_in_queue",
            ),
        ]  # fmt: skip

    @property
    def unmatched(self) -> Decimal:
        return abs(self.amount) - self.matched

    @property
    def state(self) -> str:
        """unmatched, partly (matched), matched, or out: money that went out and is not all explained by refunds."""
        if self.amount <= 0:
            return "matched" if self.amount and not self.unmatched else "out"
        return "matched" if self.matched == self.amount else "partly" if self.matched else "unmatched"


class PaidOut(models.Model):
    """A refund that left the bank with this line; `undone` when it was the wrong one: the refund waits to be seen again."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="paid_out")
    bank_line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="paid_out")
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    undone = models.BooleanField(default=False, db_default=False)
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund"], name="refund_paid_out_once", condition=Q(undone=False)),
            models.CheckConstraint(name="paid_out_amount", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.refund}"


class PayerAccount(models.Model):
    """An account of which a customer's money came, learned from what finance matched; `uses` payments stand for it."""

    account = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="payer_accounts")
    uses = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "customer"], name="payer_account_once"),
            models.CheckConstraint(name="payer_account_uses", condition=Q(uses__gte=0)),
        ]

    def __str__(self) -> str:
        return self.account


class Payment(models.Model):
    """Money a payer gave us, standing on a bank line. `applied` of `amount` settles invoices."""

    class Clearing(models.TextChoices):
        RECEIVED = "received", _("Received")
        DEPOSITED = "deposited", _("Deposited")
        CLEARED = "cleared", _("Cleared")
        BOUNCED = "bounced", _("Bounced")
        REVERSED = "reversed", _("Reversed")

    GONE = frozenset({Clearing.BOUNCED, Clearing.REVERSED})

    number = models.CharField(max_length=20, unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="payments")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="payments")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    bank_line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    applied = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    refunded = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    tagged = models.DecimalField(max_digits=18, decimal_places=3, db_default=0, help_text=_("waits for an order's invoices"))
    clearing = models.CharField(max_length=10, choices=Clearing.choices)
    value_date = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "account", "currency"], name="payment_account_currency"),
            models.CheckConstraint(name="payment_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_applied",
                condition=Q(applied__gte=0, refunded__gte=0, tagged__gte=0, amount__gte=F("applied") + F("refunded") + F("tagged")),
            ),
        ]
        indexes = [
            models.Index(fields=["customer"], name="payment_with_rest", condition=Q(amount__gt=F("applied")) & ~Q(clearing__in=["reversed", "bounced"])),
        ]

    @property
    def rest(self) -> Decimal:
        """What is neither applied nor paid back nor tagged to an order."""
        return self.amount - self.applied - self.refunded - self.tagged

    def __str__(self) -> str:
        return self.number


class Application(models.Model):
    """`amount` of a payment settles an invoice; a negative row undoes an earlier one. Append-only."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="applications")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    value_date = models.DateField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="application_amount", condition=~Q(amount=0))]
        indexes = [models.Index(fields=["value_date"], name="application_by_day")]


class Deposit(models.Model):
    """`amount` of a payment came ahead for an order; a negative row takes it back, or (`used`) applies it to the order's
    invoice. Append-only."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="deposits")
    pro_forma = models.ForeignKey(ProForma, on_delete=models.PROTECT, related_name="deposits")
    order_id = models.BigIntegerField(db_index=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    used = models.BooleanField(default=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="deposit_amount", condition=~Q(amount=0))]
