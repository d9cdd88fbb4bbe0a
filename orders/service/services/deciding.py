"""A case is resolved with its cause, opened again, merged into another or linked with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.models import ReasonCode
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.service.choices import REASON_KIND, CaseKind, CaseStatus
from orders.service.locks import lock_cases
from orders.service.models import Case, CaseLink
from orders.service.services.opening import LONGEST, refuse_unless_live, subjects
from orders.service.services.talking import reopen, transition_to

NEEDS_CAUSE = (CaseKind.COMPLAINT, CaseKind.CLAIM)


@use_case("service.resolve_case")
def resolve_case(case_id: int, cause: str, outcome: str, *, by: Any, at: datetime | None = None) -> Case:
    """The case is over: what came of it, and for complaints and claims the root cause with who answers for it.

    Raises Conflict `not_live`, Invalid `outcome_missing`, `no_cause`.
    """
    case = lock_cases([case_id])[case_id]
    authorize(by, "service.work_case", case.customer_id)
    refuse_unless_live(case)
    outcome = outcome.replace("\x00", "").strip()[:LONGEST]
    if not outcome:
        raise _wrong("outcome", _("Say what came of it."), "outcome_missing")
    code = ReasonCode.objects.filter(kind=REASON_KIND, code=cause, active=True).first() if cause else None
    if code is None and (cause or case.kind in NEEDS_CAUSE):
        raise _wrong("cause", _("Choose the root cause."), "no_cause")
    cmd = current()
    transition_to(case, CaseStatus.RESOLVED)
    case.responded_at, case.resolved_at, case.waiting_since, case.outcome = case.responded_at or cmd.at, cmd.at, None, outcome
    case.cause, case.party, case.controllable = (code.code, code.party, code.controllable) if code else ("", "", None)
    cmd.event("case.resolved", subjects(case), {"case": case.pk, "cause": case.cause, "late": cmd.at > case.resolve_due})
    case.save(update_fields=["status", "responded_at", "resolved_at", "waiting_since", "outcome", "cause", "party", "controllable"])
    return case


@use_case("service.reopen_case")
def reopen_case(case_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Case:
    """A resolved case is not over after all. Raises Conflict `illegal_transition`, Invalid `reason_missing`."""
    case = lock_cases([case_id])[case_id]
    authorize(by, "service.work_case", case.customer_id)
    if not reason.strip():
        raise _wrong("reason", _("Say why."), "reason_missing")
    if case.status != CaseStatus.RESOLVED:
        raise Conflict(_("%(number)s is not resolved.") % {"number": case.number}, code="not_resolved")
    reopen(case)
    current().event("case.reopened", subjects(case), {"case": case.pk}, note=reason.strip())
    case.save(update_fields=["status", "resolve_due", "resolved_at", "reopened"])
    return case


@use_case("service.merge_case")
def merge_case(case_id: int, into_id: int, *, by: Any, at: datetime | None = None) -> Case:
    """A case turns out to be another one: it lives on there, messages and all, and the nearer deadline counts.

    Raises Conflict `same_case`, `other_customer`, `not_live` (the other one is over, or this was merged before).
    """
    if case_id == into_id:
        raise Conflict(_("That is the case itself."), code="same_case")
    cases = lock_cases([case_id, into_id])
    case, into = cases[case_id], cases[into_id]
    authorize(by, "service.work_case", case.customer_id)
    if case.customer_id != into.customer_id:
        raise Conflict(_("%(number)s is another customer's.") % {"number": into.number}, code="other_customer", clears=_("Link the cases instead."))
    refuse_unless_live(into)
    if case.status == CaseStatus.MERGED:
        refuse_unless_live(case)
    cmd = current()
    if case.live:
        into.resolve_due = min(into.resolve_due, case.resolve_due)
    transition_to(case, CaseStatus.MERGED)
    case.merged_into, case.waiting_since = into, None
    cmd.event("case.merged", [*subjects(case), ("case", into.pk)], {"case": case.pk, "into": into.pk})
    case.save(update_fields=["status", "merged_into", "waiting_since"])
    Case.objects.filter(merged_into=case).update(merged_into=into)
    into.save(update_fields=["resolve_due"])
    return into


@use_case("service.link_cases")
def link_cases(case_id: int, other_id: int, *, by: Any, at: datetime | None = None) -> CaseLink:
    """Two cases have to do with each other. Raises Conflict `same_case`, `linked_before`, Forbidden `not_visible`."""
    if case_id == other_id:
        raise Conflict(_("That is the case itself."), code="same_case")
    cases = lock_cases([case_id, other_id])
    for case in cases.values():
        authorize(by, "service.work_case", case.customer_id)
    first, second = sorted((case_id, other_id))
    if CaseLink.objects.filter(first_id=first, second_id=second).exists():
        raise Conflict(_("They are linked already."), code="linked_before")
    event = current().event("case.linked", [("case", first), ("case", second)], {"cases": [first, second]})
    return CaseLink.objects.create(first_id=first, second_id=second, event_id=event)


def _wrong(field: str, message: str, code: str) -> Invalid:
    return Invalid(message, code=code, errors=[{"field": field, "message": message}])
