"""Use cases of the desk that go through several rooms: an order of another system, with all that happened to it there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import F
from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from orders.approval.services import Decision, decided_elsewhere
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_order
from orders.book.models import Order, OrderLine
from orders.book.services import subjects
from orders.desk.models import OrderFile, OrderNote, SavedView
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel
from orders.fulfilment.choices import ShipmentStatus
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.fulfilment.services import arrived_elsewhere, deliver, left_elsewhere, release, ship


@dataclass(frozen=True)
class Left:
    """A part of a line that left elsewhere, in base units, and what became of it."""

    shipped: int
    delivered: int = 0
    undelivered: int = 0
    shipped_at: datetime | None = None
    location_id: int = 0
    delivered_date: date | None = None
    proof: str = "customer"


@dataclass(frozen=True)
class LineFacts:
    """What became of one line elsewhere, in base units; `position` counts the order's goods, then its charges, from 1."""

    position: int
    approved: int
    cancelled: int = 0
    parts: tuple[Left, ...] = ()

    @property
    def shipped(self) -> int:
        return sum(part.shipped for part in self.parts)

    @property
    def arrived(self) -> int:
        """Delivered, or known never to be."""
        return sum(part.delivered + part.undelivered for part in self.parts)

    def in_time(self) -> list[Left]:
        """The parts in the order in which they left, those of one moment and place as one."""
        found: dict[Any, Left] = {}
        for part in self.parts:
            if part.shipped and part.shipped_at:
                key = (part.shipped_at, part.location_id)
                old = found.get(key, Left(0))
                found[key] = replace(
                    part if part.delivered_date else replace(part, delivered_date=old.delivered_date, proof=old.proof),
                    shipped=part.shipped + old.shipped, delivered=part.delivered + old.delivered, undelivered=part.undelivered + old.undelivered,
                )  # fmt: skip
        return [part for _key, part in sorted(found.items(), key=lambda item: item[0])]


@dataclass(frozen=True)
class Facts:
    """What happened to an order elsewhere: who approved it when (nobody: the policy), when it left, when and by what proof it arrived.

    Without `lines` all of it was approved, left and arrived so, out of the stock that was opened for it; with them each line
    says how much and from where, and stock is not asked. `by_file`: its invoices come by file.
    """

    approved_at: datetime | None = None
    approved_by: Any = None
    shipped_at: datetime | None = None
    delivered_date: date | None = None
    proof: str = "customer"
    cancelled_at: datetime | None = None
    lines: tuple[LineFacts, ...] = ()
    by_file: bool = False


def play_history(order_id: int, facts: Facts, *, by: Any) -> None:
    """Take a submitted order through its facts by the use cases themselves, each in its own command and at its own time.

    Steps that are done are passed over, so that it goes on after a kill. Raises Conflict `history_short` when the stock
    of the opening does not cover what was shipped; what the use cases raise (own order, no policy …).
    """
    status = Order.objects.values_list("status", flat=True).get(pk=order_id)
    if status == OrderStatus.SUBMITTED:
        decide_history(order_id, facts, by=by)
    if facts.cancelled_at:
        if status in (OrderStatus.SUBMITTED, OrderStatus.APPROVED):
            cancel(order_id, _("history"), by=by, at=facts.cancelled_at)
        return
    if facts.lines:
        play_lines(order_id, facts, by=by)
        return
    if facts.shipped_at is None:
        return
    leave(order_id, by=by, at=facts.shipped_at)
    if facts.delivered_date is None:
        return
    arrived = datetime.combine(facts.delivered_date, facts.shipped_at.timetz())
    for shipment_id in Shipment.objects.filter(order_id=order_id, status=ShipmentStatus.SHIPPED).values_list("pk", flat=True).order_by("pk"):
        deliver(shipment_id, facts.delivered_date, facts.proof, by=by, at=arrived)


def lines_in_order(order_id: int) -> list[OrderLine]:
    """The order's goods, then its charges, each by position: as a file counts them."""
    lines = list(OrderLine.objects.filter(order_id=order_id).order_by("position"))
    return [x for x in lines if x.kind in SHIPPED_KINDS] + [x for x in lines if x.kind not in SHIPPED_KINDS]


def decide_history(order_id: int, facts: Facts, *, by: Any) -> None:
    """Approve and cut what was; units that were cancelled of an undecided order are taken off it."""
    lines = lines_in_order(order_id)
    each = [(lines[f.position - 1], f) for f in facts.lines]
    if facts.approved_at is None:
        less = tuple(LineChange(x.pk, quantity=x.quantity_ordered - f.cancelled) for x, f in each if f.cancelled > x.quantity_cancelled)
        if less:
            version = Order.objects.values_list("version", flat=True).get(pk=order_id)
            amend(order_id, Amendment(less, reason=_("history")), by=by, version=version)
        return
    decisions = {x.pk: Decision(f.approved, f.cancelled, "history" if f.cancelled else "") for x, f in each} or None
    approver = facts.approved_by
    decided_elsewhere(order_id, decisions, by=approver or by, policy=approver is None, at=facts.approved_at)


