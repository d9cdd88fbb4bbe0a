"""Tables of messages."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import AgeColumn, Column, LinkColumn, StateColumn, Table
from orders.channels.models import Message
from orders.channels.selectors import sentence

KINDS = {"new": "attention", "quarantined": "trouble", "entered": "done"}


def message_url(record: Message) -> str:
    """The message's page."""
    return reverse("orders:message-detail", args=[record.number])


class WhyColumn(Column):
    """The first thing that is wrong, or what came of it."""

    def render(self, record: Any) -> str:
        return sentence(record.findings[0]) if record.findings else record.note

    def value(self, record: Any) -> str:
        return "; ".join(sentence(f) for f in record.findings) or record.note


class MessageTable(Table):
    """Messages, newest first."""

    number = LinkColumn(verbose_name=_("Message"), url=message_url)
    partner = Column(accessor="partner__name", verbose_name=_("From"), css="long")
    external_id = Column(verbose_name=_("Their number"))
    state = StateColumn(verbose_name=_("State"), kinds=KINDS)
    why = WhyColumn(verbose_name=_("Why"), empty_values=(), orderable=False, css="long", priority=2)
    order = Column(accessor="order__number", verbose_name=_("Order"))
    kind = Column(accessor="get_kind_display", verbose_name=_("Kind"), orderable=False, priority=3)
    received_at = AgeColumn(verbose_name=_("Received"), priority=2)

    caption = _("Messages")
    empty_title = _("No messages here")
    empty_help = _("Partners send them to their channel's address or folder; you may also send a file by hand.")

    def row_url(self, record: Any) -> str:
        return message_url(record)

    class Meta:
        sequence = ("number", "partner", "external_id", "state", "why", "order", "kind", "received_at")
