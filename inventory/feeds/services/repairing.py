"""Clear what waits: say what a code means, try again, discard; give up a gap; let a sender's numbers begin anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from inventory.catalog.models import Product, StorageLocation
from inventory.feeds.choices import CodeKind, FeedState
from inventory.feeds.locks import lock_feed, lock_feed_message
from inventory.feeds.models import Feed, FeedGap, FeedMessage, FeedReference
from inventory.feeds.selectors import visible_feeds, visible_messages
from inventory.feeds.services.applying import Held, _end, post_message
from inventory.feeds.services.receiving import RUN, note_gap
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.jobs.services import enqueue
from oms.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


def _held(message_id: int, by: Any) -> tuple[Feed, FeedMessage]:
    """A message in quarantine that `by` may see, under its feed's lock. Raises NotFound, Conflict `not_quarantined`."""
    if not visible_messages(by).filter(pk=message_id).exists():
        raise NotFound(_("There is no such message."), code="message_missing")
    feed, message = lock_feed_message(message_id)
    if message.state != FeedState.QUARANTINED:
        raise Conflict(_("The message is not in quarantine."), code="not_quarantined", state=message.state)
    return feed, message


def replay_message(message_id: int, *, by: Any) -> None:
    """Post a message from quarantine at its own time, as `by`. Raises what the fact's use case raises, Unprocessable `still_held`."""
    occurred = FeedMessage.objects.filter(pk=message_id).values_list("occurred_at", flat=True).first()
    _replay(message_id, by=by, at=occurred)


@use_case("feeds.replay")
def _replay(message_id: int, *, by: Any, at: datetime | None = None) -> None:
    authorize(by, "feeds.repair")
    feed, message = _held(message_id, by)
    try:
        post_message(feed, message)
    except Held as held:
        raise Unprocessable(_("It still can't be posted."), code="still_held", findings=[f._asdict() for f in held.findings],
                            clears=_("Put right what stands there, or discard it.")) from held  # fmt: skip


@use_case("feeds.set_code")
def set_code(feed_id: int, kind: str, code: str, target: str, *, by: Any, at: datetime | None = None) -> None:
    """Say what a sender's code means: `target` is our SKU, or our location's code. Raises Invalid `target_missing`, NotFound."""
    authorize(by, "feeds.repair")
    if not visible_feeds(by).filter(pk=feed_id).exists():
        raise NotFound(_("There is no such feed."), code="feed_missing")
    product = location = None
    if kind == CodeKind.PRODUCT:
        product = Product.objects.filter(sku=target).first()
    elif kind == CodeKind.LOCATION:
        location = StorageLocation.objects.filter(code=target).first()
    if (product or location) is None or not 0 < len(code) <= 40:
        raise Invalid(_("There is no %(target)s.") % {"target": target[:40] or "–"}, code="target_missing",
                      errors=[{"field": "target", "message": _("Choose one that exists.")}])  # fmt: skip
    lock_feed(feed_id)
    event = [("feed", feed_id), ("product", product.pk) if product else ("location", location.pk)]  # type: ignore[union-attr]
    current().event("feed.code_set", event, {"feed": feed_id, "kind": kind, "code": code})
    FeedReference.objects.update_or_create(feed_id=feed_id, kind=kind, code=code, defaults={"product": product, "location": location})


@use_case("feeds.discard")
def discard_message(message_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Nothing comes of a message in quarantine; it stays kept. Raises Invalid `reason_missing`, Conflict `not_quarantined`."""
    authorize(by, "feeds.discard")
    _need(reason)
    feed, message = _held(message_id, by)
    event = current().event("feed.discarded", [("feed_message", message.pk)], {"feed": feed.pk, "seq": message.seq}, note=reason)
    _end(message, FeedState.DISCARDED, event)


@use_case("feeds.skip_gap")
def skip_gap(feed_id: int, reason: str, *, by: Any, at: datetime | None = None) -> tuple[int, int]:
    """Give up the numbers that messages wait for, up to the first that is there; they are posted then. (first, last) given up.

    Raises Conflict `no_gap`, Invalid `reason_missing`. What comes of them later waits in quarantine.
    """
    authorize(by, "feeds.reset")
    _need(reason)
    feed = _visible(feed_id, by)
    waiting = FeedMessage.objects.filter(feed=feed, epoch=feed.epoch, state=FeedState.WAITING).aggregate(first=Min("seq"))["first"]
    if waiting is None or waiting <= feed.next_seq:
        raise Conflict(_("No message waits behind a gap."), code="no_gap")
    first, last = feed.next_seq, waiting - 1
    event = current().event("feed.gap_given_up", [("feed", feed.pk)], {"feed": feed.pk, "epoch": feed.epoch, "first": first, "last": last}, note=reason)
    FeedGap.objects.create(feed=feed, epoch=feed.epoch, first=first, last=last, event_id=event)
    feed.next_seq = waiting
    note_gap(feed, current().clock)
    feed.save(update_fields=["next_seq", "waiting_since"])
    enqueue(RUN, f"{feed.pk}-{event}", by=by, params={"feed": feed.pk})
    return first, last


@use_case("feeds.reset")
def reset_feed(feed_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """The sender's numbers begin anew at 1. What waits behind a gap goes to quarantine. Raises Invalid `reason_missing`."""
    authorize(by, "feeds.reset")
    _need(reason)
    feed, cmd = _visible(feed_id, by), current()
    event = cmd.event("feed.reset", [("feed", feed.pk)], {"feed": feed.pk, "epoch": feed.epoch, "next": feed.next_seq}, note=reason)
    for message in FeedMessage.objects.filter(feed=feed, epoch=feed.epoch, state=FeedState.WAITING).order_by("seq"):
        message.findings = [{"code": "left_behind", "facts": {}}]
        _end(message, FeedState.QUARANTINED, event)
    feed.epoch, feed.next_seq, feed.waiting_since, feed.ignored = feed.epoch + 1, 1, None, 0
    feed.save(update_fields=["epoch", "next_seq", "waiting_since", "ignored"])


@use_case("feeds.settle_ignored")
def settle_ignored(feed_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Say why messages came with used numbers: nothing is missing. Raises Invalid `reason_missing`."""
    authorize(by, "feeds.reset")
    _need(reason)
    feed = _visible(feed_id, by)
    current().event("feed.ignored_settled", [("feed", feed.pk)], {"feed": feed.pk, "ignored": feed.ignored}, note=reason)
    feed.ignored = 0
    feed.save(update_fields=["ignored"])


def _visible(feed_id: int, by: Any) -> Feed:
    if not visible_feeds(by).filter(pk=feed_id).exists():
        raise NotFound(_("There is no such feed."), code="feed_missing")
    return lock_feed(feed_id)


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
