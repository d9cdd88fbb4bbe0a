"""The inbox as one UNION ALL over what every room lists in its `problems` module, within the row filter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection
from django.urls import reverse

from customers.territory.selectors import BY_TERRITORY, cared_for, visible_posts
from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from oms.kernel.problems import COLUMNS, ProblemKind
from oms.kernel.rooms import modules
from oms.web import format as fmt

LIMIT = 500


@cache
def problem_kinds() -> dict[str, ProblemKind]:
    """Every kind by code, in the order of the house."""
    found = [kind for module in modules("problems") for kind in getattr(module, "PROBLEMS", ())]
    assert len({k.code for k in found}) == len(found), "two kinds of problem share a code"
    return {kind.code: kind for kind in found}


@dataclass(frozen=True)
class Problem:
    """One row of the inbox, with what people said about it."""

    kind: ProblemKind
    subject_id: int
    number: str
    customer: str | None
    since: datetime
    amount: Decimal | None
    currency: str
    facts: dict[str, Any]
    claimed_by: str | None
    note: str
    snoozed_until: datetime | None

    @property
    def sentence(self) -> str:
        return self.kind.sentence(self.facts)

    @property
    def url(self) -> str:
        return reverse(self.kind.page, args=[self.number])


ROWS = """
SELECT x.code, x.subject_id, x.number, c.name, x.since, x.amount, x.currency, x.facts, coalesce(u.username, ''),
       coalesce(m.note, ''), m.snoozed_until
FROM ({union}) x
LEFT JOIN customers_customer c ON c.id = x.customer_id
LEFT JOIN reporting_problemmark m ON m.kind = x.code AND m.subject_id = x.subject_id
LEFT JOIN oms_user u ON u.id = m.claimed_by_id
WHERE {filter} AND ({snoozed} OR m.snoozed_until IS NULL OR m.snoozed_until <= now())
ORDER BY x.since, x.code, x.subject_id LIMIT %(limit)s
"""

COUNT = """
SELECT count(*) FROM ({union}) x
LEFT JOIN customers_customer c ON c.id = x.customer_id
LEFT JOIN reporting_problemmark m ON m.kind = x.code AND m.subject_id = x.subject_id
WHERE {filter} AND (m.snoozed_until IS NULL OR m.snoozed_until <= now())
"""


def union(kinds: Sequence[ProblemKind]) -> str:
    """The kinds' rows as one, each with its code."""
    return " UNION ALL ".join(f"SELECT '{k.code}' AS code, {COLUMNS} FROM ({k.sql}) AS p" for k in kinds)


def row_filter(user: Any) -> tuple[str, dict[str, Any]]:
    """The row filter as SQL on x and c: customers of one's subtree, one's locations, everything for finance.

    What is about no customer is seen by those whose work it is; the kinds asked for take care of that.
    """
    if user.is_system or Role.FINANCE in user.roles or Role.ADMINISTRATOR in user.roles:
        return "true", {}
    conditions, parameters = ["(x.customer_id IS NULL AND x.location_id IS NULL)"], dict[str, Any]()
    if any(role in user.roles for role in BY_TERRITORY):
        conditions.append("c.post_id = ANY(%(posts)s)")
        conditions.append("x.customer_id IS NULL")
        parameters["posts"] = list(visible_posts(user))
    if Role.WAREHOUSE in user.roles:
        conditions.append("x.location_id = ANY(%(locations)s)")
        parameters["locations"] = list(LocationStaff.objects.filter(user_id=user.pk).values_list("location_id", flat=True))
    return f"({' OR '.join(conditions)})", parameters


@dataclass(frozen=True)
class Asked:
    """What a person's inbox is made of: the kinds, and the condition with its parameters on x and c."""

    kinds: list[ProblemKind]
    condition: str
    parameters: dict[str, Any]


def asked(user: Any, mine: bool) -> Asked | None:
    """The problems this person can clear (`mine`), or the others they may at least see happen to their customers.

    While a sales post is vacant, what its holder would clear waits for who holds the post above it.
    """
    every = list(problem_kinds().values())
    own = [k for k in every if k.roles.intersection(user.roles)]
    territorial = any(role in user.roles for role in BY_TERRITORY)
    posts = sorted(cared_for(user)) if territorial else []
    lent = [k for k in every if Role.SALES in k.roles and k not in own] if posts else []
    condition, parameters = row_filter(user)
    if mine:
        kinds = [*own, *lent]
        if lent:
            condition += " AND (x.code = ANY(%(own)s) OR c.post_id = ANY(%(lent_posts)s))"
            parameters |= {"own": [k.code for k in own], "lent_posts": posts}
    else:
        kinds = [k for k in every if k not in own] if territorial or Role.FINANCE in user.roles else []
        condition += " AND x.customer_id IS NOT NULL"
        if lent:
            condition += " AND NOT (x.code = ANY(%(lent)s) AND c.post_id = ANY(%(lent_posts)s))"
            parameters |= {"lent": [k.code for k in lent], "lent_posts": posts}
    return Asked(kinds, condition, parameters) if kinds else None


def problems(user: Any, *, mine: bool = True, code: str = "", snoozed: bool = False, limit: int = LIMIT) -> list[Problem]:
    """Open problems, oldest first, one statement (three with the row filter): those `user` can clear, or the others'.

    What others clear is shown only where it is about a customer one may see.
    """
    what = asked(user, mine)
    kinds = [k for k in what.kinds if not code or k.code == code] if what else []
    if what is None or not kinds:
        return []
    sql = ROWS.format(union=union(kinds), filter=what.condition, snoozed="true" if snoozed else "false")
    with connection.cursor() as cursor:
        cursor.execute(sql, {**what.parameters, "limit": limit})
        rows = cursor.fetchall()
    known = problem_kinds()
    return [
        Problem(known[code], subject, number, customer, since, amount, currency, as_facts(facts), claimed, note, until)
        for code, subject, number, customer, since, amount, currency, facts, claimed, note, until in rows
    ]


def as_facts(value: Any) -> dict[str, Any]:
    """For sentences, its `day` as people read days. jsonb comes as text or as a dictionary, depending on the connection's settings."""
    facts = json.loads(value) if isinstance(value, str) else value
    return {**facts, "day": fmt.day(date.fromisoformat(facts["day"]))} if facts.get("day") else facts


def count(user: Any) -> int:
    """How many problems wait for this person, snoozed ones left out."""
    what = asked(user, mine=True)
    if what is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(union=union(what.kinds), filter=what.condition), what.parameters)
        return int(cursor.fetchone()[0])
