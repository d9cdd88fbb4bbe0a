"""Reads of posts: all one sees, one with its holders and moves, and what a hand-over is about. Within the row filter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.territory.selectors import BY_TERRITORY
from oms.accounts.models import User
from reporting.facts.selectors import Scope

CUSTOMERS_SHOWN, MOVES_SHOWN = 200, 30
PERSON = "coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username)"
SEEN = "(%(everybody)s OR p.id = ANY(%(posts)s))"


@dataclass(frozen=True)
class PostRow:
    """A post with who holds it since when (None: vacant), its customers, and their orders that wait or run."""

    code: str
    name: str
    territory: str
    holder: str | None
    since: date | None
    until: date | None
    next_holder: str | None
    customers: int
    waiting: int
    open: int


POSTS = f"""
SELECT p.code, p.name, t.name, h.person, lower(h.during), upper(h.during), n.person, coalesce(c.count, 0), coalesce(o.waiting, 0), coalesce(o.open, 0)
FROM customers_post p JOIN customers_territory t ON t.id = p.territory_id
LEFT JOIN LATERAL (SELECT {PERSON} AS person, h.during FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id
                   WHERE h.post_id = p.id AND h.during @> %(today)s) h ON true
LEFT JOIN LATERAL (SELECT {PERSON} AS person FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id
                   WHERE h.post_id = p.id AND lower(h.during) > %(today)s ORDER BY h.during LIMIT 1) n ON true
LEFT JOIN (SELECT post_id, count(*) FROM customers_customer WHERE status = 'active' GROUP BY 1) c ON c.post_id = p.id
LEFT JOIN (SELECT c.post_id, count(*) FILTER (WHERE o.status = 'submitted') AS waiting, count(*) FILTER (WHERE o.status = 'approved') AS open
           FROM orders_order o JOIN customers_customer c ON c.id = o.customer_id WHERE o.status IN ('submitted', 'approved') GROUP BY 1) o ON o.post_id = p.id
