"""Trading partners and shops, what they sent and what we answered.

`Transmission` is what arrived, byte for byte, and never changes. Each message in it is a `Message`: its `content` is
what a format's adapter read (orders.channels.domain.OrderMessage as JSON), `corrections` what a person put in place of it
({path: text}), `waived` the findings a person took as they are. A message is entered, or waits in quarantine with its
findings; it is never lost and never entered twice. `CrossReference` says what a partner's code means to us.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Address, Customer
from inventory.catalog.models import Product
from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order
from orders.channels.choices import (
    Format,
    MessageKind,
    MessageState,
    Places,
    Prices,
    ReferenceKind,
    Via,
)


class TradingPartner(models.Model):
    """Who sends: a shop or a trading partner, with the format it writes.

    `actor` enters its orders (a system user of its own: the order's number of the sender is unique with it), `account` is
    whose keys may use the API for it. `customer` buys where a message names no buyer that is cross-referenced. `identity`
    and `our_identity` are the codes of the envelope, "" takes any.
    """

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    format = models.CharField(max_length=12, choices=Format.choices)
    actor = models.OneToOneField(User, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text=_("whose keys may send"))
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    prices = models.CharField(max_length=6, choices=Prices.choices, default=Prices.OURS)
    places = models.CharField(max_length=7, choices=Places.choices, default=Places.KNOWN)
    secret = models.CharField(max_length=200, blank=True, default="", help_text=_("of its webhooks' signatures"))
    identity = models.CharField(max_length=60, blank=True, default="", help_text=_("of its interchanges, as code or qualifier:code"))
    our_identity = models.CharField(max_length=60, blank=True, default="", help_text=_("as it addresses us"))
    charset = models.CharField(max_length=20, blank=True, default="", help_text=_("where the format does not say"))
    takes_tests = models.BooleanField(default=False, help_text=_("orders marked as a test are entered"))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class CrossReference(models.Model):
    """`code` in a partner's messages means our product, customer, address or unit."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="references", db_index=False)
    kind = models.CharField(max_length=8, choices=ReferenceKind.choices)
    code = models.CharField(max_length=80)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    address = models.ForeignKey(Address, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    unit = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "kind", "code"], name="cross_reference_once"),
            models.CheckConstraint(
                name="cross_reference_of_kind",
                condition=Q(kind="product", product__isnull=False, customer__isnull=True, address__isnull=True, unit="")
                | Q(kind="customer", product__isnull=True, customer__isnull=False, address__isnull=True, unit="")
                | Q(kind="address", product__isnull=True, customer__isnull=True, address__isnull=False, unit="")
                | (Q(kind="unit", product__isnull=True, customer__isnull=True, address__isnull=True) & ~Q(unit="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.kind} {self.code}"


class Transmission(models.Model):
    """A file or request as it arrived. The same bytes (with the same topic) again are the same transmission."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="transmissions", db_index=False)
    via = models.CharField(max_length=8, choices=Via.choices)
    name = models.CharField(max_length=200, blank=True, db_default="")
    topic = models.CharField(max_length=60, blank=True, db_default="")
    body = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    controls = ArrayField(models.CharField(max_length=40), db_default=[], blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    received_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "sha256", "topic"], name="transmission_once")]


class Message(models.Model):
    """One message of a transmission, from quarantine or waiting to what came of it (lifecycle.MESSAGE)."""

    number = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="messages", db_index=False)
    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, related_name="messages")
    position = models.IntegerField()
    kind = models.CharField(max_length=8, choices=MessageKind.choices)
    name = models.CharField(max_length=60, blank=True, db_default="")
    reference = models.CharField(max_length=60, blank=True, db_default="")
    external_id = models.CharField(max_length=80, blank=True, db_default="")
    state = models.CharField(max_length=11, choices=MessageState.choices)
    content = models.JSONField(null=True)
    content_hash = models.BinaryField(max_length=32, null=True)
    corrections = models.JSONField(default=dict)
    waived = ArrayField(models.CharField(max_length=40), default=list)
    findings = models.JSONField(default=list)
    envelope = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True, db_default="")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="messages")
    received_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transmission", "position"], name="message_position_once"),
            models.CheckConstraint(name="message_entered_as_order", condition=~Q(state__in=["entered", "duplicate"]) | Q(order__isnull=False)),
            models.CheckConstraint(name="message_held_for_a_reason", condition=~Q(state="quarantined") | ~Q(findings=[])),
        ]
        indexes = [
            models.Index(fields=["partner", "external_id"], name="message_of_external_id", condition=~Q(external_id="")),
            models.Index(fields=["state", "id"], name="message_waiting", condition=Q(state__in=["new", "quarantined"])),
            models.Index(fields=["partner", "-id"], name="message_of_partner"),
        ]

    def __str__(self) -> str:
        return self.number


class Reply(models.Model):
    """A message of ours to a partner; `taken_at` is when the partner or its folder had it."""

    number = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="replies", db_index=False)
    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, related_name="replies")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=20, blank=True, db_default="")
    control = models.CharField(max_length=60)
    content_type = models.CharField(max_length=60)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    taken_at = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "state"], name="reply_once", condition=Q(order__isnull=False)),
        ]
        indexes = [models.Index(fields=["partner", "id"], name="reply_untaken", condition=Q(taken_at__isnull=True))]

    def __str__(self) -> str:
        return self.number


class WebhookEndpoint(models.Model):
    """Where a partner's machine hears of its orders. `secret` signs (standardwebhooks: whsec_ and base64).

    `failing_since` is set while nothing gets through; an endpoint that is off keeps its deliveries waiting.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text=_("of whose customer it hears"))
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100, editable=False)
    active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one endpoint; those of an order go out in the order of the events, one at a time."""

    class Status(models.TextChoices):
        NEW = "new", _("Waiting")
        DONE = "done", _("Delivered")
        DEAD = "dead", _("Given up")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=4, choices=Status.choices, db_default=Status.NEW)
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    answer = models.CharField(max_length=200, blank=True, db_default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = _("webhook deliveries")
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_once")]
        indexes = [models.Index(fields=["endpoint", "order", "event"], name="webhook_waiting", condition=Q(status="new"))]

    def __str__(self) -> str:
        return f"{self.event.name} → {self.endpoint}"
