"""Post a sender's messages, one at a time, in the order of their numbers: each in one transaction with the feed's next number.

What can't be posted stands in quarantine with the reason and the next is taken: a fact that comes later keeps its time, and
counts net it out exactly. Facts of orders are registered by the rooms that know them (`register`, from `receivers`).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from inventory.feeds.choices import FeedKind, FeedState
from inventory.feeds.domain import Finding, read
from inventory.feeds.lifecycle import FEED_MESSAGE
from inventory.feeds.locks import lock_feed, lock_feed_message
from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.selectors import Meant, books_at, differences, meant, summed
from inventory.feeds.services.receiving import note_gap
from inventory.stock.models import ExpectedReceipt
from inventory.stock.services import Change, Counted, ReceiptRow, Received, expect_receipts, receive
from inventory.stock.services.door import post_adjustment, post_count
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.accounts.selectors import system_user
from oms.events.services import current, use_case
from oms.kernel.errors import OMSError, Unavailable
from oms.kernel.rooms import modules

log = logging.getLogger(__name__)

TRIES = 4
Outcome = dict[str, Any]
Poster = Callable[[Meant, Any, str], Outcome]  # the fact, who posts it, the source that makes it happen once


class Held(Exception):
    """The message can't be posted: here is why, all of it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__()
        self.findings = list(findings)


_posters: dict[str, Poster] = {}


def register(kind: str) -> Callable[[Poster], Poster]:
    """Who posts messages of a kind; each kind once."""

    def add(poster: Poster) -> Poster:
        assert kind not in _posters, f"two rooms post {kind}"
        _posters[kind] = poster
        return poster

    return add


def run_feed(feed_id: int) -> dict[str, int]:
    """Post everything that waits without a gap; how many ended in which state. Safe to run again and beside itself."""
    ended: dict[str, int] = {}
    while state := post_next(feed_id, by=system_user()):
        ended[state] = ended.get(state, 0) + 1
    return ended


def post_next(feed_id: int, *, by: Any) -> str:
    """Post the feed's next message or quarantine it; its state afterwards, "" when none is there.

    Raises Unavailable or a database's error (locks, lost connection) for another try.
    """
    feed = Feed.objects.select_related("user").get(pk=feed_id)
    message = FeedMessage.objects.filter(feed=feed, epoch=feed.epoch, seq=feed.next_seq, state=FeedState.WAITING).first()
    if message is None:
        return ""
    for attempt in range(1, TRIES + 1):
        try:
            return _settle(message.pk, by=feed.user, at=message.occurred_at)
        except Held as held:
            return _quarantine(message.pk, held.findings, by=by)
        except Unavailable:
            if attempt == TRIES:
                raise
            time.sleep(0.05 * 2**attempt)
        except OMSError as error:
            return _quarantine(message.pk, refused(error), by=by)
        except (OperationalError, InterfaceError):  # the database was away: the message is as good as before
            raise
        except Exception:
            name = uuid.uuid4().hex[:12]
            log.exception("feed %s, message %s, error %s", feed.code, message.seq, name)
            defect = _("A defect of ours stopped it (error %(id)s).") % {"id": name}
            return _quarantine(message.pk, [Finding("refused", {"value": defect})], by=by)
    raise AssertionError("unreachable")


def refused(error: OMSError) -> list[Finding]:
    """Why a use case refused, with what would clear it."""
    return [Finding("refused", {"value": " ".join(filter(None, (str(error.message), str(error.clears or ""))))})]


@use_case("feeds.post")
def _settle(message_id: int, *, by: Any, at: datetime | None = None) -> str:
    """Post a message that is its feed's next, at its own time; its state afterwards. Raises Held and what the fact's use case raises."""
    feed, message = lock_feed_message(message_id)
    if message.state != FeedState.WAITING or (message.epoch, message.seq) != (feed.epoch, feed.next_seq):
        return message.state  # another worker took it meanwhile
    post_message(feed, message)
    _advance(feed)
    return message.state


def post_message(feed: Feed, message: FeedMessage) -> None:
    """Part: post the fact of a (locked) message by the command's actor. Raises Held."""
    cmd = current()
    fact, findings = read(message.body)
    if fact is None:
        raise Held(findings)
    if fact.at > cmd.clock:
        raise Held([Finding("future", {"value": fact.at.isoformat()})])
    said = meant(feed, fact)
    if said.findings:
        raise Held(said.findings)
    modules("receivers")
    source = f"feed/{feed.pk}/{message.epoch}/{message.seq}"
    message.outcome = _posters[fact.kind](said, cmd.by, source)
    message.location_id = said.location_id
    event = cmd.event("feed.posted", [("feed_message", message.pk), ("location", said.location_id)], {"feed": feed.pk, "seq": message.seq, "kind": fact.kind})
    _end(message, FeedState.APPLIED, event)


