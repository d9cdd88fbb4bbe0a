"""Cases: something a customer asked, complained of or claims, tied to an order, line, shipment or invoice.

Two clocks in working time (`ServiceLevel`): `respond_due` until somebody answered, `resolve_due` until it is over; the
second stands still while the case waits for the customer. What was said lies in `CaseMessage` rows, erasable; events carry
ids and codes. A merged case lives on in `merged_into`, messages and all.
"""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Contact, Customer
from oms.accounts.models import User
from oms.company.models import Calendar, Currency, ReasonCode
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.fulfilment.models import Shipment
from orders.service.choices import LIVE, CaseKind, CaseStatus, Channel, Direction, Priority
from payments.billing.models import Invoice


class ServiceLevel(models.Model):
    """Working hours until a kind of case is answered and resolved, and which hours of which days count."""

    kind = models.CharField(max_length=10, choices=CaseKind.choices)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    respond_hours = models.SmallIntegerField(_("answered within"), help_text=_("working hours"))
    resolve_hours = models.SmallIntegerField(_("resolved within"), help_text=_("working hours"))
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="+", verbose_name=_("working days"))
    opens = models.TimeField(_("from"), default=time(9))
    closes = models.TimeField(_("to"), default=time(17))

    class Meta:
        verbose_name = _("service level")
        constraints = [
            models.UniqueConstraint(fields=["kind", "priority"], name="service_level_once"),
            models.CheckConstraint(name="service_level_hours", condition=Q(respond_hours__gt=0, resolve_hours__gte=F("respond_hours"))),
            models.CheckConstraint(name="service_level_day", condition=Q(closes__gt=F("opens"))),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_priority_display()}"


class Case(models.Model):
    """One case. `amount` is what a claim wants; `cause`, `party` and `controllable` are the reason code's at the resolution."""

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=10, choices=CaseKind.choices)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=CaseStatus.choices, default=CaseStatus.OPEN)
    title = models.CharField(max_length=200)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cases", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="cases")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, null=True, related_name="cases")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=3, null=True)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    assignee = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    respond_due = models.DateTimeField()
    responded_at = models.DateTimeField(null=True)
    resolve_due = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=30, blank=True, db_default="")
    party = models.CharField(max_length=10, choices=ReasonCode.Party.choices, blank=True, db_default="")
    controllable = models.BooleanField(null=True)
    outcome = models.TextField(blank=True, db_default="")
    reopened = models.SmallIntegerField(db_default=0)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="case_line_of_order", condition=Q(line__isnull=True) | Q(order__isnull=False)),
            models.CheckConstraint(
                name="case_amount", condition=Q(amount__isnull=True, currency__isnull=True) | Q(amount__gt=0, currency__isnull=False)
            ),
            models.CheckConstraint(name="case_waiting", condition=Q(status=CaseStatus.WAITING) ^ Q(waiting_since__isnull=True)),
            models.CheckConstraint(
                name="case_resolved", condition=~Q(status=CaseStatus.RESOLVED) | Q(resolved_at__isnull=False, responded_at__isnull=False)
            ),
            models.CheckConstraint(
                name="case_merged",
                condition=Q(status=CaseStatus.MERGED, merged_into__isnull=False) & ~Q(merged_into=F("id"))
                | ~Q(status=CaseStatus.MERGED) & Q(merged_into__isnull=True),
            ),
            models.CheckConstraint(name="case_cause", condition=Q(cause="", party="") | ~Q(cause="") & ~Q(party="")),
        ]
        indexes = [
            models.Index(fields=["customer", "-opened_at"], name="case_of_customer"),
            models.Index(fields=["resolve_due"], name="case_live", condition=Q(status__in=LIVE)),
        ]

    @property
    def live(self) -> bool:
        """Something is still to be done."""
        return self.status in LIVE

    @property
    def late(self) -> bool:
        """A clock ran out."""
        now = timezone.now()
        return self.status == CaseStatus.OPEN and (self.resolve_due < now or self.responded_at is None and self.respond_due < now)

    def __str__(self) -> str:
        return self.number


class CaseMessage(models.Model):
    """One thing said or noted. Erasable: the event beside it has no text."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    direction = models.CharField(max_length=4, choices=Direction.choices)
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="case_message_text", condition=~Q(text=""))]


class CaseFile(models.Model):
    """A file that came with a message; kept as it came, never shown inside a page."""

    message = models.ForeignKey(CaseMessage, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    size = models.IntegerField()
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(name="case_file_size", condition=Q(size__gt=0, size__lte=5 * 2**20))]


class CaseLink(models.Model):
    """Two cases have to do with each other; the one with the smaller key first."""

    first = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="case_link_once"),
            models.CheckConstraint(name="case_link_order", condition=Q(first__lt=F("second"))),
        ]