WHERE {SEEN} ORDER BY t.name, p.name
"""


def posts(seen: Scope, today: date) -> list[PostRow]:
    """Every post one sees, by territory. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(POSTS, {**seen.parameters, "today": today})
        return [PostRow(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Held:
    """One holding: who, from, until (the first day it is over), and the net sales of its days in the company's currency."""

    person: str
    username: str
    since: date
    until: date | None
    net: Decimal


@dataclass(frozen=True)
class Moved:
    """A customer that came to the post or went from it on a day; `other` is the post on the other side ("" for none)."""

    code: str
    name: str
    day: date
    came: bool
    other: str


@dataclass(frozen=True)
class PostPage:
    """One post: where it stands, who held it (the latest first), which customers came and went."""

    id: int
    code: str
    name: str
    path: list[str]
    above: str
    holder_id: int | None
    holder: str
    holdings: list[Held]
    moves: list[Moved]


ONE = f"""
WITH RECURSIVE me AS (
    SELECT p.*, a.name AS above FROM customers_post p LEFT JOIN customers_post a ON a.id = p.parent_id WHERE p.code = %(code)s AND {SEEN}
), tree AS (
    SELECT t.id, t.name, t.parent_id, 0 AS height FROM customers_territory t JOIN me ON me.territory_id = t.id
    UNION ALL SELECT t.id, t.name, t.parent_id, height + 1 FROM customers_territory t JOIN tree ON t.id = tree.parent_id
), edges AS (
    SELECT e.customer_id, lower(e.during) AS came, upper(e.during) AS went FROM customers_customerpost e JOIN me ON me.id = e.post_id
), moves AS (
    SELECT c.code, c.name, e.came AS day, true AS came, coalesce(o.name, '') AS other FROM edges e JOIN customers_customer c ON c.id = e.customer_id
    JOIN customers_customerpost x ON x.customer_id = e.customer_id AND upper(x.during) = e.came JOIN customers_post o ON o.id = x.post_id
    UNION ALL
    SELECT c.code, c.name, e.went, false, coalesce(o.name, '') FROM edges e JOIN customers_customer c ON c.id = e.customer_id
    LEFT JOIN customers_customerpost x ON x.customer_id = e.customer_id AND lower(x.during) = e.went LEFT JOIN customers_post o ON o.id = x.post_id
    WHERE e.went IS NOT NULL
)
SELECT me.id, me.code, me.name, (SELECT json_agg(name ORDER BY height DESC) FROM tree), coalesce(me.above, ''), now_.id, coalesce(now_.person, ''),
  (SELECT json_agg(json_build_object('person', {PERSON}, 'username', u.username, 'since', lower(h.during), 'until', upper(h.during), 'net',
      (SELECT coalesce(sum(f.delivered - f.returned - f.credited), 0)::text FROM reporting_figure f WHERE f.post_id = me.id
       AND f.owner_day <@ h.during AND f.currency_id = %(currency)s)) ORDER BY h.during DESC)
   FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id WHERE h.post_id = me.id),
  (SELECT json_agg(json_build_object('code', code, 'name', name, 'day', day, 'came', came, 'other', other))
   FROM (SELECT * FROM moves ORDER BY day DESC, code LIMIT {MOVES_SHOWN}) latest)
FROM me LEFT JOIN LATERAL (SELECT u.id, {PERSON} AS person FROM customers_postholding h JOIN oms_user u ON u.id = h.user_id
                           WHERE h.post_id = me.id AND h.during @> %(today)s) now_ ON true
"""


def _rows(value: Any) -> list[Any]:
    found: list[Any] = json.loads(value) if isinstance(value, str) else value or []
    return found


def post_page(seen: Scope, code: str, currency: str, today: date) -> PostPage | None:
    """One post within the row filter, or None. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(ONE, {**seen.parameters, "code": code, "currency": currency, "today": today})
        row = cursor.fetchone()
    if row is None:
        return None
    pk, code, name, path, above, holder_id, holder, holdings, moves = row
    held = [Held(h["person"], h["username"], date.fromisoformat(h["since"]), date.fromisoformat(h["until"]) if h["until"] else None, Decimal(h["net"]))
            for h in _rows(holdings)]  # fmt: skip
    return PostPage(pk, code, name, [str(x) for x in _rows(path)], above, holder_id, holder, held,
                    [Moved(m["code"], m["name"], date.fromisoformat(m["day"]), m["came"], m["other"]) for m in _rows(moves)])  # fmt: skip


@dataclass(frozen=True)
class Checklist:
    """How much of each kind a hand-over is about: what goes with the post, and what stays with its holder."""

    customers: int
    drafts: int
    waiting: int
    open: int
    held: int
    returns: int
    cases: int
    follow_ups: int
    claims: int
    in_hand: int
    in_hand_amount: Decimal


CHECKLIST = """
WITH mine AS (SELECT id, status FROM customers_customer WHERE post_id = %(post)s),
orders AS (SELECT o.id, o.status FROM orders_order o JOIN mine ON mine.id = o.customer_id WHERE o.status IN ('draft', 'submitted', 'approved'))
SELECT (SELECT count(*) FROM mine WHERE status = 'active'),
  (SELECT count(*) FROM orders WHERE status = 'draft'), (SELECT count(*) FROM orders WHERE status = 'submitted'),
  (SELECT count(*) FROM orders WHERE status = 'approved'),
  (SELECT count(DISTINCT h.order_id) FROM orders_hold h JOIN orders ON orders.id = h.order_id WHERE h.released_at IS NULL),
  (SELECT count(DISTINCT rl.returned_id) FROM orders_returnline rl JOIN orders_return r ON r.id = rl.returned_id JOIN mine ON mine.id = r.customer_id
   WHERE rl.status NOT IN ('refused', 'withdrawn', 'settled')),
  (SELECT count(*) FROM orders_case c JOIN mine ON mine.id = c.customer_id WHERE c.status IN ('open', 'waiting')),
  (SELECT count(*) FROM customers_activity a JOIN mine ON mine.id = a.customer_id WHERE a.follow_up_date IS NOT NULL AND a.done_at IS NULL),
  (SELECT count(*) FROM reporting_problemmark WHERE claimed_by_id = %(holder)s),
  (SELECT count(*) FROM payments_collectionreceipt WHERE collector_id = %(holder)s AND state = 'hand'),
  (SELECT coalesce(sum(amount), 0) FROM payments_collectionreceipt WHERE collector_id = %(holder)s AND state = 'hand' AND currency_id = %(currency)s)
"""


def checklist(post_id: int, holder_id: int | None, currency: str) -> Checklist:
    """What goes with the post and what stays with its holder. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(CHECKLIST, {"post": post_id, "holder": holder_id or 0, "currency": currency})
        return Checklist(*cursor.fetchone())


@dataclass(frozen=True)
class CustomerRow:
    """A customer of the post with its net sales of twelve months, its open orders and its last order."""

    id: int
    code: str
    name: str
    net: Decimal
    open: int
    last: date | None


CUSTOMERS = f"""
SELECT c.id, c.code, c.name, coalesce(f.net, 0), (SELECT count(*) FROM orders_order o WHERE o.customer_id = c.id AND o.status IN ('submitted', 'approved')), f.last
FROM customers_customer c
LEFT JOIN LATERAL (SELECT sum(f.delivered - f.returned - f.credited) AS net, max(f.day) FILTER (WHERE f.ordered > 0) AS last FROM reporting_figure f
                   WHERE f.customer_id = c.id AND f.day > %(since)s AND f.currency_id = c.currency_id) f ON true
WHERE c.post_id = %(post)s AND c.status = 'active' ORDER BY 4 DESC, c.name LIMIT {CUSTOMERS_SHOWN}
"""


def customers_of(post_id: int, since: date) -> list[CustomerRow]:
    """The post's customers, the largest first; at most CUSTOMERS_SHOWN. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(CUSTOMERS, {"post": post_id, "since": since})
        return [CustomerRow(*row) for row in cursor.fetchall()]


def successors() -> list[User]:
    """Who can hold a post: open accounts with a role that works by territory, by name. One statement."""
    people = User.objects.filter(is_active=True, is_system=False, roles__overlap=[r.value for r in BY_TERRITORY])
    return list(people.order_by("last_name", "first_name", "username"))
