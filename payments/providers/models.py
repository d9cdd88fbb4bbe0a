"""Charges: money asked of a customer's card or bank through a provider.

A charge is no payment: what was captured lies with the provider until the bank's line shows it. `token` is the provider's name for
the card or the mandate, never the number itself. Calls are made outside of any transaction under the charge's number as key, so
that one told twice is the same.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from customers.parties.models import Customer
from oms.company.models import Currency
from oms.events.models import Event
from payments.bank.models import Payment
from payments.billing.models import Invoice, Refund
from payments.credit.models import CreditAccount
from payments.providers.choices import UNDER_WAY, WAITS, ChargeKind, ChargeState, GivenBackState


class ProviderCharge(models.Model):
    """One charge for one invoice; `reference` is the provider's own number, `attempts` how often it did not answer."""

    number = models.CharField(max_length=20, unique=True)
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=ChargeKind.choices)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="charges")
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="charges")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    token = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=ChargeState.choices, default=ChargeState.ASKED)
    reference = models.CharField(max_length=120, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField()
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="charge", null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="charge_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="charge_payment", condition=Q(state="paid", payment__isnull=False) | Q(state="returned") | ~Q(state__in=["paid", "returned"]) & Q(payment__isnull=True)
            ),
            models.UniqueConstraint(fields=["invoice"], name="charge_one_under_way", condition=Q(state__in=[str(s) for s in UNDER_WAY])),
        ]
        indexes = [models.Index(fields=["next_at"], name="charge_to_carry_out", condition=Q(state__in=[str(s) for s in WAITS]))]

    def __str__(self) -> str:
        return self.number


class GivenBack(models.Model):
    """A decided refund that goes back the way the money came: through the provider of a paid charge. That it left is said, as of
    every refund, by the bank's line."""

    charge = models.ForeignKey(ProviderCharge, on_delete=models.PROTECT, related_name="given_back")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="given_back", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    state = models.CharField(max_length=12, choices=GivenBackState.choices, default=GivenBackState.ASKED)
    reference = models.CharField(max_length=120, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="given_back_amount", condition=Q(amount__gt=0)),
            models.UniqueConstraint(fields=["refund"], name="given_back_once", condition=~Q(state="declined")),
        ]
        indexes = [models.Index(fields=["next_at"], name="given_back_to_carry_out", condition=Q(state="asked"))]
