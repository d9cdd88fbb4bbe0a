"""Propose, confirm, reject, withdraw: the four steps of every change that takes two persons (RELIABILITY.md I25)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize, who_may
from oms.changes.models import ChangeRequest
from oms.changes.registry import kinds
from oms.events.services import current, use_case
from oms.kernel.canonical import canonical, digest
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound


@use_case("changes.propose")
def propose(
    kind: str,
    subject: tuple[str, int],
    title: str,
    data: Mapping[str, Any],
    reason: str,
    *,
    by: Any,
    at: datetime | None = None,
    before: Mapping[str, Any] | None = None,
    amount: Decimal | None = None,
    customer_id: int | None = None,
) -> ChangeRequest:
    """Propose a change; nothing is written until another person confirms. `data`, `before`: plain JSON values.

    Raises Forbidden, Invalid `reason_missing`, Conflict `change_open` when one of this kind about this thing waits.
    """
    authorize(by, kinds()[kind].propose)
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    cmd = current()
    about = [subject, *([("customer", customer_id)] if customer_id else [])]
    event = cmd.event("change.proposed", about, {"kind": kind, "amount": amount, "sha256": digest(canonical(dict(data))).hex()}, note=reason)
    try:
        return ChangeRequest.objects.create(
            kind=kind, subject_kind=subject[0], subject_id=subject[1], customer_id=customer_id, title=title[:200],
            data=dict(data), before=dict(before or {}), amount=amount, reason=reason, proposed_by_id=by.pk,
            proposed_at=cmd.at, event_id=event,
        )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(_("Such a change waits for its second person already."), code="change_open",
                       who=who_may(kinds()[kind].confirm), clears=_("Have it confirmed, rejected or withdrawn first.")) from error


def locked(change_id: int) -> ChangeRequest:
    """The change, locked; NotFound `change_missing`, Conflict `change_decided`."""
    found = ChangeRequest.objects.select_for_update(no_key=True).filter(pk=change_id).first()
    if found is None:
        raise NotFound(_("There is no such change."), code="change_missing")
    if found.state != ChangeRequest.State.OPEN:
        raise Conflict(_("The change is %(state)s.") % {"state": found.get_state_display().lower()}, code="change_decided")
    return found


def _close(change: ChangeRequest, state: str, name: str, reason: str = "") -> None:
    cmd = current()
    about = [(change.subject_kind, change.subject_id), *([("customer", change.customer_id)] if change.customer_id else [])]
    cmd.event(name, about, {"change": change.pk, "kind": change.kind, "amount": change.amount}, note=reason)
    change.state, change.decided_by_id, change.decided_at, change.decision_reason = state, cmd.by.pk, cmd.at, reason
    change.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])


def _second_person(change: ChangeRequest, by: Any) -> None:
    kind = kinds()[change.kind]
    authorize(by, kind.confirm)
    if by.is_system or by.pk == change.proposed_by_id:
        raise Forbidden(_("Somebody else than who proposed the change decides it."), code="own_proposal",
                        who=who_may(kind.confirm), clears=_("Ask a colleague who may confirm it."))


@use_case("changes.confirm")
def confirm(change_id: int, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Put a proposed change into force, by somebody else than who proposed it; what it writes joins this command.

    Raises Forbidden `own_proposal`, Conflict `change_decided`, and whatever its kind's `apply` refuses (Stale).
    """
    change = locked(change_id)
    _second_person(change, by)
    _close(change, ChangeRequest.State.CONFIRMED, "change.confirmed")
    kinds()[change.kind].apply(change)
    return change


@use_case("changes.reject")
def reject(change_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Refuse a proposed change, with a reason. Raises as `confirm`, Invalid `reason_missing`."""
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    change = locked(change_id)
    _second_person(change, by)
    _close(change, ChangeRequest.State.REJECTED, "change.rejected", reason)
    return change


@use_case("changes.withdraw")
def withdraw(change_id: int, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Take back one's own proposal. Raises Forbidden `not_own`, Conflict `change_decided`."""
    change = locked(change_id)
    if by.pk != change.proposed_by_id:
        raise Forbidden(_("Only who proposed a change withdraws it."), code="not_own")
    _close(change, ChangeRequest.State.WITHDRAWN, "change.withdrawn")
    return change
