"""Collection receipts: money a collector took, numbered without gaps, until a bank line or a loss note closes it.

A receipt is no payment: nothing is settled by it. `hand` ages with its collector; `deposited` cheques wait for the bank's
line; `banked` is a payment (a cheque's clears some working days after its line, or bounces); `lost` took two persons.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.accounts.models import User
from oms.company.models import Currency
from oms.events.models import Event
from payments.bank.models import Payment
from payments.credit.models import CreditAccount


class CollectionReceipt(models.Model):
    """What a collector gave a receipt for; `payment` is what became of it."""

    class Method(models.TextChoices):
        CASH = "cash", _("Cash")
        CHEQUE = "cheque", _("Cheque")

    class State(models.TextChoices):
        HAND = "hand", _("In the collector's hand")
        DEPOSITED = "deposited", _("Deposited")
        BANKED = "banked", _("On the bank")
        BOUNCED = "bounced", _("Bounced")
        LOST = "lost", _("Lost")

    number = models.CharField(max_length=20, unique=True)
    serial = models.BigIntegerField(unique=True)
    collector = models.ForeignKey(User, on_delete=models.PROTECT, related_name="collection_receipts")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="collection_receipts")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="collection_receipts")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=10, choices=Method.choices)
    cheque_number = models.CharField(max_length=40, blank=True, default="")
    cheque_bank = models.CharField(max_length=100, blank=True, default="")
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    received_date = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.HAND)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="receipt", null=True, blank=True)
    closed_reason = models.TextField(blank=True, default="")
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="receipt_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="receipt_payment", condition=Q(state__in=["banked", "bounced"], payment__isnull=False) | Q(state__in=["hand", "deposited", "lost"], payment__isnull=True)
            ),
            models.CheckConstraint(name="receipt_cheque", condition=~Q(method="cheque") | ~Q(cheque_number="")),
            models.CheckConstraint(name="receipt_deposited", condition=~Q(state__in=["deposited", "bounced"]) | Q(method="cheque")),
        ]
        indexes = [models.Index(fields=["collector", "received_date"], name="receipt_in_hand", condition=Q(state__in=["hand", "deposited"]))]

    def __str__(self) -> str:
        return self.number
