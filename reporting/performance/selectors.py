"""The figures of one selection: twelve months, the month by post, person, region, family or customer, what stands behind.

Figures follow the post that owned the customer on the fact's day, and the person that held it (what takes back an earlier fact:
on that fact's day); which posts lie in a region is asked of the tree as it
stood when the month was closed, or as it is now while it is open. The row filter leaves out customers one may not see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from oms.kernel.dates import next_month
from reporting.facts.choices import COLUMNS, MONEY
from reporting.facts.selectors import Scope
from reporting.facts.selectors.counting import facts
from reporting.facts.selectors.debts import OPEN_ON
from reporting.facts.selectors.scope import POSTS_BELOW, VISIBLE
from reporting.performance.choices import DORMANT_DAYS, LOST_DAYS, WITH_TARGET, Dimension, Movement

MONTHS = 12
DOCUMENTS_SHOWN = 10_000


@dataclass(frozen=True)
class Selection:
    """A month (its first day) in one currency; codes narrow it, "" means all."""

    month: date
    currency: str
    territory: str = ""
    post: str = ""
    person: str = ""
    family: str = ""
    customer: str = ""

    @property
    def last(self) -> date:
        """The last day of the month."""
        return next_month(self.month) - timedelta(days=1)


def months_before(month: date, n: int) -> date:
    """The first day of the month `n` months before."""
    count = month.year * 12 + month.month - 1 - n
    return date(count // 12, count % 12 + 1, 1)


CLOSED = "(SELECT max(month) FROM reporting_closedperiod)"
# On figures `f` and customers `c`.
CHOSEN = f"""
f.currency_id = %(currency)s AND {VISIBLE}
AND (%(family)s = '' OR f.family = %(family)s) AND (%(customer)s = '' OR c.code = %(customer)s)
AND (%(post)s = '' OR f.post_id = (SELECT id FROM customers_post WHERE code = %(post)s))
AND (%(person)s = '' OR EXISTS (SELECT 1 FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id
                                WHERE u.username = %(person)s AND h.post_id = f.post_id AND h.during @> f.owner_day))
AND (%(territory)s = '' OR CASE WHEN f.period <= {CLOSED}
     THEN EXISTS (SELECT 1 FROM reporting_closedperiodplace place WHERE place.period_id = f.period AND place.post_id = f.post_id
                  AND (SELECT id FROM customers_territory WHERE code = %(territory)s) = ANY(place.path))
     ELSE f.post_id IN ({POSTS_BELOW}) END)
"""
# The same of customers by their present post, for what is a state and not a fact of a day.
OWNED = f"""
{VISIBLE} AND (%(customer)s = '' OR c.code = %(customer)s)
AND (%(post)s = '' OR c.post_id = (SELECT id FROM customers_post WHERE code = %(post)s))
AND (%(person)s = '' OR EXISTS (SELECT 1 FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id
                                WHERE u.username = %(person)s AND h.post_id = c.post_id AND h.during @> %(on)s))
AND (%(territory)s = '' OR c.post_id IN ({POSTS_BELOW}))
"""
# Lines whose day has not come cannot be late yet.
DATED = ("lines_due", "lines_on_time", "units_due", "units_on_time")
SUMS = ", ".join(
    f"coalesce(sum(f.{c}) FILTER (WHERE f.day < %(today)s), 0)" if c in DATED else f"sum(f.{c})" for c in COLUMNS
)


def _parameters(seen: Scope, chosen: Selection, today: date) -> dict[str, Any]:
    return {**seen.parameters, "month": chosen.month, "first": months_before(chosen.month, MONTHS - 1), "last": chosen.last,
            "before": months_before(chosen.month, 1), "currency": chosen.currency, "territory": chosen.territory,
            "post": chosen.post, "person": chosen.person, "family": chosen.family, "customer": chosen.customer,
            "today": today, "on": min(chosen.last, today)}  # fmt: skip


def _all(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    # What a statement does not name must not be sent: the server could not tell its type.
    with connection.cursor() as cursor:
        cursor.execute(sql, {name: value for name, value in parameters.items() if f"%({name})s" in sql})
        return cursor.fetchall()


@dataclass(frozen=True)
class Sums:
    """The measures of one month or row; money as counted (six decimals), shown rounded."""

    amounts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Any:
        return self.amounts.get(code, Decimal(0) if code in MONEY else 0)

    @property
    def margin(self) -> Decimal | None:
        """Share of what was delivered left after its cost."""
        return (self["delivered"] - self["cost"]) / self["delivered"] if self["delivered"] else None

    @property
    def net(self) -> Decimal:
        """Delivered less what came back and what was credited for the rest."""
        return self["delivered"] - self["returned"] - self["credited"]

    @property
    def fill(self) -> Decimal | None:
        """Share of the units due that had come by their first promise."""
        return Decimal(self["units_on_time"]) / self["units_due"] if self["units_due"] else None

    @property
    def on_time(self) -> Decimal | None:
        """Share of the lines due that came whole by their first promise."""
        return Decimal(self["lines_on_time"]) / self["lines_due"] if self["lines_due"] else None


def _sums(values: Any) -> Sums:
    return Sums({c: Decimal(v or 0) if c in MONEY else int(v or 0) for c, v in zip(COLUMNS, values, strict=True)})


@dataclass(frozen=True)
class Series:
    """Twelve months up to the one asked for; `late`: what of the month's delivered belongs to closed months; `closed`: until when."""

    months: dict[date, Sums]
    late: Decimal
    closed: date | None


