"""Drafts: an order that takes nothing yet. Saved while typing, copied from others, made an order by `submit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case, write
from oms.kernel.errors import Conflict, Invalid, NotFound, Stale
from orders.book.choices import Channel, LineKind, OrderStatus
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.book.services import NewLine, NewOrder, booked, booking, rebook, subjects, transition_to
from orders.entry.domain import EntryRequest, draft_fields, draft_lines
from orders.entry.models import Draft
from orders.entry.selectors import DEFAULT_CRITICALITY, Head
from orders.entry.services.checks import checked_head


@dataclass(frozen=True)
class StandingDraft:
    """A locked draft with the lines it has from before it was recalled."""

    order: Order
    lines: tuple[OrderLine, ...]


@use_case("orders.save_draft")
def save_draft(
    fields: Mapping[str, str], *, by: Any, number: str = "", version: int = 0, at: datetime | None = None
) -> Order:
    """Keep what is typed of an order: a new draft, or `number` if it still has the `version` that was read.

    Takes no stock, no credit, no quota. The customer must be known: who sees the customer sees the draft.
    Raises Invalid `customer_missing`, NotFound, Stale `draft_saved` (who saved it, when), Conflict `not_a_draft`.
    """
    authorize(by, "orders.submit")
    content = draft_fields(fields)
    standing = locked_draft(number, version, by) if number else None
    asked = EntryRequest(content.get("customer", ""), (), channel_of(content), ship_to=content.get("ship_to", ""))
    if not asked.customer and not standing:
        raise Invalid(_("A draft needs a customer."), code="customer_missing")
    cmd = current()
    found = checked_head(asked, by, "", cmd.business_at)
    cmd.prime(found.now, found.event_ids)
    order_id = standing.pk if standing else found.order_id
    row = draft_order(content, asked, found, order_id, standing)
    event = cmd.event("order.draft_saved", subjects(order_id, found.customer_id or 0), {"order": order_id, "fields": len(content)})
    if standing:
        rebook(row, [], {})
    else:
        with booking():
            write(*booked([row], [], [(order_id, "", OrderStatus.DRAFT.value, by.pk, cmd.at, event)]))
    Draft.objects.update_or_create(order_id=order_id, defaults={"content": content, "saved_by_id": by.pk, "saved_at": cmd.at})
    return Order.objects.get(pk=order_id)


def channel_of(content: Mapping[str, str]) -> str:
    """Phone when the page says so, else the web form."""
    return Channel.PHONE.value if content.get("channel") == Channel.PHONE else Channel.WEB.value


def draft_order(content: Mapping[str, str], asked: EntryRequest, found: Head, order_id: int, standing: Order | None) -> NewOrder:
    """The row of a draft; what was not typed yet is the customer's usual."""
    at = current().at
    return NewOrder(
        id=order_id, number=standing.number if standing else found.number, status=OrderStatus.DRAFT.value,
        channel=asked.channel, external_id="", customer_id=found.customer_id or 0,
        payer_id=found.payer_id or found.customer_id or 0, ship_to_id=found.ship_to_id or 0, currency_id=found.currency,
        customer_po="", po_repeats=found.po_repeats, requested_date=day_of(content.get("requested_date", "")) or at.date(),
        cancel_after=None, delivery_rule=found.delivery_rule, max_shipments=found.max_shipments,
        shortage_rule=found.shortage_rule, customer_class=found.customer_class, criticality=DEFAULT_CRITICALITY,
        instructions=content.get("instructions", ""), notes="", net=Decimal(0), tax=Decimal(0), total=Decimal(0),
        policy_version=None, content_hash=None, claim_expires_at=None, entered_by_id=current().by.pk, entered_at=at,
        submitted_by_id=None, submitted_at=None, undecided_since=None, approved_at=None,
    )  # fmt: skip


