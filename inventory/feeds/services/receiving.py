"""Keep what a warehouse sends, each number once. Nothing is posted here: the worker does, in the order of the numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.feeds.choices import FeedState
from inventory.feeds.domain import read
from inventory.feeds.locks import lock_feed
from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.selectors import meant
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.jobs.services import enqueue
from oms.kernel.canonical import canonical, digest
from oms.kernel.errors import Conflict, Invalid

log = logging.getLogger(__name__)

MOST_MESSAGES = 1_000
RUN = "feeds.run"


class Sent(NamedTuple):
    """One message of a sender: its number, its id, and the fact as JSON (domain.FeedFact)."""

    seq: int
    id: str
    body: Any


@use_case("feeds.receive")
def receive_messages(feed_id: int, messages: Sequence[Sent], *, by: Any, at: datetime | None = None) -> dict[int, str]:
    """Keep messages and have them posted; {number: what became of it}: `kept`, `again` (the same came before), `ignored`
    (its number or id was used by another message) or `late` (its number was given up: it waits for a person).

    Raises Forbidden, Invalid `too_many`, Conflict `feed_off`. A body that can't be read is kept too, and will be quarantined.
    """
    authorize(by, "feeds.send", Feed.objects.filter(pk=feed_id).first())
    if not 0 < len(messages) <= MOST_MESSAGES:
        raise Invalid(_("Between 1 and %(most)s messages are taken at once.") % {"most": MOST_MESSAGES}, code="too_many")
    feed = lock_feed(feed_id)
    if not feed.active:
        raise Conflict(_("The feed %(name)s is switched off.") % {"name": feed.name}, code="feed_off", clears=_("Ask an administrator."))
    cmd = current()
    hashes = {m.seq: digest(m.id.encode(), canonical(m.body)) for m in messages}
    there = _there(feed, messages)
    ids = {external for _hash, external in there.values()}
    event = cmd.event("feed.received", [], {"feed": feed.pk, "epoch": feed.epoch, "messages": len(messages)})
    answer: dict[int, str] = {}
    fresh: dict[int, FeedMessage] = {}
    for sent in messages:
        before = there.get(sent.seq)
        if before is None and sent.seq not in fresh and sent.id not in ids:
            fresh[sent.seq] = _new(feed, sent, hashes[sent.seq], event, cmd.clock)
            ids.add(sent.id)
            answer[sent.seq] = "kept" if fresh[sent.seq].state == FeedState.WAITING else "late"
        elif (before[0] if before else bytes(fresh[sent.seq].body_hash) if sent.seq in fresh else b"") == digest(sent.id.encode(), canonical(sent.body)):
            answer.setdefault(sent.seq, "again")
        else:
            answer[sent.seq] = "ignored"
            feed.ignored += 1
            log.warning("feed %s: message %s (%s) is ignored, its number or id is another's", feed.code, sent.seq, sent.id)
    if not fresh and not any(how == "ignored" for how in answer.values()):
        cmd.withdraw(event)
    FeedMessage.objects.bulk_create(fresh.values(), batch_size=500)
    feed.heard_at = cmd.clock
    note_gap(feed, cmd.clock)
    feed.save(update_fields=["heard_at", "ignored", "waiting_since"])
    if fresh:
        enqueue(RUN, f"{feed.pk}-{event}", by=by, params={"feed": feed.pk})
    return answer


def _there(feed: Feed, messages: Sequence[Sent]) -> dict[int, tuple[bytes, str]]:
    """Number → (hash, id) of what is kept under one of these numbers or ids."""
    rows = FeedMessage.objects.filter(feed=feed, epoch=feed.epoch)
    found = rows.filter(seq__in=[m.seq for m in messages]) | rows.filter(external_id__in=[m.id for m in messages])
    return {seq: (bytes(hashed), external) for seq, hashed, external in found.values_list("seq", "body_hash", "external_id")}


def _new(feed: Feed, sent: Sent, hashed: bytes, event: int, now: datetime) -> FeedMessage:
    """A row that waits, or stands in quarantine when its number was given up."""
    fact, _findings = read(sent.body)
    late = sent.seq < feed.next_seq
    return FeedMessage(
        feed=feed, epoch=feed.epoch, seq=sent.seq, external_id=sent.id, kind=fact.kind if fact else "", occurred_at=fact.at if fact else None,
        location_id=(meant(feed, fact).location_id or None) if fact else None, body=sent.body, body_hash=hashed, event_id=event,
        state=FeedState.QUARANTINED if late else FeedState.WAITING, findings=[{"code": "late", "facts": {}}] if late else [],
        settled_at=now if late else None,
    )  # fmt: skip


def note_gap(feed: Feed, now: datetime) -> None:
    """Part: whether messages wait behind a gap of the (locked) feed, and since when."""
    waits = FeedMessage.objects.filter(feed=feed, epoch=feed.epoch, state=FeedState.WAITING)
    gap = waits.exists() and not waits.filter(seq=feed.next_seq).exists()
    feed.waiting_since = (feed.waiting_since or now) if gap else None