def _end(message: FeedMessage, state: FeedState, event: int) -> None:
    """Part: the message's new state, with what goes with it."""
    FEED_MESSAGE.check(message.state, state)
    message.state, message.settled_at = state, current().clock
    message.findings = [] if state == FeedState.APPLIED else message.findings
    message.save(update_fields=["state", "settled_at", "findings", "outcome", "location"])


def _advance(feed: Feed) -> None:
    """Part: the next number of a (locked) feed whose message was settled; numbers that are settled already are passed."""
    settled = set(FeedMessage.objects.filter(feed=feed, epoch=feed.epoch, seq__gt=feed.next_seq).exclude(state=FeedState.WAITING).values_list("seq", flat=True))
    feed.next_seq += 1
    while feed.next_seq in settled:
        feed.next_seq += 1
    note_gap(feed, current().clock)
    feed.save(update_fields=["next_seq", "waiting_since"])


@use_case("feeds.quarantine")
def _quarantine(message_id: int, findings: Sequence[Finding], *, by: Any, at: datetime | None = None) -> str:
    """Keep the feed's next message with what is wrong with it, and go on behind it."""
    authorize(by, "feeds.run")
    feed, message = lock_feed_message(message_id)
    if message.state != FeedState.WAITING or (message.epoch, message.seq) != (feed.epoch, feed.next_seq):
        return message.state
    codes = sorted({finding.code for finding in findings})
    event = current().event("feed.quarantined", [("feed_message", message.pk)], {"feed": feed.pk, "seq": message.seq, "codes": codes})
    message.findings = [finding._asdict() for finding in findings]
    _end(message, FeedState.QUARANTINED, event)
    _advance(feed)
    return message.state


@register(FeedKind.MOVEMENT)
def _movement(said: Meant, by: Any, source: str) -> Outcome:
    """On hand changed by what the books did not know. A manager who replays it is the second person beside its sender."""
    proposed = sender_of(source) if Role.MANAGER in by.roles else None
    rows = [Change(row.product_id, row.row.bin, row.row.lot, row.quantity) for row in said.rows if row.quantity]
    post_adjustment(said.location_id, rows, said.fact.reason, by=by, source=source, proposed_by_id=proposed)
    return {"rows": len(rows)}


@register(FeedKind.COUNT)
def _count(said: Meant, by: Any, source: str) -> Outcome:
    """What was counted; in a full count, places that are not named hold nothing."""
    told = {place: units for place, (_sku, units) in summed(said.rows).items()}
    if said.fact.full:
        told = dict.fromkeys(books_at(said.location_id, said.fact.at), 0) | told
    outcome = {"rows": len(told), "differences": differences(said)}
    if told:
        rows = [Counted(*place, units) for place, units in sorted(told.items())]
        released = post_count(said.location_id, rows, by=by, as_of=said.fact.at, source=source)
        outcome["released"] = [list(row) for row in released]
    return outcome


@register(FeedKind.COMPARISON)
def _comparison(said: Meant, by: Any, source: str) -> Outcome:
    """What lies there as the warehouse sees it: the differences are a list for a person, nothing is posted."""
    return {"rows": len(said.rows), "differences": differences(said)}


@register(FeedKind.EXPECTED)
def _expected(said: Meant, by: Any, source: str) -> Outcome:
    """Goods are on their way: the quantity in all of a product under a reference, and from when."""
    if not said.fact.reference or any(row.row.available_on is None or not row.quantity for row in said.rows):
        raise Held([Finding("unreadable", {"value": "an expected receipt has a reference, and each row a quantity and available_on"})])
    rows = [ReceiptRow(row.product_id, said.location_id, said.fact.reference, row.row.available_on, row.quantity) for row in said.rows if row.row.available_on]
    expect_receipts(rows, by=by)
    return {"rows": len(rows)}


@register(FeedKind.RECEIVED)
def _received(said: Meant, by: Any, source: str) -> Outcome:
    """Goods arrived: against the expected receipt of that reference, or unannounced."""
    known = {}
    if said.fact.reference:
        rows = ExpectedReceipt.objects.filter(reference=said.fact.reference, location_id=said.location_id, product_id__in={r.product_id for r in said.rows})
        known = dict(rows.values_list("product_id", "pk"))
    came = [Received(r.product_id, r.quantity, known.get(r.product_id), r.row.bin, r.row.lot, r.row.expires_on) for r in said.rows]
    return {"rows": len(receive(said.location_id, came, source=source, by=by)), "unannounced": sum(r.receipt_id is None for r in came)}


def sender_of(source: str) -> int:
    """The user of the feed that a source names."""
    return Feed.objects.values_list("user_id", flat=True).get(pk=int(source.split("/")[1]))


__all__ = ["Held", "Outcome", "lock_feed", "post_message", "post_next", "refused", "register", "run_feed"]
