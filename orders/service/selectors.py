"""Reads of cases, within the row filter, and the service clock that holds for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case as When
from django.db.models import DateTimeField, F, Prefetch, Q, QuerySet, Value
from django.db.models import When as Then
from django.db.models.functions import Least

from customers.territory.selectors import customer_filter
from oms.accounts.choices import Role
from oms.accounts.models import User
from oms.company.models import ReasonCode
from oms.company.selectors import company_zone, working_days
from orders.service.choices import LIVE, REASON_KIND, CaseStatus, Direction
from orders.service.domain import FARTHEST, Hours, due, worked_between
from orders.service.models import Case, CaseFile, CaseLink, CaseMessage, ServiceLevel

# When nobody set up a service level: answered within a working day, resolved within five; Monday to Friday, nine to five.
FALLBACK = (8, 40, time(9), time(17))


@dataclass(frozen=True)
class Clock:
    """The level that holds for a kind and priority: how long, and which time counts."""

    respond: timedelta
    resolve: timedelta
    hours: Hours
    days: tuple[bool, ...]
    first: date

    def worked(self, day: date) -> bool:
        """Whether a day is worked; days beyond what was read are as Monday to Friday."""
        n = (day - self.first).days
        return self.days[n] if 0 <= n < len(self.days) else day.weekday() < 5

    def due(self, start: datetime, amount: timedelta) -> datetime:
        """When `amount` of working time has passed since `start`."""
        return due(start, amount, self.hours, self.worked)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments."""
        return worked_between(start, end, self.hours, self.worked)


def clock(kind: str, priority: str, start: datetime) -> Clock:
    """The clock for a kind and priority, with its calendar from `start` on. Three statements."""
    zone = company_zone()
    level = ServiceLevel.objects.filter(kind=kind, priority=priority).first()
    first = start.astimezone(zone).date()
    respond, resolve, opens, closes = (level.respond_hours, level.resolve_hours, level.opens, level.closes) if level else FALLBACK
    days = working_days([level.calendar_id], first, first + timedelta(days=FARTHEST))[level.calendar_id] if level else ()
    return Clock(timedelta(hours=respond), timedelta(hours=resolve), Hours(opens, closes, zone), days, first)


def visible_cases(user: Any) -> QuerySet[Case]:
    """Cases of the customers `user` may see: the row filter of every page and export."""
    return Case.objects.filter(customer_filter(user, "customer"))


def next_due() -> Any:
    """The nearer of the two clocks that still run; none while the case waits or is over."""
    return When(
        Then(status=CaseStatus.OPEN, responded_at=None, then=Least(F("respond_due"), F("resolve_due"))),
        Then(status=CaseStatus.OPEN, then=F("resolve_due")),
        default=Value(None), output_field=DateTimeField(),
    )  # fmt: skip


def case_rows(user: Any) -> QuerySet[Case]:
    """Cases for a table with `due`, the most pressing first; what is over last."""
    rows = visible_cases(user).exclude(status=CaseStatus.MERGED).select_related("customer__post", "order", "assignee")
    return rows.annotate(due=next_due()).order_by(F("due").asc(nulls_last=True), "-opened_at", "pk")


def mine(user: Any) -> QuerySet[Case]:
    """Live cases that are this person's: given to them, or to nobody at a post they hold."""
    held = Q(assignee=None, customer__post__holdings__user_id=user.pk, customer__post__holdings__during__contains=date.today())
    rows = case_rows(user).filter(Q(assignee_id=user.pk) | held, status__in=LIVE)
    return rows.filter(status=CaseStatus.OPEN)


def find_case(user: Any, number: str) -> Case | None:
    """One case within the row filter with all it is tied to, or None. One statement (two with the row filter)."""
    if "\x00" in number:
        return None
    ties = ("customer__post", "contact", "order", "line__product", "shipment", "invoice", "assignee", "opened_by", "merged_into")
    return visible_cases(user).select_related(*ties).annotate(due=next_due()).filter(number=number).first()


def messages(case: Case) -> list[CaseMessage]:
    """What was said in a case and in those merged into it, in order, with the names of the files. Two statements."""
    rows = CaseMessage.objects.filter(Q(case=case) | Q(case__merged_into=case)).select_related("by", "case")
    return list(rows.prefetch_related(Prefetch("files", to_attr="names")).order_by("at", "pk"))


def told(case: Case) -> list[CaseMessage]:
    """What was said in a case by and to the customer: without the notes of the house."""
    return [m for m in messages(case) if m.direction != Direction.NOTE]


def visible_files(user: Any) -> QuerySet[CaseFile]:
    """Files of the cases `user` may see; a customer's people: not those of notes."""
    rows = CaseFile.objects.filter(message__case__in=visible_cases(user))
    return rows.exclude(message__direction=Direction.NOTE) if Role.PARTNER in user.roles else rows


def related(case: Case) -> list[Case]:
    """Linked cases and those merged into this one, the latest first. One statement."""
    linked = CaseLink.objects.filter(Q(first=case) | Q(second=case)).values_list("first", "second")
    ids = {pk for pair in linked for pk in pair} - {case.pk}
    return list(Case.objects.filter(Q(pk__in=ids) | Q(merged_into=case)).order_by("-opened_at"))


def cases_about(**tie: Any) -> list[Case]:
    """Cases of an order, shipment or invoice, live ones first; the caller has checked that one may see it."""
    rows = Case.objects.filter(**tie).exclude(status=CaseStatus.MERGED).annotate(due=next_due())
    return list(rows.order_by(F("due").asc(nulls_last=True), "-opened_at")[:20])


def causes() -> Sequence[ReasonCode]:
    """Root causes one may choose, by their text."""
    return list(ReasonCode.objects.filter(kind=REASON_KIND, active=True).order_by("text"))


def cause_text(case: Case) -> str:
    """The root cause in words, also one that is no longer offered; "" for none."""
    if not case.cause:
        return ""
    return ReasonCode.objects.filter(kind=REASON_KIND, code=case.cause).values_list("text", flat=True).first() or case.cause


def workers() -> list[User]:
    """Who can be given a case: open accounts of the staff that works with customers."""
    people = User.objects.filter(is_active=True, is_system=False, roles__overlap=["sales", "approver", "manager", "finance"])
    return list(people.order_by("last_name", "first_name", "username"))


# Live cases given to somebody of sales, approvers or managers, with who holds the customer's post today.
GIVEN = """
SELECT c.id, c.assignee_id, k.post_id, (SELECT h.user_id FROM customers_postholding h WHERE h.post_id = k.post_id AND h.during @> CURRENT_DATE)
FROM orders_case c JOIN customers_customer k ON k.id = c.customer_id JOIN oms_user u ON u.id = c.assignee_id
WHERE c.status IN ('open', 'waiting') AND NOT u.roles && ARRAY['finance', 'warehouse', 'administrator']::varchar[] ORDER BY c.id
"""


def given() -> list[tuple[int, int, int, int | None]]:
    """(case, assignee, customer's post, who holds that post) of live cases. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(GIVEN)
        return cursor.fetchall()
