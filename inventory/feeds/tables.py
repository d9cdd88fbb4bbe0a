"""Tables of feeds and of their messages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.selectors import sentence
from oms.web.tables import AgeColumn, Column, LinkColumn, NumberColumn, StateColumn, Table

KINDS = {"waiting": "attention", "quarantined": "trouble", "applied": "done", "discarded": ""}


def feed_url(record: Feed) -> str:
    """The feed's page."""
    return reverse("inventory:feed-detail", args=[record.code])


def message_url(record: FeedMessage) -> str:
    """The message's page."""
    return reverse("inventory:feed-message", args=[record.pk])


class FeedTable(Table):
    """Senders, by name."""

    name = LinkColumn(verbose_name=_("Feed"), url=feed_url)
    next_seq = NumberColumn(verbose_name=_("Next number"))
    waiting = NumberColumn(verbose_name=_("Wait"))
    quarantined = NumberColumn(verbose_name=_("In quarantine"))
    ignored = NumberColumn(verbose_name=_("Ignored"), priority=2)
    heard_at = AgeColumn(verbose_name=_("Heard"))
    waiting_since = AgeColumn(verbose_name=_("Gap since"), priority=2)

    caption = _("Warehouse feeds")
    empty_title = _("No warehouse sends yet")
    empty_help = _("An administrator connects a warehouse's own system; what it sends is posted here in the order of its numbers.")

    def row_url(self, record: Any) -> str:
        return feed_url(record)

    class Meta:
        sequence = ("name", "next_seq", "waiting", "quarantined", "ignored", "heard_at", "waiting_since")


class WhyColumn(Column):
    """The first thing that is wrong."""

    def render(self, record: Any) -> str:
        return sentence(record.findings[0]) if record.findings else ""

    def value(self, record: Any) -> str:
        return "; ".join(sentence(f) for f in record.findings)


class FeedMessageTable(Table):
    """Messages of a feed, newest first."""

    seq = LinkColumn(verbose_name=_("Number"), url=message_url)
    external_id = Column(verbose_name=_("Their id"), priority=2)
    kind = Column(accessor="get_kind_display", verbose_name=_("Kind"), orderable=False)
    location = Column(accessor="location__code", verbose_name=_("Location"))
    state = StateColumn(verbose_name=_("State"), kinds=KINDS)
    why = WhyColumn(verbose_name=_("Why"), empty_values=(), orderable=False, css="long")
    occurred_at = AgeColumn(verbose_name=_("Occurred"))
    received_at = AgeColumn(verbose_name=_("Received"), priority=2)

    caption = _("Messages")
    empty_title = _("No messages here")
    empty_help = _("They come by POST to the feed's address, or as a file brought in under Files.")

    def row_url(self, record: Any) -> str:
        return message_url(record)

    class Meta:
        sequence = ("seq", "external_id", "kind", "location", "state", "why", "occurred_at", "received_at")
