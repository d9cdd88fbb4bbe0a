"""Quotas: charged at submission under their rows' locks, given back on cut and cancel; more than is left is a hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid
from orders.book.models import Order, OrderLine
from orders.holds.choices import HoldKind
from orders.holds.domain import Share, charge
from orders.holds.models import Hold, Quota, QuotaEntry
from orders.holds.selectors import quotas_of
from orders.holds.services.opening import NewHold, open_holds

CHARGE = """
WITH e AS MATERIALIZED (
    SELECT * FROM unnest(%(quotas)s::bigint[], %(lines)s::bigint[], %(units)s::bigint[]) AS t(quota, line, units)
), s AS (SELECT quota AS id, sum(units) AS units FROM e GROUP BY quota),
l AS (
    SELECT id, used, maximum FROM orders_quota WHERE id = ANY(%(quotas)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
), short AS MATERIALIZED (
    SELECT s.id FROM s LEFT JOIN l USING (id)
    WHERE l.id IS NULL OR (NOT %(force)s AND s.units > 0 AND l.used + s.units > l.maximum)
), moved AS (
    UPDATE orders_quota q SET used = l.used + s.units FROM l JOIN s USING (id)
    WHERE q.id = l.id AND NOT EXISTS (SELECT FROM short) RETURNING q.id
)
INSERT INTO orders_quotaentry (quota_id, order_id, line_id, units, event_id)
SELECT e.quota, %(order)s, e.line, e.units, %(event)s FROM e JOIN moved ON moved.id = e.quota
"""


def take(order_id: int, shares: Sequence[Share], event_id: int, force: bool = False) -> bool:
    """Part: take shares of quotas (or give back, negative) in one statement; False, and nothing taken, when one is too small.

    `force` takes above the maximum: somebody released the hold.
    """
    current()
    if not shares:
        return True
    parameters: dict[str, Any] = {
        "quotas": [s.quota for s in shares], "lines": [s.line for s in shares], "units": [s.units for s in shares],
        "order": order_id, "event": event_id, "force": force,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CHARGE, parameters)
        return cursor.rowcount == len(shares)


def taken(order_id: int) -> dict[tuple[int, int], int]:
    """{(quota, line): units} that an order has taken."""
    rows = QuotaEntry.objects.filter(order_id=order_id).values_list("quota_id", "line_id").annotate(n=Sum("units"))
    return {(quota, line): n for quota, line, n in rows if n}


def fit_quota(order: Order, lines: Iterable[OrderLine], event_id: int, none: bool = False) -> None:
    """Part: give back what lines took and do not stand for any more (cut, cancelled, less); `none` gives back everything."""
    stands = {x.pk: 0 if none else x.quantity_ordered - x.quantity_cancelled for x in lines}
    back = [Share(q, line, stands[line] - n) for (q, line), n in sorted(taken(order.pk).items()) if n > stands[line]]
    take(order.pk, back, event_id)


def charge_again(order: Order, lines: Sequence[OrderLine], event_id: int, on: date | None = None, force: bool = False) -> bool:
    """Part: bring an order's shares to what stands of it on its requested date (`on`): new lines, another day, a released hold.

    Too much of it opens the quota hold and takes nothing for it; what was taken before for this day stays. Whether it fits.
    """
    goods = [x for x in lines if x.product_id]
    quotas = quotas_of(order, {x.product_id for x in goods if x.product_id}, on or order.requested_date)
    had = taken(order.pk)
    wanted = charge(quotas, [(x.pk, x.product_id or 0, x.quantity_ordered - x.quantity_cancelled) for x in goods])
    keep = {(s.quota, s.line): s.units for s in wanted.shares}
    back = [Share(q, line, keep.get((q, line), 0) - n) for (q, line), n in sorted(had.items()) if n > keep.get((q, line), 0)]
    take(order.pk, back, event_id)
    more = [Share(q, line, n - had.get((q, line), 0)) for (q, line), n in sorted(keep.items()) if n > had.get((q, line), 0)]
    if take(order.pk, more, event_id, force):
        return True
    left = {q: rest for q, _product, rest in quotas}
    over = {s.quota for s in more if left[s.quota] < sum(m.units for m in more if m.quota == s.quota)}
    open_holds(order.pk, [NewHold(HoldKind.QUOTA, "quota", order.total, over_quota(over))], event_id)
    return False


def over_quota(quota_ids: Iterable[int]) -> str:
    """Which quotas are too small, in words."""
    names = "; ".join(f"{q}: {q.used} / {q.maximum}" for q in Quota.objects.filter(pk__in=list(quota_ids)).order_by("pk"))
    return _("More than the quota: %(quotas)s.") % {"quotas": names}


def settle_quota(order: Order, lines: Sequence[OrderLine], event_id: int) -> list[str]:
    """Part: try a held order's quotas again; the kind of hold that ends."""
    held = Hold.objects.filter(order=order, kind=HoldKind.QUOTA, released_at__isnull=True)
    return [HoldKind.QUOTA.value] if held.exists() and charge_again(order, lines, event_id) else []


@dataclass(frozen=True)
class QuotaRow:
    """A quota to set: of a product or a family, for one of customer, group, post, territory (ids; 0 and "" mean not)."""

    product_id: int | None
    family: str
    customer_id: int | None
    group: str
    post_id: int | None
    territory_id: int | None
    first: date
    last: date
    maximum: int


@use_case("orders.set_quotas")
def set_quotas(rows: Sequence[QuotaRow], *, by: Any, at: datetime | None = None) -> list[int]:
    """Set quotas, set-wise: new ones, or another end and maximum of those that are there; what is used stays used.

    Raises Invalid `bad_quota`. Returns their ids in the order of `rows`.
    """
    authorize(by, "orders.set_quotas")
    for row in rows:
        whom = [row.customer_id, row.group, row.post_id, row.territory_id]
        if bool(row.product_id) == bool(row.family) or sum(map(bool, whom)) != 1 or row.last < row.first or row.maximum < 0:
            raise Invalid(_("A quota is of a product or a family, for one customer, group, post or territory, from a first to a last day."),
                          code="bad_quota")
    made = Quota.objects.bulk_create(
        [Quota(**vars(row)) for row in rows], update_conflicts=True, update_fields=["last", "maximum"],
        unique_fields=["product", "family", "customer", "group", "post", "territory", "first"],
    )  # fmt: skip
    current().event("quota.set", [("quota", q.pk) for q in made[:100]], {"quotas": len(made)})
    return [q.pk for q in made]