def play_lines(order_id: int, facts: Facts, *, by: Any) -> None:
    """What left, a shipment a moment and place, and what became of it, a day and proof; what is in the books is passed over."""
    lines = lines_in_order(order_id)
    each = [(lines[f.position - 1], f.in_time()) for f in facts.lines]
    left: dict[tuple[datetime, int], dict[int, int]] = {}
    for x, parts in each:
        there = x.quantity_shipped
        for part in parts:
            done, there = min(there, part.shipped), max(0, there - part.shipped)
            if part.shipped > done and part.shipped_at:
                left.setdefault((part.shipped_at, part.location_id), {})[x.pk] = part.shipped - done
    for (at, location_id), units in sorted(left.items()):
        left_elsewhere(order_id, location_id, units, by=by, by_file=facts.by_file, at=at)
    posted: dict[int, list[ShipmentLine]] = {}
    for row in ShipmentLine.objects.filter(order_id=order_id, posted=True).order_by("shipment__shipped_at", "shipment_id", "pk"):
        posted.setdefault(row.line_id, []).append(row)
    arrived: dict[tuple[date, str, int], tuple[dict[int, int], dict[int, int]]] = {}
    for x, parts in each:
        for part, row in zip(parts, posted.get(x.pk, []), strict=False):
            for n, quantity in enumerate((part.delivered - row.delivered, part.undelivered - row.undelivered)):
                if part.delivered_date and quantity > 0:
                    arrived.setdefault((part.delivered_date, part.proof, row.shipment_id), ({}, {}))[n][x.pk] = quantity
    for (day, proof, shipment_id), (delivered, undelivered) in sorted(arrived.items(), key=lambda item: item[0]):
        at = datetime.combine(day, time(12), UTC)
        arrived_elsewhere(shipment_id, delivered, undelivered, day, proof, by=by, at=at)


@use_case("orders.leave")
def leave(order_id: int, *, by: Any, at: datetime | None = None) -> None:
    """All of an order is released and leaves at once, as history says. Nothing is left to do for one that left before."""
    release([order_id], by=by, at=at, early=True)
    refuse_short(order_id)
    waiting = Shipment.objects.filter(order_id=order_id, status=ShipmentStatus.RELEASED)
    for shipment_id in waiting.values_list("pk", flat=True).order_by("pk"):
        ship(shipment_id, by=by, at=at)


def refuse_short(order_id: int) -> None:
    """Raise Conflict `history_short` when something approved was not released."""
    left = F("quantity_approved") - F("quantity_allocated") - F("quantity_shipped")
    lines = OrderLine.objects.filter(order_id=order_id, kind__in=SHIPPED_KINDS).annotate(left=left).filter(left__gt=0)
    short = list(lines.order_by("position").values_list("product__sku", "left"))
    if short:
        raise Conflict(
            _("The stock does not cover what was shipped: %(lines)s.")
            % {"lines": ", ".join(f"{sku} {left}" for sku, left in short)},
            code="history_short", clears=_("Open the stock with what the old shipments took, then run the file again."),
        )  # fmt: skip


MOST_VIEWS = 20


@use_case("orders.keep_view")
def keep_view(name: str, query: str, *, by: Any, at: datetime | None = None) -> SavedView:
    """Keep the filters of the order list under a name; the same name again takes the new ones. Raises Invalid `view_name`, `view_empty`, `too_many`."""
    authorize(by, "orders.keep_view")
    name = name.replace("\x00", "").strip()
    kept = [(key, value) for key, value in parse_qsl(query.replace("\x00", "")) if key not in ("page", "export")]
    if not name or len(name) > 40:
        raise Invalid(_("A name of at most 40 characters."), code="view_name")
    text = urlencode(kept)
    if not kept or len(text) > 500:
        raise Invalid(_("Filter the list first; its filters are what is kept."), code="view_empty")
    mine = SavedView.objects.filter(user_id=by.pk)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_VIEWS:
        raise Invalid(_("You keep %(n)s views already.") % {"n": MOST_VIEWS}, code="too_many", clears=_("Drop one."))
    view, _new = SavedView.objects.update_or_create(user_id=by.pk, name=name, defaults={"query": text})
    current().event("view.kept", [("user", by.pk)], {"view": view.pk})
    return view