def day_of(text: str) -> date | None:
    """An ISO day as typed, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def locked_draft(number: str, version: int, by: Any) -> Order:
    """The draft, locked, when `by` may see it and nobody saved it since `version` was read."""
    seen = visible_orders(by).filter(number=number).values_list("pk", flat=True).first()
    if seen is None:
        raise NotFound(_("There is no order %(number)s.") % {"number": number}, code="order_missing")
    order = lock_order(seen)
    if order.status != OrderStatus.DRAFT:
        raise Conflict(_("%(number)s is %(status)s.") % {"number": number, "status": order.get_status_display().lower()},
                       code="not_a_draft", clears=_("Open the order; copy it to enter it again."))
    if order.version != version:
        last = Draft.objects.filter(pk=order.pk).select_related("saved_by").first()
        raise Stale(
            _("%(who)s saved this draft at %(at)s.") % {"who": last.saved_by if last else "?", "at": f"{last.saved_at:%H:%M}" if last else "?"},
            code="draft_saved", version=order.version, clears=_("Load it again; what you typed since is kept on this page until then."),
        )  # fmt: skip
    return order


def draft_for(request: EntryRequest, by: Any) -> StandingDraft:
    """The draft that a request submits, locked. Raises as `save_draft`."""
    order = locked_draft(request.draft, request.draft_version, by)
    return StandingDraft(order, tuple(lock_lines([order.pk])))


def taking_place_of(draft: StandingDraft, request: EntryRequest, found: Head) -> Head:
    """The head with the draft's number and, where a line of the same product stands there already, that line's id."""
    skus = dict(OrderLine.objects.filter(pk__in=[x.pk for x in draft.lines]).values_list("pk", "product__sku"))
    free: dict[str | None, list[int]] = {}
    for line in draft.lines:
        free.setdefault(skus[line.pk] if line.kind == LineKind.GOODS else None, []).append(line.pk)
    wanted: list[str | None] = [*(x.sku for x in request.lines), *(None for _charge in request.charges)]
    ids = [free[sku].pop(0) if free.get(sku) else new for sku, new in zip(wanted, found.line_ids, strict=True)]
    return replace(found, order_id=draft.order.pk, draft=draft.order.number, line_ids=ids)


def book_draft(
    draft: StandingDraft, order: NewOrder, lines: Sequence[NewLine], steps: Sequence[tuple[str, int]]
) -> None:
    """Part: the locked draft becomes the order, by the steps (target, event)."""
    rebook(order, lines, {x.pk: x.position for x in draft.lines})
    stamps: dict[str, dict[str, Any]] = {
        OrderStatus.SUBMITTED: {"submitted_by_id": order.submitted_by_id, "submitted_at": order.submitted_at},
        OrderStatus.APPROVED: {"approved_at": order.approved_at},
    }
    for target, event in steps:
        transition_to(draft.order, target, event, **stamps[OrderStatus(target)])
    Draft.objects.filter(pk=order.id).delete()


@use_case("orders.discard")
def discard(number: str, *, by: Any, at: datetime | None = None) -> None:
    """Throw a draft away; its number stays, its content goes. Raises NotFound, Conflict `illegal_transition`."""
    authorize(by, "orders.submit")
    seen = visible_orders(by).filter(number=number).values_list("pk", flat=True).first()
    if seen is None:
        raise NotFound(_("There is no order %(number)s.") % {"number": number}, code="order_missing")
    order = lock_order(seen)
    event = current().event("order.discarded", subjects(order.pk, order.customer_id), {"order": order.pk})
    transition_to(order, OrderStatus.DISCARDED, event)
    Draft.objects.filter(pk=order.pk).delete()


def content_of(order: Order, lines: Sequence[OrderLine], by_hand: bool = False) -> dict[str, str]:
    """An order's lines as entry fields; prices `by_hand` only when it is the same order again (they had a reason)."""
    products = dict(OrderLine.objects.filter(pk__in=[x.pk for x in lines]).values_list("pk", "product__sku"))
    goods = [x for x in lines if x.kind == LineKind.GOODS and x.extends_line_id is None]
    freight = sum((x.unit_price * x.quantity_ordered for x in lines if x.kind == LineKind.CHARGE), Decimal(0))
    head = {
        "customer": order.customer.code, "ship_to": order.ship_to.code, "shortage_rule": order.shortage_rule,
        "channel": order.channel if order.channel == Channel.PHONE else "", "instructions": order.instructions,
        "freight": plain(freight), "requested_date": order.requested_date.isoformat() if by_hand else "",
        "customer_po": order.customer_po if by_hand else "",
    }  # fmt: skip
    typed = draft_lines(
        (products[x.pk] or "", plain(x.entered_quantity), x.entered_unit)
        + ((plain(x.unit_price), plain(x.discount * 100)) if by_hand and x.price_source.startswith("manual") else ())
        for x in goods
    )
    return draft_fields({**head, **typed})


def plain(number: Decimal) -> str:
    """A number as people type it; nothing for 0."""
    return f"{number.normalize():f}" if number else ""


@use_case("orders.copy")
def copy(number: str, *, by: Any, at: datetime | None = None) -> Order:
    """A new draft with the lines of an order in whatever status, at today's prices. Raises NotFound, Forbidden."""
    source = visible_orders(by).filter(number=number).select_related("customer", "ship_to").first()
    if source is None:
        raise NotFound(_("There is no order %(number)s.") % {"number": number}, code="order_missing")
    lines = list(source.lines.order_by("position"))
    content = source.draft.content if source.status == OrderStatus.DRAFT and hasattr(source, "draft") else content_of(source, lines)
    made = save_draft(content, by=by, at=at)
    current().event("order.copied", [("order", made.pk), ("order", source.pk)], {"order": made.pk, "from": source.pk})
    return made
