"""The rules of rank that hold now, the places of orders by them, and what other rules would change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Case, F, IntegerField, Min, OuterRef, QuerySet, Subquery, Value, When

from orders.book.models import Order, OrderLine
from orders.planning.domain.ranking import STRATEGIES, Rules, Standing, rank_key
from orders.planning.models import CriticalityChange, CriticalityUse, RankPolicy

USUAL_ALLOWANCE = 10


def rules_now() -> Rules:
    """The version of the rules that ranks orders now; the built-in ones before any was made. One statement."""
    return rules_of(RankPolicy.objects.order_by("-version").first())


def rules_of(policy: RankPolicy | None) -> Rules:
    """A version as the pure rules read it."""
    if policy is None:
        return Rules()
    strategies = {int(c): s for c, s in policy.strategies.items()}
    return Rules(policy.version, tuple(policy.factors), strategies, policy.default_strategy)


def allowance_now() -> int:
    """How many orders a post may make more critical in a month."""
    found = RankPolicy.objects.order_by("-version").values_list("criticality_allowance", flat=True).first()
    return USUAL_ALLOWANCE if found is None else found


def by_rank(orders: QuerySet[Order], rules: Rules | None = None) -> QuerySet[Order]:
    """Orders in rank order by the rules (now's); annotates `rank_date`. The same places as `rank_key`."""
    rules = rules or rules_now()
    oldest = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(oldest=Min("rank_date")).values("oldest")
    strategy = Case(
        *(When(customer_class=c, then=Value(STRATEGIES.index(s))) for c, s in rules.strategies.items()),
        default=Value(STRATEGIES.index(rules.default)), output_field=IntegerField(),
    )  # fmt: skip
    claim = Case(When(status="approved", then=Value(0)), default=Value(1), output_field=IntegerField())
    columns = {"age": "rank_date"}
    return orders.annotate(rank_strategy=strategy, rank_claim=claim, rank_date=Subquery(oldest)).order_by(
        "rank_strategy", "rank_claim", *(F(columns.get(f, f)).asc(nulls_last=True) for f in rules.factors), "pk"
    )


OPEN = """
SELECT o.id, o.status = 'approved', o.customer_class, o.criticality, o.requested_date, min(line.rank_date)
FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
WHERE o.status IN ('submitted', 'approved') AND line.kind IN ('goods', 'free', 'replacement')
  AND line.quantity_ordered > line.quantity_cancelled + line.quantity_shipped + line.quantity_allocated
GROUP BY o.id
"""


def open_standings() -> list[Standing]:
    """What the place of every order with something open or pending is made of. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        return [Standing(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Move:
    """An order that other rules would put elsewhere; places count from 1."""

    order_id: int
    before: int
    after: int

    @property
    def up(self) -> int:
        """How many places it would gain."""
        return self.before - self.after


def moves(before: Rules, after: Rules, standings: Collection[Standing]) -> list[Move]:
    """Every order whose place would change, the largest change first."""
    old = {s.order_id: n for n, s in enumerate(sorted(standings, key=lambda s: rank_key(before, s)), 1)}
    new = {s.order_id: n for n, s in enumerate(sorted(standings, key=lambda s: rank_key(after, s)), 1)}
    found = [Move(order, old[order], new[order]) for order in old if old[order] != new[order]]
    return sorted(found, key=lambda m: (-abs(m.up), m.after))


def criticality_report(month: date) -> tuple[list[CriticalityUse], list[CriticalityChange]]:
    """What each post used of its allowance in the month, and the month's changes, newest first. Two statements."""
    uses = CriticalityUse.objects.filter(month=month).select_related("post").order_by("post__name")
    changes = CriticalityChange.objects.filter(at__date__gte=month).select_related("order__customer", "post", "by", "event__note")
    return list(uses), list(changes.order_by("-pk")[:100])


def raises_left(post_id: int | None, month: date) -> int:
    """How many raises the post has left in the month."""
    if post_id is None:
        return 0
    used = CriticalityUse.objects.filter(post_id=post_id, month=month).values_list("used", flat=True).first() or 0
    return max(0, allowance_now() - used)
