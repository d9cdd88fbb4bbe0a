"""Keep what arrives, byte for byte, once; read it into messages; acknowledge it as its format does. Nothing is entered here.

Reading is pure and done before the transaction. Whatever the bytes are, they are kept and a person can see why nothing
came of them; only what is empty or too large is refused, and then the sender still has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.jobs.services import enqueue
from oms.kernel.canonical import canonical, digest
from oms.kernel.errors import Invalid
from orders.channels import adapters
from orders.channels.adapters import edifact_replies, x12_replies
from orders.channels.choices import Format, MessageKind, MessageState
from orders.channels.domain import Envelope, Finding, OrderMessage, Parsed, Read, Setting, Written
from orders.channels.domain.sums import check, complete
from orders.channels.models import Message, Reply, TradingPartner, Transmission
from orders.channels.selectors import resolve

MOST_BYTES = 20 * 1024 * 1024
MOST_RESOLVED = 100
PROCESS = "channels.process"
ACKNOWLEDGE = {Format.X12: x12_replies.acknowledge, Format.EDIFACT: edifact_replies.acknowledge}


@dataclass(frozen=True)
class Received:
    """What came of it so far: the messages' numbers, and whether it was here before."""

    transmission: int
    messages: tuple[str, ...]
    again: bool


def receive(
    partner: TradingPartner, body: bytes, via: str, *, by: Any, name: str = "", topic: str = "", at: datetime | None = None
) -> Received:
    """Take a file or request of a partner. The same bytes again change nothing and are answered as the first time.

    Raises Invalid `empty`, `too_large` (nothing is kept then), Forbidden.
    """
    authorize(by, "channels.send")
    if not body.strip():
        raise Invalid(_("There is nothing in it."), code="empty")
    if len(body) > MOST_BYTES:
        raise Invalid(_("%(n)s bytes are more than the %(most)s that are taken at once.") % {"n": len(body), "most": MOST_BYTES},
                      code="too_large", clears=_("Send it in several files."))  # fmt: skip
    hashed = hashlib.sha256(body).digest()
    if (before := kept(partner, hashed, topic)) is not None:
        return before
    parsed = adapters.read(partner.format, body, Setting(partner.charset, topic, name))
    try:
        return _keep(partner, body, hashed, parsed, via, name[:200], topic[:60], by=by, at=at)
    except IntegrityError:  # the same bytes came twice at the same moment
        if (before := kept(partner, hashed, topic)) is not None:
            return before
        raise


def kept(partner: TradingPartner, hashed: bytes, topic: str) -> Received | None:
    """What was answered when these bytes came first."""
    found = Transmission.objects.filter(partner=partner, sha256=hashed, topic=topic[:60]).only("pk").first()
    if found is None:
        return None
    return Received(found.pk, tuple(found.messages.order_by("position").values_list("number", flat=True)), True)


@use_case("channels.receive")
def _keep(
    partner: TradingPartner, body: bytes, hashed: bytes, parsed: Parsed, via: str, name: str, topic: str, *, by: Any, at: datetime | None = None
) -> Received:
    """The transmission, its messages, our acknowledgements and the work to come, in one transaction."""
    cmd = current()
    reads = [*parsed.messages, *unread(parsed)]
    facts = {"channel": partner.pk, "bytes": len(body), "sha256": hashed.hex(), "messages": len(reads)}
    event = cmd.event("channel.received", [("channel", partner.pk)], facts)
    sent = Transmission.objects.create(
        partner=partner, via=via, name=name, topic=topic, body=body, sha256=hashed, by_id=by.pk, event_id=event,
        controls=[e.control[:40] for e in parsed.envelopes], received_at=cmd.at,
    )  # fmt: skip
    numbers = serials("orders_message_number", len(reads))
    rows = [new_message(partner, sent, parsed, read, n, f"CM{serial:07d}", cmd.at) for n, (read, serial) in enumerate(zip(reads, numbers, strict=True))]
    Message.objects.bulk_create(rows, batch_size=1_000)
    keep_replies(partner, sent, acknowledgements(partner, parsed, cmd.at), event)
    if any(row.state == MessageState.NEW for row in rows):
        enqueue(PROCESS, f"transmission-{sent.pk}", by=by, params={"transmission": sent.pk})
    return Received(sent.pk, tuple(row.number for row in rows), False)