def series(seen: Scope, chosen: Selection, today: date) -> Series:
    """The measures of each of the last twelve months, in one statement; months without figures are there with zeros."""
    rows = _all(
        f"""SELECT f.period, {CLOSED}, coalesce(sum(f.delivered) FILTER (WHERE date_trunc('month', f.day) <> f.period), 0), {SUMS}
        FROM reporting_figure f JOIN customers_customer c ON c.id = f.customer_id
        WHERE f.period BETWEEN %(first)s AND %(month)s AND {CHOSEN} GROUP BY f.period
        UNION ALL SELECT NULL, {CLOSED}, 0, {", ".join("0" for _c in COLUMNS)}""",
        _parameters(seen, chosen, today),
    )
    found = {row[0]: row for row in rows}
    months = {m: _sums(found[m][3:]) if m in found else Sums()
              for m in (months_before(chosen.month, n) for n in range(MONTHS - 1, -1, -1))}  # fmt: skip
    late = found[chosen.month][2] if chosen.month in found else Decimal(0)
    return Series(months, late, rows[0][1])


KEYS = {
    Dimension.POST: ("po.code", "po.name", ""),
    Dimension.FAMILY: ("f.family", "f.family", ""),
    Dimension.CUSTOMER: ("c.code", "c.name", ""),
    Dimension.TERRITORY: ("t.code", "t.name", f"""
        LEFT JOIN reporting_closedperiodplace place ON place.period_id = f.period AND place.post_id = f.post_id AND f.period <= {CLOSED}
        JOIN customers_territory t ON t.id = coalesce(place.path[cardinality(place.path)], po.territory_id)"""),
    Dimension.PERSON: ("coalesce(u.username, '')", "coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username, '')", """
        LEFT JOIN customers_postholding h ON h.post_id = f.post_id AND h.during @> f.owner_day
        LEFT JOIN oms_user u ON u.id = h.user_id"""),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of the month: its sums, what was delivered and collected the month before, and its target (posts and people only)."""

    key: str
    label: str
    sums: Sums
    before: Decimal
    target: Decimal | None = None


def breakdown(seen: Scope, chosen: Selection, by: Dimension, today: date, targets: dict[tuple[str, str], Decimal]) -> list[Row]:
    """The month by one dimension, the most delivered first; rows with something only in the month before are there too."""
    key, label, join = KEYS[by]
    sums = ", ".join(
        f"coalesce(sum(f.{c}) FILTER (WHERE f.period = %(month)s{' AND f.day < %(today)s' if c in DATED else ''}), 0)" for c in COLUMNS
    )
    rows = _all(
        f"""SELECT {key}, {label}, coalesce(sum(f.delivered) FILTER (WHERE f.period = %(before)s), 0), {sums}
        FROM reporting_figure f JOIN customers_customer c ON c.id = f.customer_id JOIN customers_post po ON po.id = f.post_id {join}
        WHERE f.period BETWEEN %(before)s AND %(month)s AND {CHOSEN} GROUP BY 1, 2 ORDER BY {3 + 1 + COLUMNS.index("delivered")} DESC, 3 DESC, 1""",
        _parameters(seen, chosen, today),
    )
    of_row = {k: v for (k, measure), v in targets.items() if measure == "delivered"} if by in WITH_TARGET else {}
    return [Row(k, text, _sums(values), before, of_row.get(k)) for k, text, before, *values in rows]


# A person's part of a post's target: the days of the month on which they held it.
HELD_SHARE = """
(upper(h.during * daterange(%(month)s, %(last)s, '[]')) - lower(h.during * daterange(%(month)s, %(last)s, '[]')))::numeric
/ (%(last)s::date - %(month)s::date + 1)
"""
HOLDERS = """
JOIN customers_postholding h ON h.post_id = po.id AND h.during && daterange(%(month)s, %(last)s, '[]')
JOIN oms_user u ON u.id = h.user_id AND (%(person)s = '' OR u.username = %(person)s)
"""


def targets(seen: Scope, chosen: Selection, by: Dimension = Dimension.POST) -> dict[tuple[str, str], Decimal]:
    """(post code, or user name for people; measure) → target of the month for what is chosen; none for a single customer.

    A person's target is the post's in the share of the month's days on which they held it.
    """
    if chosen.customer:
        return {}
    people = by == Dimension.PERSON or bool(chosen.person)
    key = "u.username" if by == Dimension.PERSON else "po.code"
    rows = _all(
        f"""SELECT {key}, t.measure, round(sum(t.amount{f" * {HELD_SHARE}" if people else ""}), 2)
        FROM reporting_target t JOIN customers_post po ON po.id = t.post_id {HOLDERS if people else ""}
        WHERE t.month = %(month)s AND t.currency_id = %(currency)s AND t.family = %(family)s
          AND (%(everybody)s OR po.id = ANY(%(posts)s)) AND (%(post)s = '' OR po.code = %(post)s)
          AND (%(territory)s = '' OR po.id IN ({POSTS_BELOW}))
        GROUP BY 1, 2""",
        _parameters(seen, chosen, chosen.month),
    )
    return {(code, measure): amount for code, measure, amount in rows}


# Lines of `d`: first and last day on which a customer ordered, up to the day looked at; two index look-ups a customer.
DAYS = f"""
FROM customers_customer c JOIN LATERAL (
    SELECT min(f.day) AS first, max(f.day) AS last FROM reporting_figure f
    WHERE f.customer_id = c.id AND f.ordered > 0 AND f.day <= %(on)s AND f.currency_id = %(currency)s
) d ON d.first IS NOT NULL
WHERE {OWNED}
"""
MOVED = {
    Movement.NEW: "d.first >= %(month)s",
    Movement.ACTIVE: "d.last >= %(month)s",
    Movement.DORMANT: f"d.last + {DORMANT_DAYS} BETWEEN %(month)s AND %(on)s",
    Movement.LOST: f"d.last + {LOST_DAYS} BETWEEN %(month)s AND %(on)s",
}


def movements(seen: Scope, chosen: Selection, today: date) -> dict[str, int]:
    """How many customers are new, ordered, went quiet (90 days without an order) or were lost (365) in the month."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in MOVED.values())
    ((*found,),) = _all(f"SELECT {counts} {DAYS}", _parameters(seen, chosen, today))
    return dict(zip((m.value for m in MOVED), found, strict=True))


@dataclass(frozen=True)
class Moved:
    """A customer that is new, quiet or lost: first and last day on which it ordered."""

    code: str
    name: str
    first: date
    last: date


def moved(seen: Scope, chosen: Selection, what: Movement, today: date) -> list[Moved]:
    """The customers behind a count of `movements`, the latest to order first."""
    rows = _all(f"SELECT c.code, c.name, d.first, d.last {DAYS} AND {MOVED[what]} ORDER BY d.last DESC, c.code", _parameters(seen, chosen, today))
    return [Moved(*row) for row in rows]


@dataclass(frozen=True)
class Owed:
    """Gross: what was open and what of it overdue at the end of the day looked at."""

    open: Decimal
    overdue: Decimal


def owed(seen: Scope, chosen: Selection, today: date) -> Owed:
    """What the customers owed at the end of the month (or today), from invoices and applications alone."""
    ((whole, overdue),) = _all(
        f"""SELECT coalesce(sum(rest), 0), coalesce(sum(rest) FILTER (WHERE due_date < %(on)s), 0) FROM (
            SELECT i.due_date, i.rest FROM {OPEN_ON} i JOIN customers_customer c ON c.id = i.customer_id WHERE {OWNED}
        ) items""",
        _parameters(seen, chosen, today),
    )
    return Owed(whole, overdue)


@dataclass(frozen=True)
class Document:
    """A document behind a number: its kind ("order", "shipment", "return", "invoice", "credit_note", "payment") and how much it counts."""

    kind: str
    number: str
    day: date
    customer_code: str
    customer: str
    amount: Decimal


def documents(seen: Scope, chosen: Selection, measure: str, today: date) -> list[Document]:
    """The documents behind a measure of the month, the latest first; at most DOCUMENTS_SHOWN.

    For facts of closed months that were booked into this one, all documents of their day are listed.
    """
    assert measure in COLUMNS
    rows = _all(
        f"""WITH wanted AS MATERIALIZED (
            SELECT DISTINCT f.customer_id, f.day, f.owner_day FROM reporting_figure f JOIN customers_customer c ON c.id = f.customer_id
            WHERE f.period = %(month)s AND f.{measure} <> 0 AND {CHOSEN}
        ), k AS MATERIALIZED (SELECT DISTINCT customer_id, day FROM wanted)
        SELECT f.kind, f.number, f.day, c.code, c.name, sum(f.{measure})
        FROM ({facts(keyed=True)}) f JOIN wanted USING (customer_id, day, owner_day) JOIN customers_customer c ON c.id = f.customer_id
        WHERE f.{measure} <> 0 AND f.currency_id = %(currency)s AND (%(family)s = '' OR f.family = %(family)s)
        GROUP BY 1, 2, 3, 4, 5 ORDER BY f.day DESC, f.number LIMIT {DOCUMENTS_SHOWN}""",
        _parameters(seen, chosen, today),
    )
    return [Document(*row) for row in rows]
