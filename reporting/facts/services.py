"""Count what was marked, close a month, set targets: the only writers of figures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from customers.territory.models import Post
from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import current, use_case
from oms.kernel.dates import next_month
from oms.kernel.errors import Conflict, Invalid, NotFound
from reporting.facts.choices import COLUMNS, TargetMeasure
from reporting.facts.locks import lock_figures
from reporting.facts.models import ClosedPeriod, Target
from reporting.facts.selectors.counting import KEYS, counted, day_of, stored

AT_ONCE = 200
ANY = 2**63 - 1

MARK = f"""
INSERT INTO reporting_figuremark (customer_id, day)
SELECT customer_id, day FROM (
    SELECT o.customer_id, {day_of("t.at")} AS day
    FROM unnest(%(touched)s::bigint[], %(ats)s::timestamptz[]) AS t(id, at) JOIN orders_order o ON o.id = t.id
    UNION SELECT o.customer_id, {day_of("s.at")} FROM orders_order o JOIN orders_ordertransition s ON s.order_id = o.id WHERE o.id = ANY(%(orders)s)
    UNION SELECT o.customer_id, p.delivery_date FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
          JOIN orders_promise p ON p.line_id = l.id AND p.kind = 'first' WHERE o.id = ANY(%(orders)s)
    UNION SELECT o.customer_id, a.day FROM orders_arrival a JOIN orders_order o ON o.id = a.order_id
          JOIN orders_shipmentline sl ON sl.id = a.shipment_line_id WHERE sl.shipment_id = ANY(%(shipments)s)
    UNION SELECT o.customer_id, rr.day FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
          JOIN orders_returnreceipt rr ON rr.line_id = l.id WHERE o.id = ANY(%(orders)s)
    UNION SELECT i.customer_id, i.invoice_date FROM payments_invoice i WHERE i.id = ANY(%(invoices)s)
    UNION SELECT n.customer_id, n.credit_date FROM payments_creditnote n WHERE n.invoice_id = ANY(%(invoices)s)
    UNION SELECT r.customer_id, r.refund_date FROM payments_refund r WHERE r.credit_note_id = ANY(%(notes)s)
    UNION SELECT i.customer_id, a.value_date FROM payments_invoice i JOIN payments_application a ON a.invoice_id = i.id WHERE i.id = ANY(%(invoices)s)
) found WHERE day IS NOT NULL ON CONFLICT (customer_id, day) DO NOTHING
"""


def mark(orders: Collection[tuple[int, datetime]], shipments: Collection[int], invoices: Collection[int], notes: Collection[int]) -> None:
    """Part: mark every customer and day that documents touch for counting again (orders at their times); one statement."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, {
            "orders": [order for order, _at in orders], "touched": [order for order, _at in orders],
            "ats": [at for _order, at in orders], "shipments": list(shipments), "invoices": list(invoices), "notes": list(notes),
        })  # fmt: skip


MARK_CUSTOMERS = f"""
INSERT INTO reporting_figuremark (customer_id, day)
SELECT DISTINCT id, {day_of("at")} FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[]) AS t(id, at)
ON CONFLICT (customer_id, day) DO NOTHING
"""


def mark_customers(touched: Collection[tuple[int, datetime]]) -> None:
    """Part: mark these customers' days of these times: who owns them changed on them."""
    if touched:
        with connection.cursor() as cursor:
            cursor.execute(MARK_CUSTOMERS, {"ids": [pk for pk, _at in touched], "ats": [at for _pk, at in touched]})


TAKE = """
DELETE FROM reporting_figuremark WHERE id IN (
    SELECT id FROM reporting_figuremark WHERE day <= %(until)s AND id <= %(last)s ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING customer_id, day
"""
KEYED = "WITH k AS (SELECT * FROM unnest(%(customers)s::bigint[], %(days)s::date[]) AS t(customer_id, day))"
CLOSED = "(SELECT max(month) FROM reporting_closedperiod)"
OPEN = f"(period > {CLOSED} OR {CLOSED} IS NULL)"
DROP = f"{KEYED} DELETE FROM reporting_figure f USING k WHERE f.customer_id = k.customer_id AND f.day = k.day AND {OPEN}"
# What is new minus what stands in closed months; a fact of a closed month goes to the first open one.
COUNT = f"""
{KEYED}, fresh AS ({counted(keyed=True)}),
frozen AS ({stored(f"(customer_id, day) IN (SELECT customer_id, day FROM k) AND period <= {CLOSED}")}),
change AS (
    SELECT {KEYS}, {", ".join(f"coalesce(fresh.{c}, 0) - coalesce(frozen.{c}, 0) AS {c}" for c in COLUMNS)}
    FROM fresh FULL JOIN frozen USING ({KEYS})
)
INSERT INTO reporting_figure (period, {KEYS}, {", ".join(COLUMNS)})
SELECT greatest(date_trunc('month', day)::date, ({CLOSED} + interval '1 month')::date), {KEYS}, {", ".join(COLUMNS)}
FROM change WHERE {" OR ".join(f"{c} <> 0" for c in COLUMNS)}
"""


def _count(keys: Collection[tuple[int, date]]) -> None:
    """Part: count these customers and days again from the ledgers."""
    parameters: dict[str, list[int] | list[date]] = {"customers": [k[0] for k in keys], "days": [k[1] for k in keys]}
    with connection.cursor() as cursor:
        cursor.execute(DROP, parameters)
        cursor.execute(COUNT, parameters)