@use_case("orders.drop_view")
def drop_view(view_id: int, *, by: Any, at: datetime | None = None) -> None:
    """Drop one of one's own views. Raises NotFound."""
    authorize(by, "orders.keep_view")
    if not SavedView.objects.filter(pk=view_id, user_id=by.pk).delete()[0]:
        raise NotFound(_("There is no such view."), code="view_missing")
    current().event("view.dropped", [("user", by.pk)], {"view": view_id})


MOST_BYTES, MOST_FILES, MOST_TEXT = 5 * 2**20, 5, 4_000
# What people send with orders; nothing that a browser or a shell would run.
FILE_ENDINGS = ("pdf", "png", "jpg", "jpeg", "gif", "webp", "txt", "csv", "xlsx", "docx", "odt", "ods", "eml", "msg", "xml", "zip")


@dataclass(frozen=True)
class Upload:
    """A file as it came; `content` may be cut at MOST_BYTES + 1."""

    name: str
    size: int
    content: bytes


@use_case("orders.note")
def note_order(
    order_id: int, text: str, files: Sequence[Upload] = (), *, by: Any, internal: bool = True, at: datetime | None = None
) -> OrderNote:  # fmt: skip
    """Write a note on an order, with files; a customer's own are never internal. The order itself does not change.

    Raises Invalid `note_empty`, `note_long`, `too_many_files`, `file_large`, `file_kind`, each naming the file.
    """
    order = lock_order(order_id)
    authorize(by, "orders.note", order)
    text = text.replace("\x00", "").strip()
    if not text and not files:
        raise Invalid(_("Write something, or choose a file."), code="note_empty")
    if len(text) > MOST_TEXT:
        raise Invalid(_("A note has at most %(n)s characters.") % {"n": MOST_TEXT}, code="note_long")
    if len(files) > MOST_FILES:
        raise Invalid(_("At most %(n)s files at once.") % {"n": MOST_FILES}, code="too_many_files")
    for file in files:
        if not 0 < len(file.content) <= MOST_BYTES:
            raise Invalid(_("%(name)s: a file has at most %(mb)s MB, and is not empty.") % {"name": file.name[:60], "mb": MOST_BYTES // 2**20}, code="file_large")
        if file.name.rpartition(".")[2].lower() not in FILE_ENDINGS:
            raise Invalid(_("%(name)s: files of this kind are not kept.") % {"name": file.name[:60]}, code="file_kind",
                          clears=_("Kept are: %(kinds)s.") % {"kinds": ", ".join(FILE_ENDINGS)})  # fmt: skip
    cmd = current()
    shared = not internal or Role.PARTNER in by.roles
    event = cmd.event("order.noted", subjects(order.pk, order.customer_id), {"order": order.pk, "internal": not shared,
                      "files": [hashlib.sha256(f.content).hexdigest() for f in files]})  # fmt: skip
    note = OrderNote.objects.create(order=order, text=text, internal=not shared, by_id=by.pk, at=cmd.at, event_id=event)
    OrderFile.objects.bulk_create(
        OrderFile(note=note, name=plain_name(f.name), size=len(f.content), sha256=hashlib.sha256(f.content).digest(), content=f.content) for f in files
    )
    return note


@use_case("orders.drop_note")
def drop_note(note_id: int, *, by: Any, at: datetime | None = None) -> OrderNote:
    """Erase the text and the files of a note: its writer, or a manager for the others. That it was there, and whose it was, stays.

    Raises NotFound `no_note`, Forbidden `not_yours`, Conflict `note_dropped`.
    """
    note = OrderNote.objects.select_for_update(of=("self",), no_key=True).select_related("order").filter(pk=note_id).first()
    if note is None:
        raise NotFound(_("There is no such note."), code="no_note")
    authorize(by, "orders.note", note.order)
    if note.by_id != by.pk and Role.MANAGER not in by.roles:
        raise Forbidden(_("Only who wrote a note drops it, or a manager."), code="not_yours")
    if note.dropped_at is not None:
        raise Conflict(_("The note was dropped before."), code="note_dropped", clears=_("Load the page again."))
    cmd = current()
    files = [bytes(sha).hex() for sha in note.files.values_list("sha256", flat=True)]
    cmd.event("order.note_dropped", subjects(note.order_id, note.order.customer_id), {"order": note.order_id, "note": note.pk, "files": files})
    note.files.all().delete()
    note.text, note.dropped_by_id, note.dropped_at = "", by.pk, cmd.at
    note.save(update_fields=["text", "dropped_by", "dropped_at"])
    return note


def plain_name(name: str) -> str:
    """A file's own name without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-120:] or "file"
