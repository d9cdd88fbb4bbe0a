"""Messages are locked before the orders they are about."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.channels.models import Message


def lock_message(message_id: int) -> Message:
    """One message, locked and fresh. Raises NotFound `message_missing`."""
    found = Message.objects.select_for_update(no_key=True, of=("self",)).filter(pk=message_id).first()
    if found is None:
        raise NotFound(_("There is no such message."), code="message_missing")
    return found