def _take(limit: int, until: date = date.max, last: int = ANY) -> list[tuple[int, date]]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"limit": limit, "until": until, "last": last})
        return cursor.fetchall()


@use_case("reporting.count")
def count_marked(*, by: Any, at: datetime | None = None, limit: int = AT_ONCE, last: int = ANY) -> int:
    """Count up to `limit` marked customers and days again, no mark newer than `last`; returns how many were.

    Run until it answers 0.
    """
    authorize(by, "reporting.count")
    lock_figures()
    keys = _take(limit, last=last)
    if keys:
        _count(keys)
    return len(keys)


ALL_KEYS = f"""
INSERT INTO reporting_figuremark (customer_id, day)
SELECT DISTINCT customer_id, day FROM (
    (SELECT {KEYS}, {", ".join(COLUMNS)} FROM ({counted(keyed=False)}) c EXCEPT {stored("true")})
    UNION ALL ({stored("true")} EXCEPT SELECT {KEYS}, {", ".join(COLUMNS)} FROM ({counted(keyed=False)}) c)
) differing ON CONFLICT (customer_id, day) DO NOTHING
"""


@use_case("reporting.mark_differing")
def mark_differing(*, by: Any, at: datetime | None = None) -> int:
    """Mark every customer and day whose figures are not what the ledgers give now; returns how many. For the nightly job."""
    authorize(by, "reporting.count")
    with connection.cursor() as cursor:
        cursor.execute(ALL_KEYS)
        return int(cursor.rowcount)


PLACES = """
INSERT INTO reporting_closedperiodplace (period_id, post_id, path)
WITH RECURSIVE tree AS (
    SELECT id, ARRAY[id] AS path FROM customers_territory WHERE parent_id IS NULL
    UNION ALL SELECT t.id, tree.path || t.id FROM customers_territory t JOIN tree ON t.parent_id = tree.id
) SELECT %(month)s, p.id, tree.path FROM customers_post p JOIN tree ON tree.id = p.territory_id
"""


@use_case("reporting.close_period")
def close_period(month: date, *, by: Any, at: datetime | None = None) -> ClosedPeriod:
    """Close a month: everything marked in it is counted first, then its figures and the tree of posts are frozen.

    Facts that become known later are booked into the first open month. Raises Conflict `period_open` (it is not over),
    `period_closed`, `period_order` (the month before is open), Invalid `not_a_month`.
    """
    authorize(by, "reporting.close_period")
    cmd = current()
    if month.day != 1:
        raise Invalid(_("A period is named by the first day of its month."), code="not_a_month")
    if next_month(month) > cmd.at.date():
        raise Conflict(_("The month is not over."), code="period_open", clears=_("Close it on %(day)s or later.") % {"day": next_month(month)})
    lock_figures()
    last = ClosedPeriod.objects.order_by("-month").values_list("month", flat=True).first()
    if last is not None and month <= last:
        raise Conflict(_("%(month)s is closed.") % {"month": month.isoformat()[:7]}, code="period_closed")
    if last is not None and next_month(last) != month:
        raise Conflict(_("%(month)s is open.") % {"month": next_month(last).isoformat()[:7]}, code="period_order",
                       clears=_("Close the months in their order."))
    while keys := _take(AT_ONCE, until=next_month(month) - timedelta(days=1)):
        _count(keys)
    event = cmd.event("period.closed", [("user", by.pk)], {"month": month})
    closed = ClosedPeriod.objects.create(month=month, closed_by_id=by.pk, closed_at=cmd.at, event_id=event)
    with connection.cursor() as cursor:
        cursor.execute(PLACES, {"month": month})
    return closed


def write_target(month: date, post_id: int, family: str, measure: str, currency: str, amount: Decimal) -> Target:
    """Part: write one target, whoever decided it. Invalid `bad_target`."""
    if amount < 0 or month.day != 1 or measure not in TargetMeasure.values:
        raise Invalid(_("A target is an amount of 0 or more for a month and a measure."), code="bad_target")
    event = current().event("target.set", [("post", post_id)], {"month": month, "family": family, "measure": measure,
                                                                "currency": currency, "amount": amount})  # fmt: skip
    target, _made = Target.objects.update_or_create(
        month=month, post_id=post_id, family=family, measure=measure, currency_id=currency, defaults={"amount": amount, "event_id": event},
    )  # fmt: skip
    return target


@use_case("reporting.propose_target")
def propose_target(
    month: date, post_code: str, family: str, measure: str, currency: str, amount: Decimal, reason: str, *, by: Any,
    at: datetime | None = None,
) -> ChangeRequest:  # fmt: skip
    """Propose what a post is to reach in a month, against what stands now; finance confirms it.

    Raises Forbidden `own_post`, NotFound `no_post`, Conflict `change_open` (one a post), Invalid `reason_missing`.
    """
    post = Post.objects.filter(code=post_code).first()
    if post is None:
        raise NotFound(_("There is no post %(code)s.") % {"code": post_code}, code="no_post")
    authorize(by, "reporting.propose_target", post.pk)
    key = {"month": month, "post": post, "family": family, "measure": measure, "currency_id": currency}
    standing = Target.objects.filter(**key).values_list("amount", flat=True).first()
    title = _("Target of %(post)s for %(month)s") % {"post": post.name, "month": month.isoformat()[:7]}
    data = {"month": month.isoformat(), "post": post.code, "family": family, "measure": measure, "currency": currency, "amount": str(amount)}
    before = data | {"amount": None if standing is None else str(standing)}
    return propose("reporting.target", ("post", post.pk), title, data, reason, by=by, before=before, amount=amount)
