"""What is said in a case, who works on it, and how the clock stands still while the customer is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.territory.selectors import visible_posts
from oms.accounts.models import User
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.service.choices import CaseStatus, Direction
from orders.service.lifecycle import CASE
from orders.service.locks import lock_cases
from orders.service.models import Case
from orders.service.selectors import clock, given
from orders.service.services.opening import NewFile, add_message, refuse_unless_live, subjects

EVENTS = {Direction.IN: "case.asked", Direction.OUT: "case.answered", Direction.NOTE: "case.noted"}


@use_case("service.say")
def say(
    case_id: int, direction: str, text: str, *, by: Any, wait: bool = False, files: Sequence[NewFile] = (), at: datetime | None = None
) -> Case:  # fmt: skip
    """Keep what the customer said, what was answered, or a note. An answer ends the first clock; with `wait` the second one
    stands still until the customer says something. What a customer says opens a resolved case again.

    Raises Forbidden `not_visible`, Conflict `not_live` (merged, or an answer in a resolved one), Invalid `bad_direction` and
    those of `add_message`.
    """
    case = lock_cases([case_id])[case_id]
    authorize(by, "service.ask" if direction == Direction.IN else "service.work_case", case.customer_id)
    if direction not in Direction.values or (wait and direction != Direction.OUT):
        raise Invalid(_("Say who says it."), code="bad_direction")
    if case.status == CaseStatus.MERGED or (direction == Direction.OUT and not case.live):
        refuse_unless_live(case)
    cmd = current()
    event = cmd.event(EVENTS[Direction(direction)], subjects(case), {"case": case.pk, "wait": wait, "files": len(files)})
    add_message(case, direction, text, files, by, event)
    if direction == Direction.OUT:
        case.responded_at = case.responded_at or cmd.at
        if wait and case.status == CaseStatus.OPEN:
            transition_to(case, CaseStatus.WAITING)
            case.waiting_since = cmd.at
    elif direction == Direction.IN:
        if case.status == CaseStatus.RESOLVED:
            reopen(case)
        resume(case)
    case.save(update_fields=["status", "responded_at", "waiting_since", "resolve_due", "resolved_at", "reopened"])
    return case


def transition_to(case: Case, target: str) -> None:
    """Part: the only door to a case's status. Raises Conflict `illegal_transition`."""
    CASE.check(case.status, target)
    case.status = target


def resume(case: Case) -> None:
    """Part: the clock of a waiting case goes on with what was left of it."""
    if case.status != CaseStatus.WAITING or case.waiting_since is None:
        return
    runs = clock(case.kind, case.priority, case.waiting_since)
    left = runs.between(case.waiting_since, case.resolve_due)
    transition_to(case, CaseStatus.OPEN)
    case.resolve_due, case.waiting_since = runs.due(current().at, left), None


def reopen(case: Case) -> None:
    """Part: a resolved case is open again, with the whole time to resolve it."""
    transition_to(case, CaseStatus.OPEN)
    runs = clock(case.kind, case.priority, current().at)
    case.resolve_due, case.resolved_at = runs.due(current().at, runs.resolve), None
    case.reopened += 1


@use_case("service.assign_case")
def assign_case(case_id: int, user_id: int | None, *, by: Any, at: datetime | None = None) -> Case:
    """Give a live case to somebody, or back to the customer's post (None). Raises Invalid `no_such_person`, Conflict `not_live`, `same_person`."""
    case = lock_cases([case_id])[case_id]
    authorize(by, "service.work_case", case.customer_id)
    refuse_unless_live(case)
    if case.assignee_id == user_id:
        raise Conflict(_("It is with them already."), code="same_person")
    if user_id is not None:
        person = User.objects.filter(pk=user_id, is_active=True, is_system=False).first()
        if person is None or not person.has_role("sales", "approver", "manager", "finance"):
            raise Invalid(_("Choose somebody of sales, finance, an approver or a manager."), code="no_such_person",
                          errors=[{"field": "assignee", "message": _("Choose one of the list.")}])
    current().event("case.assigned", [*subjects(case), *([("user", user_id)] if user_id else [])], {"case": case.pk, "from": case.assignee_id, "to": user_id})
    case.assignee_id = user_id
    case.save(update_fields=["assignee"])
    return case


@use_case("service.pass_on_cases")
def pass_on_cases(*, by: Any, at: datetime | None = None) -> int:
    """Live cases of those who no longer see the customer go to who holds its post, or to the post; returns how many.

    By the news of a hand-over, and each night for those that begin then.
    """
    authorize(by, "service.pass_on")
    rows = given()
    sees = {user.pk: visible_posts(user) for user in User.objects.filter(pk__in={assignee for _case, assignee, _post, _holder in rows})}
    moved = [(case, assignee, holder) for case, assignee, post, holder in rows if post not in sees[assignee]]
    cases = lock_cases([case for case, _assignee, _holder in moved]) if moved else {}
    for case_id, former, holder in moved:
        case = cases[case_id]
        current().event("case.assigned", subjects(case), {"case": case_id, "from": former, "to": holder})
        case.assignee_id = holder
        case.save(update_fields=["assignee"])
    return len(moved)
