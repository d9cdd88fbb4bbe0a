"""Clear a quarantined message: say what a code means, put right what was misread, take it as it is, discard it; then replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from customers.parties.models import Address, Customer
from customers.territory.selectors import customer_filter
from inventory.catalog.models import Product
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.jobs.services import enqueue
from oms.kernel.errors import Conflict, Invalid, NotFound, Stale
from orders.channels.choices import READING, WAIVABLE, MessageState, ReferenceKind
from orders.channels.locks import lock_message
from orders.channels.models import CrossReference, Message, TradingPartner
from orders.channels.selectors import order_of, visible_messages
from orders.channels.services.entering import about, move
from orders.channels.services.receiving import PROCESS, clean, content_hash

MAX_CODE = 80


def held(message_id: int, version: int | None, by: Any) -> Message:
    """The message, locked, in quarantine, as it was seen. Raises NotFound, Conflict `not_quarantined`, Stale."""
    if not visible_messages(by).filter(pk=message_id).exists():
        raise NotFound(_("There is no such message."), code="message_missing")
    message = lock_message(message_id)
    if message.state != MessageState.QUARANTINED:
        raise Conflict(_("The message is not in quarantine."), code="not_quarantined", state=message.state)
    if version is not None and message.version != version:
        raise Stale(_("The message was changed since you opened it."), code="message_changed", clears=_("Look at it as it is now."))
    return message


def again(message: Message, *, by: Any) -> None:
    """Part: back to waiting, and work asked for."""
    if message.content is None:
        raise Conflict(_("There is no order in it that could be entered."), code="unreadable", clears=_("Ask the sender for another, and discard this one."))
    move(message, MessageState.NEW, findings=[])
    enqueue(PROCESS, f"message-{message.pk}-{message.version}", by=by, params={"message": message.pk})


@use_case("channels.replay")
def replay(message_id: int, *, by: Any, at: datetime | None = None, version: int | None = None) -> None:
    """Have it tried again, as it is: what was missing may be there now."""
    authorize(by, "channels.repair")
    message = held(message_id, version, by)
    current().event("channel.message_replayed", about(message), {"message": message.pk})
    again(message, by=by)


@use_case("channels.map")
def map_reference(
    message_id: int, kind: str, code: str, target: str, *, by: Any, at: datetime | None = None, version: int | None = None
) -> None:
    """Say what a code of this partner means (a SKU, a customer's code, CUSTOMER/ADDRESS, a unit), for this and all to come; replay.

    Raises Invalid `code`, `target_missing`.
    """
    authorize(by, "channels.repair")
    message = held(message_id, version, by)
    set_reference(message.partner, kind, code, target, by=by)
    current().event("channel.message_replayed", about(message), {"message": message.pk})
    again(message, by=by)


@use_case("channels.set_references")
def set_references(rows: Sequence[tuple[str, str, str, str]], *, by: Any, at: datetime | None = None) -> None:
    """Many at once: (partner's code, kind, their code, what it means to us). Raises as `map_reference`."""
    authorize(by, "channels.repair")
    partners = {p.code: p for p in TradingPartner.objects.filter(code__in={row[0] for row in rows})}
    for partner, kind, code, target in rows:
        set_reference(partners[partner], kind, code, target, by=by)


def set_reference(partner: TradingPartner, kind: str, code: str, target: str, *, by: Any) -> None:
    """Part: the partner's code means `target` from now on."""
    code, target = clean(code.strip()), clean(target.strip())
    if not 0 < len(code) <= MAX_CODE or kind not in ReferenceKind.values:
        raise Invalid(_("The code has 1 to %(n)s characters.") % {"n": MAX_CODE}, code="code", field="code")
    values = target_of(kind, target, by)
    row, _made = CrossReference.objects.update_or_create(partner=partner, kind=kind, code=code, defaults=values)
    current().event("channel.reference_set", [("channel", partner.pk)], {"channel": partner.pk, "reference": row.pk, "kind": kind})


def target_of(kind: str, target: str, by: Any) -> dict[str, Any]:
    """The columns of a cross-reference to `target`. Raises Invalid `target_missing`."""
    missing = Invalid(_("There is no %(kind)s %(target)s.") % {"kind": ReferenceKind(kind).label.lower(), "target": target[:60] or "“”"},
                      code="target_missing", field="target", errors=[{"field": "target", "message": _("No such %(kind)s.") % {"kind": ReferenceKind(kind).label.lower()}}])  # fmt: skip
    seen = Customer.objects.filter(customer_filter(by))
    match kind:
        case ReferenceKind.PRODUCT:
            product = Product.objects.filter(sku=target).first()
            if product is not None:
                return {"product": product}
        case ReferenceKind.CUSTOMER:
            customer = seen.filter(code=target).first()
            if customer is not None:
                return {"customer": customer}
        case ReferenceKind.ADDRESS:
            owner, _slash, place = target.partition("/")
            address = Address.objects.filter(customer__in=seen, customer__code=owner.strip(), code=place.strip(), retired_at__isnull=True).first()
            if address is not None:
                return {"address": address}
        case ReferenceKind.UNIT:
            if 0 < len(target) <= 20:
                return {"unit": target}
    raise missing


@use_case("channels.correct")
def correct(
    message_id: int, corrections: Mapping[str, str], reason: str, *, by: Any, at: datetime | None = None, version: int | None = None
) -> None:
    """Put {path: text} in place of what was read, with a reason; what arrived stays as it is. Then replay.

    Raises Invalid `reason_missing`, `correction` (no such place, or not a value that fits there).
    """
    authorize(by, "channels.repair")
    need_reason(reason)
    message = held(message_id, version, by)
    message.corrections = {**message.corrections, **{path: clean(text.strip())[:2000] for path, text in corrections.items()}}
    try:
        order = order_of(message)
    except (msgspec.ValidationError, KeyError, IndexError, ValueError, TypeError) as error:
        raise Invalid(_("This does not fit there: %(cause)s") % {"cause": str(error)[:200]}, code="correction") from error
    if order is None:
        raise Conflict(_("There is nothing in it to correct."), code="unreadable")
    message.waived = sorted({*message.waived, *READING})
    message.external_id = order.number[:80]
    message.content_hash = content_hash(order)
    message.save(update_fields=["corrections", "waived", "external_id", "content_hash"])
    current().event("channel.message_corrected", about(message), {"message": message.pk, "paths": sorted(corrections)}, note=reason)
    again(message, by=by)


@use_case("channels.waive")
def waive(message_id: int, codes: Sequence[str], reason: str, *, by: Any, at: datetime | None = None, version: int | None = None) -> None:
    """Take the message as it is in spite of these findings, with a reason; replay. Raises Invalid `not_waivable`, `reason_missing`."""
    authorize(by, "channels.repair")
    need_reason(reason)
    message = held(message_id, version, by)
    stands = {f["code"] for f in message.findings}
    wanted = set(codes) & stands
    if not wanted or not wanted <= WAIVABLE:
        raise Invalid(_("This can't be taken as it is."), code="not_waivable", clears=_("Correct it, or say what the code means."))
    message.waived = sorted({*message.waived, *wanted})
    message.save(update_fields=["waived"])
    current().event("channel.message_waived", about(message), {"message": message.pk, "codes": sorted(wanted)}, note=reason)
    again(message, by=by)


@use_case("channels.discard")
def discard(message_id: int, reason: str, *, by: Any, at: datetime | None = None, version: int | None = None) -> None:
    """Nothing shall come of it, for a reason; what arrived stays kept."""
    authorize(by, "channels.discard")
    need_reason(reason)
    message = held(message_id, version, by)
    move(message, MessageState.DISCARDED, note=clean(reason.strip())[:300])
    current().event("channel.message_discarded", about(message), {"message": message.pk}, note=reason)


def need_reason(reason: str) -> None:
    """Raise Invalid `reason_missing` when nothing was said."""
    if not reason.strip():
        words = _("Say why.")
        raise Invalid(words, code="reason_missing", errors=[{"field": "reason", "message": words}])
