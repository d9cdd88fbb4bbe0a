"""The mailbox."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.mail.models import Mail
from oms.web.tables import AgeColumn, Column, LinkColumn, StateColumn, Table
from orders.letters.choices import LetterKind


def letter_url(record: Mail) -> str:
    """The mail's page."""
    return reverse("orders:letter-detail", args=[record.pk])


class MailTable(Table):
    """Mail to customers, the latest first."""

    title = LinkColumn(verbose_name=_("Mail"), url=letter_url, css="long")
    customer = Column(verbose_name=_("Customer"), css="long", priority=2)
    to_address = Column(verbose_name=_("To"), css="long", priority=3)
    kind = Column(verbose_name=_("Kind"), priority=2)
    status = StateColumn(verbose_name=_("State"), kinds={"sent": "done", "waiting": "", "sending": "", "failed": "trouble", "unknown": "attention", "nobody": "attention"})
    created_at = AgeColumn(verbose_name=_("Age"))

    caption = _("Mail to customers")
    empty_title = _("No mail here")
    empty_help = _("Confirmations, moved promises, shipments, invoices and answers to customers stand here as they were written.")

    def render_kind(self, value: str) -> Any:
        return LetterKind(value).label if value in LetterKind.values else value

    def row_url(self, record: Any) -> str:
        return letter_url(record)

    class Meta:
        sequence = ("title", "customer", "to_address", "kind", "status", "created_at")
