"""Locks of mail."""

from __future__ import annotations

from oms.mail.models import Mail


def lock_mail(mail_id: int) -> Mail:
    """The mail, locked."""
    return Mail.objects.select_for_update(no_key=True).get(pk=mail_id)