def serials(sequence: str, count: int) -> list[int]:
    """The next `count` numbers of a sequence."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [sequence, count])
        return [row[0] for row in cursor.fetchall()]


def unread(parsed: Parsed) -> list[Read]:
    """What could not be made a message of: the whole, the rest of a file, an interchange without messages."""
    empty = [n for n, e in enumerate(parsed.envelopes) if not any(m.envelope == n for m in parsed.messages)]
    made = [Read(parsed.envelopes[n].control, "", None, parsed.envelopes[n].findings or (Finding("no_messages"),), n) for n in empty]
    if parsed.findings and not (empty and parsed.findings == parsed.envelopes[empty[0]].findings):
        made.append(Read("", "", None, parsed.findings, -1))
    return made


def new_message(partner: TradingPartner, sent: Transmission, parsed: Parsed, read: Read, n: int, number: str, at: datetime) -> Message:
    """A message's row: waiting when nothing is wrong with it by itself, else in quarantine with what is."""
    envelope = parsed.envelopes[read.envelope] if 0 <= read.envelope < len(parsed.envelopes) else None
    found = [*read.findings, *identity(partner, envelope, read)]
    if envelope is not None and read.order is not None:
        found += [f for f in envelope.findings if f not in found]
    stored = [stored_finding(f) for f in found]
    content = clean(msgspec.to_builtins(read.order)) if read.order else None
    whole = stored + [f for f in inspect(read.order, found) if f not in stored]
    if whole and read.order is not None and n < MOST_RESOLVED:
        whole += [stored_finding(f) for f in resolve(partner, read.order).findings]  # so that a person sees everything at once
    state = MessageState.NOTED if read.nothing else MessageState.QUARANTINED if whole or read.order is None else MessageState.NEW
    return Message(
        number=number, partner=partner, transmission=sent, position=n, name=clean(read.name)[:60], reference=clean(read.reference)[:60],
        kind=read.order.kind if read.order else MessageKind.OTHER, external_id=clean(read.order.number)[:80] if read.order else "",
        state=state, content=content, content_hash=content_hash(read.order) if read.order else None,
        findings=whole if state == MessageState.QUARANTINED else [], note=clean(read.nothing)[:300], received_at=at, changed_at=at,
        envelope={"read": stored, "envelope": clean(asdict(envelope)) if envelope else None, "group": read.group, "test": read.test},
    )  # fmt: skip


def inspect(order: OrderMessage | None, found: Iterable[Finding]) -> list[dict[str, Any]]:
    """What an order lacks or contradicts, beyond what reading it found."""
    if order is None:
        return []
    codes = {(f.code, f.facts.get("line")) for f in found}
    more = [f for f in (*complete(order), *check(order)) if (f.code, f.facts.get("line")) not in codes]
    return [stored_finding(f) for f in more]


def identity(partner: TradingPartner, envelope: Envelope | None, read: Read) -> list[Finding]:
    """Sent by whom, to whom, and in earnest?"""
    found = []
    if envelope is not None:
        for code, expected, said in (("not_from_them", partner.identity, envelope.sender), ("not_for_us", partner.our_identity, envelope.recipient)):
            if expected and expected not in (said, said.partition(":")[2], said.partition(":")[0]):
                found.append(Finding(code, "", {"found": said, "expected": expected}))
    if read.test and not partner.takes_tests and not read.nothing:
        found.append(Finding("test"))
    return found


def stored_finding(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: figures as text of bounded length, without what no column takes."""
    facts = {key: clean(value)[:200] for key, value in finding.facts.items()}
    return {"code": finding.code, "where": clean(finding.where)[:80], "facts": facts}


def clean(value: Any) -> Any:
    """Text without NUL and lone surrogates, also inside lists and objects."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return value


def content_hash(order: OrderMessage) -> bytes:
    """Of what is ordered: another control number, date or moment of the same order is the same content."""
    same = replace(order, as_of="", ordered_on=None)
    return digest(canonical(clean(msgspec.to_builtins(same))))


def acknowledgements(partner: TradingPartner, parsed: Parsed, at: datetime) -> list[Written]:
    """What the format says at once about what came, for every interchange."""
    build = ACKNOWLEDGE.get(Format(partner.format))
    if build is None:
        return []
    made: list[Written] = []
    for n, envelope in enumerate(parsed.envelopes):
        made += build(parsed, n, iter(serials("orders_reply_control", len(envelope.groups) + 1)), at)
    return made


def keep_replies(partner: TradingPartner, sent: Transmission, written: Sequence[Written], event: int, order: int | None = None, state: str = "") -> None:
    """Part: our messages, to be fetched or written to the partner's folder."""
    numbers = serials("orders_reply_number", len(written)) if written else []
    Reply.objects.bulk_create(
        Reply(number=f"CR{serial:07d}", partner=partner, transmission=sent, order_id=order, kind=each.kind, state=state, control=each.control[:60],
              content_type=each.content_type, body=each.body, event_id=event, created_at=current().at)
        for serial, each in zip(numbers, written, strict=True)
    )  # fmt: skip
