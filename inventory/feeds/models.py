"""What warehouses tell us: a sender's numbered messages, where it stands in them, and what its codes mean.

A sender numbers its messages from 1 without gaps. `Feed.next_seq` is the first number that was not yet settled: a later one
waits for it. A message is posted once, or stands in quarantine with its findings; it is never lost. An operator gives up a gap
(`FeedGap`) or lets the numbers begin anew (`epoch`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import Product, StorageLocation
from inventory.feeds.choices import CodeKind, FeedKind, FeedState
from oms.accounts.models import User
from oms.events.models import Event


class Feed(models.Model):
    """One sender. `user` sends and posts: the locations it works at are those it may tell of.

    `waiting_since` stands while a message waits behind a gap, `ignored` counts what came with a number that was used by another.
    """

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="+", help_text=_("whose key sends"))
    epoch = models.IntegerField(default=1, editable=False)
    next_seq = models.BigIntegerField(default=1, editable=False)
    active = models.BooleanField(default=True)
    waiting_since = models.DateTimeField(null=True, editable=False)
    heard_at = models.DateTimeField(null=True, editable=False)
    ignored = models.IntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="feed_numbers", condition=Q(epoch__gte=1, next_seq__gte=1, ignored__gte=0))]

    def __str__(self) -> str:
        return self.name


class FeedMessage(models.Model):
    """A message as it came (`body`), and what became of it. `location` is the one it names, where that is known."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="messages", db_index=False)
    epoch = models.IntegerField()
    seq = models.BigIntegerField()
    external_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=FeedKind.choices, blank=True, db_default="")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    occurred_at = models.DateTimeField(null=True)
    body = models.JSONField()
    body_hash = models.BinaryField(max_length=32)
    state = models.CharField(max_length=11, choices=FeedState.choices)
    findings = models.JSONField(default=list)
    outcome = models.JSONField(default=dict)
    received_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "epoch", "seq"], name="feed_number_once"),
            models.UniqueConstraint(fields=["feed", "epoch", "external_id"], name="feed_id_once"),
            models.CheckConstraint(name="feed_number_from_one", condition=Q(seq__gte=1, epoch__gte=1)),
            models.CheckConstraint(name="feed_held_for_a_reason", condition=~Q(state="quarantined") | ~Q(findings=[])),
            models.CheckConstraint(name="feed_settled_at", condition=Q(state="waiting", settled_at__isnull=True) | ~Q(state="waiting") & Q(settled_at__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="feed_message_waiting", condition=Q(state__in=["waiting", "quarantined"])),
            models.Index(fields=["feed", "-id"], name="feed_message_of_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id}/{self.epoch}/{self.seq}"


class FeedGap(models.Model):
    """Numbers `first` to `last` that were given up; why stands in the event's note."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="gaps")
    epoch = models.IntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="feed_gap_forward", condition=Q(first__gte=1, last__gte=F("first")))]


class FeedReference(models.Model):
    """`code` in a sender's messages means our product or location."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="references", db_index=False)
    kind = models.CharField(max_length=8, choices=CodeKind.choices)
    code = models.CharField(max_length=40)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "kind", "code"], name="feed_reference_once"),
            models.CheckConstraint(
                name="feed_reference_of_kind",
                condition=Q(kind="product", product__isnull=False, location__isnull=True) | Q(kind="location", product__isnull=True, location__isnull=False),
            ),
        ]
