"""One balance asked of one account for one day, and the one answer to it. Asked and answered it stays as it is."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.company.models import Currency
from oms.events.models import Event
from payments.credit.models import CreditAccount


class BalanceConfirmation(models.Model):
    """`balance` was owed at the end of `day` (negative: we owe it); `said` is what the customer's books say of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("No answer yet")
        CONFIRMED = "confirmed", _("Confirmed")
        DIFFERS = "differs", _("Differs")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="confirmations", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="balance_confirmations")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    balance = models.DecimalField(max_digits=18, decimal_places=3)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    said = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    said_by = models.CharField(max_length=200, blank=True, default="", help_text=_("Who answered for the customer, as they wrote it."))
    remark = models.TextField(blank=True, default="")
    by_link = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "account"], name="balance_asked_once"),
            models.CheckConstraint(
                name="balance_answer",
                condition=Q(state="waiting", said__isnull=True, answered_at__isnull=True, said_by="")
                | Q(state="confirmed", said=F("balance"), answered_at__gte=F("asked_at")) & ~Q(said_by="")
                | Q(state="differs", answered_at__gte=F("asked_at")) & ~Q(said=F("balance")) & ~Q(said_by=""),
            ),
        ]
        indexes = [models.Index(fields=["account", "-day"], name="balance_of_account")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.day}"

    @property
    def difference(self) -> Decimal | None:
        """What the customer's books have more than ours; None before the answer."""
        return None if self.said is None else self.said - self.balance
