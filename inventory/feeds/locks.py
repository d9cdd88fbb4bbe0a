"""A feed is locked before anything its messages are about: its messages are taken one at a time."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.feeds.models import Feed, FeedMessage
from oms.kernel.errors import NotFound


def lock_feed(feed_id: int) -> Feed:
    """The feed, locked and fresh. Raises NotFound `feed_missing`."""
    found = Feed.objects.select_for_update(no_key=True, of=("self",)).filter(pk=feed_id).first()
    if found is None:
        raise NotFound(_("There is no such feed."), code="feed_missing")
    return found


def lock_feed_message(message_id: int) -> tuple[Feed, FeedMessage]:
    """A message under its feed's lock. Raises NotFound `message_missing`."""
    named = FeedMessage.objects.filter(pk=message_id).values_list("feed_id", flat=True).first()
    if named is None:
        raise NotFound(_("There is no such message."), code="message_missing")
    feed = lock_feed(named)
    return feed, FeedMessage.objects.get(pk=message_id)
