"""Reads for the dashboard: thirteen weeks of figures, the backlog by age, what is owed by age. One statement each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.planning.selectors.live import PLANNED
from reporting.facts.selectors import Scope
from reporting.facts.selectors.debts import OPEN_ON
from reporting.facts.selectors.scope import POSTS_BELOW, VISIBLE

WEEKS = 13
SALES_DAYS = 90
# Days since the order was submitted; the last one is open-ended.
AGES = ((0, 2), (3, 7), (8, 14), (15, 30), (31, None))
DEBTS = ((None, 0), (1, 30), (31, 60), (61, 90), (91, None))
REGION = f"(%(territory)s = '' OR c.post_id IN ({POSTS_BELOW}))"


@dataclass(frozen=True)
class Asked:
    """A day, a currency and a region ("" means all one sees)."""

    on: date
    currency: str
    territory: str = ""

    def parameters(self, seen: Scope) -> dict[str, Any]:
        """What the statements need."""
        return {**seen.parameters, "on": self.on, "currency": self.currency, "territory": self.territory}


def _all(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    # What a statement does not name must not be sent: the server could not tell its type.
    with connection.cursor() as cursor:
        cursor.execute(sql, {name: value for name, value in parameters.items() if f"%({name})s" in sql})
        return cursor.fetchall()


@dataclass(frozen=True)
class Week:
    """Net of one week that starts on `monday`; lines and units by their first promise."""

    monday: date
    ordered: Decimal
    approved: Decimal
    delivered: Decimal
    lines_due: int
    lines_on_time: int
    units_due: int
    units_on_time: int


def share(part: int, whole: int) -> Decimal | None:
    """part / whole, None for nothing."""
    return Decimal(part) / whole if whole else None


def weeks(seen: Scope, asked: Asked) -> list[Week]:
    """The last thirteen weeks up to the day, the oldest first; weeks without figures with zeros.

    The facts of the day each week, whatever period they were booked in.
    """
    monday = asked.on - timedelta(days=asked.on.weekday())
    mondays = [monday - timedelta(weeks=n) for n in range(WEEKS - 1, -1, -1)]
    rows = _all(
        f"""SELECT date_trunc('week', f.day)::date, sum(f.ordered), sum(f.approved), sum(f.delivered),
            coalesce(sum(f.lines_due) FILTER (WHERE f.day < %(on)s), 0), coalesce(sum(f.lines_on_time) FILTER (WHERE f.day < %(on)s), 0),
            coalesce(sum(f.units_due) FILTER (WHERE f.day < %(on)s), 0), coalesce(sum(f.units_on_time) FILTER (WHERE f.day < %(on)s), 0)
        FROM reporting_figure f JOIN customers_customer c ON c.id = f.customer_id
        WHERE f.period >= date_trunc('month', %(first)s::date)::date AND f.day BETWEEN %(first)s AND %(on)s
          AND f.currency_id = %(currency)s AND {VISIBLE} AND {REGION}
        GROUP BY 1""",
        asked.parameters(seen) | {"first": mondays[0]},
    )
    found = {row[0]: row for row in rows}
    zero = (Decimal(0),) * 3
    return [
        Week(m, *found[m][1:4], *(int(v) for v in found[m][4:])) if m in found else Week(m, *zero, 0, 0, 0, 0) for m in mondays
    ]


@dataclass(frozen=True)
class Aged:
    """Approved and not issued, of orders this old, at net price: with a date or with the warehouse, and without supply."""

    first: date | None
    last: date
    dated: Decimal
    backordered: Decimal


def backlog(seen: Scope, asked: Asked) -> list[Aged]:
    """What is open of approved orders by the age of the order, the youngest first. As it is now."""
    by_age = _all(
        f"""SELECT %(on)s::date - day, sum(dated * each), sum((units - dated) * each) FROM (
            SELECT (o.submitted_at AT TIME ZONE 'UTC')::date AS day, l.quantity_approved - l.quantity_shipped AS units,
                   least(l.quantity_allocated + coalesce(p.planned, 0), l.quantity_approved - l.quantity_shipped) AS dated,
                   l.unit_price * (1 - l.discount) / l.price_unit AS each
            FROM orders_order o JOIN customers_customer c ON c.id = o.customer_id
            JOIN orders_orderline l ON l.order_id = o.id AND l.kind IN ('goods', 'free', 'replacement') AND l.quantity_approved > l.quantity_shipped
            LEFT JOIN {PLANNED} p ON p.line_id = l.id
            WHERE o.status = 'approved' AND o.currency_id = %(currency)s AND {VISIBLE} AND {REGION}
        ) lines GROUP BY day""",
        asked.parameters(seen),
    )
    found = []
    for low, high in AGES:
        first = None if high is None else asked.on - timedelta(days=high)
        old = [row for row in by_age if low <= row[0] and (high is None or row[0] <= high)]
        found.append(Aged(first, asked.on - timedelta(days=low), sum((r[1] for r in old), Decimal(0)), sum((r[2] for r in old), Decimal(0))))
    return found


@dataclass(frozen=True)
class Debt:
    """What was owed at the end of the day, gross, by days overdue (not due, to 30, 60, 90, older); the same net of tax;
    what was invoiced net in the last 90 days."""

    by_age: list[Decimal]
    net: Decimal
    invoiced: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self.by_age, Decimal(0))

    @property
    def overdue(self) -> Decimal:
        return self.total - self.by_age[0]

    @property
    def days(self) -> int | None:
        """Days sales outstanding: what is owed net, in days of the sales of the last 90."""
        return round(self.net * SALES_DAYS / self.invoiced) if self.invoiced > 0 else None


def debt(seen: Scope, asked: Asked) -> Debt:
    """Open invoices by age at the end of any day, from invoices and applications alone."""
    ages = ["due_date >= %(on)s" if low is None else f"%(on)s::date - due_date >= {low}" + ("" if high is None else f" AND %(on)s::date - due_date <= {high}")
            for low, high in DEBTS]  # fmt: skip
    sums = ", ".join(f"coalesce(sum(rest) FILTER (WHERE {c}), 0)" for c in ages)
    ((*values, net, invoiced),) = _all(
        f"""SELECT {sums}, coalesce(sum(rest * net / nullif(total, 0)), 0),
            (SELECT coalesce(sum(f.invoiced), 0) FROM reporting_figure f JOIN customers_customer c ON c.id = f.customer_id
             WHERE f.period >= date_trunc('month', %(since)s::date)::date AND f.day BETWEEN %(since)s AND %(on)s
               AND f.currency_id = %(currency)s AND {VISIBLE} AND {REGION})
        FROM (
            SELECT i.due_date, i.net, i.total, i.rest FROM {OPEN_ON} i JOIN customers_customer c ON c.id = i.customer_id
            WHERE {VISIBLE} AND {REGION}
        ) items""",
        asked.parameters(seen) | {"since": asked.on - timedelta(days=SALES_DAYS - 1)},
    )
    return Debt([Decimal(v) for v in values], Decimal(net), Decimal(invoiced))


def month_ends(on: date, months: int) -> list[date]:
    """The ends of the `months` months before that of `on`, oldest first, and `on` itself."""
    ends, first = [on], on.replace(day=1)
    for _n in range(months):
        last = first - timedelta(days=1)
        ends.append(last)
        first = last.replace(day=1)
    return sorted(set(ends))


def outstanding(seen: Scope, asked: Asked, months: int = 12) -> list[tuple[date, Debt]]:
    """What was owed at the end of each of the last months, and at the end of the day asked for. One statement a day."""
    return [(day, debt(seen, replace(asked, on=day))) for day in month_ends(asked.on, months)]
