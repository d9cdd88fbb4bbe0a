"""Claim, note, snooze: what people say about a problem. Clearing it is done where it arises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from customers.territory.selectors import visible_posts
from oms.accounts.choices import Role
from oms.accounts.models import User
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid, NotFound
from reporting.problems.models import ProblemMark
from reporting.problems.selectors import problem_kinds, union

MAX_NOTE = 2_000


@use_case("reporting.mark_problem")
def mark(
    kind: str, subject_id: int, *, by: Any, at: datetime | None = None, claim: bool | None = None, note: str | None = None,
    snoozed_until: datetime | None = None, wake: bool = False,
) -> ProblemMark:  # fmt: skip
    """Claim or let go (`claim`), write a `note`, or put away until a moment; what is not given stays.

    Raises NotFound `kind_missing`, Invalid `too_long`, `snooze_past`.
    """
    authorize(by, "reporting.mark_problem")
    if kind not in problem_kinds():
        raise NotFound(_("There is no such kind of problem."), code="kind_missing")
    if note is not None and len(note) > MAX_NOTE:
        raise Invalid(_("At most %(n)s characters.") % {"n": MAX_NOTE}, code="too_long")
    cmd = current()
    if snoozed_until is not None and snoozed_until <= cmd.at:
        raise Invalid(_("Choose a moment in the future."), code="snooze_past")
    event = cmd.event("problem.marked", [("user", by.pk)], {"kind": kind, "subject": subject_id, "claim": claim}, note=note or "")
    changes: dict[str, Any] = {"marked_at": cmd.at, "event_id": event}
    if claim is not None:
        changes["claimed_by_id"] = by.pk if claim else None
    if note is not None:
        changes["note"] = note
    if snoozed_until is not None or wake:
        changes["snoozed_until"] = snoozed_until
    made, _new = ProblemMark.objects.update_or_create(kind=kind, subject_id=subject_id, defaults=changes)
    return made


# Claims on problems of customers, with the customer's post and who holds it today.
CLAIMS = """
SELECT DISTINCT m.id, m.claimed_by_id, c.post_id, (SELECT h.user_id FROM customers_postholding h WHERE h.post_id = c.post_id AND h.during @> CURRENT_DATE)
FROM reporting_problemmark m JOIN ({union}) x ON x.code = m.kind AND x.subject_id = m.subject_id
JOIN customers_customer c ON c.id = x.customer_id WHERE m.claimed_by_id IS NOT NULL ORDER BY m.id
"""
BY_CUSTOMER = {Role.SALES, Role.APPROVER, Role.MANAGER}


@use_case("reporting.pass_on_claims")
def pass_on_claims(*, by: Any, at: datetime | None = None) -> int:
    """Claims of those who no longer see the problem's customer go to who holds its post, or to nobody; returns how many.

    By the news of a hand-over, and each night for those that begin then. Who works by other things than customers keeps them.
    """
    authorize(by, "reporting.pass_on_claims")
    cmd = current()
    claimants = User.objects.filter(pk__in=ProblemMark.objects.exclude(claimed_by=None).values("claimed_by"))
    sees = {u.pk: visible_posts(u) for u in claimants if BY_CUSTOMER.issuperset(u.roles)}
    if not sees:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(CLAIMS.format(union=union(list(problem_kinds().values()))))
        rows = cursor.fetchall()
    passed = [(mark_id, former, successor) for mark_id, former, post, successor in rows if former in sees and post not in sees[former]]
    for mark_id, former, successor in passed:
        event = cmd.event("problem.passed_on", [("user", pk) for pk in (former, successor) if pk], {"mark": mark_id, "from": former, "to": successor})
        ProblemMark.objects.filter(pk=mark_id).update(claimed_by_id=successor, marked_at=cmd.at, event_id=event)
    return len(passed)
