"""Reads of alerts: what stands now by the figures, what stands in the table, and the transfers that would help."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory.alerts.choices import COVER_DAYS, DORMANT_DAYS, EXPIRY_DAYS, RATE_DAYS
from inventory.alerts.domain import Need, helps
from inventory.alerts.models import StockAlert
from inventory.catalog.models import Product, StorageLocation
from inventory.catalog.selectors import visible_locations
from oms.events.models import Event

# By product and location: `usable` lies there unbooked by hand (not blocked, not pinned), `position` is that and all receipts less
# all bookings, `spare` is free for good, `rate` units left in RATE_DAYS days, `comes` is the next receipt,
# `moving` what transfers bring.
CELLS = f"""
SELECT a.product_id, a.location_id, a.safety, p.reorder_level, a.shortfall,
       coalesce(b.usable, 0)::bigint AS usable, coalesce(b.on_hand, 0)::bigint AS on_hand,
       a.free[cardinality(a.free)] + a.safety AS position, (SELECT min(f) FROM unnest(a.free) f) AS spare,
       coalesce(m.rate, 0)::bigint AS rate, m.last_out, r.comes, coalesce(r.moving, 0)::bigint AS moving, b.expires, coalesce(b.expiring, 0)::bigint AS expiring
FROM inventory_availability a
JOIN inventory_product p ON p.id = a.product_id
LEFT JOIN (SELECT product_id, location_id, sum(on_hand) AS on_hand, sum(on_hand - allocated - blocked) AS usable,
                  min(expires_on) FILTER (WHERE on_hand > 0 AND expires_on <= %(today)s::date + {EXPIRY_DAYS}) AS expires,
                  sum(on_hand) FILTER (WHERE expires_on <= %(today)s::date + {EXPIRY_DAYS}) AS expiring
           FROM inventory_balance GROUP BY product_id, location_id) b USING (product_id, location_id)
LEFT JOIN (SELECT product_id, location_id, max(occurred_at)::date AS last_out,
                  sum(-quantity) FILTER (WHERE occurred_at >= %(today)s::date - {RATE_DAYS}) AS rate
           FROM inventory_movement WHERE kind = 'issue' AND occurred_at >= %(today)s::date - {DORMANT_DAYS}
           GROUP BY product_id, location_id) m USING (product_id, location_id)
LEFT JOIN (SELECT product_id, location_id, min(available_date) AS comes,
                  sum(quantity - received) FILTER (WHERE kind = 'transfer') AS moving FROM inventory_expectedreceipt WHERE status = 'open'
           GROUP BY product_id, location_id) r USING (product_id, location_id)
WHERE (p.status = 'active' OR b.on_hand > 0)
"""
# Every alert with how many units it is about, the level it is measured by, and its day.
STANDING = f"""
WITH cell AS ({CELLS}), pace AS (
    SELECT *, CASE WHEN rate > 0 THEN %(today)s::date + least(usable * {RATE_DAYS} / rate, 3650)::int END AS out FROM cell
)
SELECT product_id, location_id, 'safety' AS kind, safety - usable AS units, safety AS level, comes AS day
FROM pace WHERE safety > 0 AND usable < safety
UNION ALL
SELECT product_id, location_id, 'runs_out', usable, rate, out FROM pace
WHERE rate > 0 AND out < coalesce(comes, %(today)s::date + {COVER_DAYS}) AND position < rate * {COVER_DAYS} / {RATE_DAYS}
UNION ALL
SELECT product_id, location_id, 'reorder', reorder_level - position, reorder_level, comes FROM pace
WHERE reorder_level > 0 AND position <= reorder_level AND (on_hand > 0 OR rate > 0)
UNION ALL
SELECT product_id, location_id, 'expiring', expiring, on_hand, expires FROM pace WHERE expiring > 0
UNION ALL
SELECT product_id, location_id, 'dormant', on_hand, 0, last_out FROM pace
WHERE on_hand > 0 AND last_out IS NULL AND EXISTS (
    SELECT 1 FROM inventory_movement x WHERE x.product_id = pace.product_id AND x.location_id = pace.location_id
    AND x.quantity > 0 AND x.occurred_at < %(today)s::date - {DORMANT_DAYS})
"""


class Standing(NamedTuple):
    """An alert by the figures of now."""

    product_id: int
    location_id: int
    kind: str
    units: int
    level: int
    day: date | None


def standing(today: date) -> list[Standing]:
    """Every alert that should stand. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"today": today})
        return [Standing(*row) for row in cursor.fetchall()]


def alerts(user: Any) -> QuerySet[StockAlert]:
    """The standing alerts of the locations the user sees, most pressing kind first, oldest first."""
    return (
        StockAlert.objects.filter(cleared_at__isnull=True, location__in=visible_locations(user))
        .select_related("product", "location").order_by("raised_at", "pk")
    )  # fmt: skip


class Proposal(NamedTuple):
    """A transfer that would help: what it leaves at the source beyond what goes there in COVER_DAYS days."""

    product: Product
    source: StorageLocation
    target: StorageLocation
    units: int
    usable: int
    left: int

    @property
    def key(self) -> str:
        """Names the proposal in a form: product, source, target, units."""
        return f"{self.product.pk}-{self.source.pk}-{self.target.pk}-{self.units}"


def proposals(user: Any, today: date) -> list[Proposal]:
    """Transfers from where there is cover to where there is none, at locations the user sees (either end), by target. Four statements.

    Wanted is what lifts a location to its safety stock, its reorder point or COVER_DAYS days of what leaves, whichever is most,
    unless receipts do. Spared is what is free for good beyond the same.
    """
    seen = set(visible_locations(user).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(CELLS, {"today": today})
        names = [column.name for column in cursor.description]
        cells = {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    needs, spare = [], {}
    for (product, location), c in cells.items():
        keep = max(c["safety"], c["reorder_level"] if c["rate"] else 0, -(-c["rate"] * COVER_DAYS // RATE_DAYS))
        missing = max(keep - c["position"], c["shortfall"] - c["moving"])
        if missing > 0:
            needs.append(Need(product, location, missing, 0 if c["shortfall"] or c["usable"] < c["safety"] else 1))
        elif (extra := min(c["spare"], c["usable"]) - max(0, keep - c["safety"])) > 0:
            spare[product, location] = extra
    found = [h for h in helps(needs, spare) if h.source in seen or h.target in seen]
    known = Product.objects.in_bulk({h.product for h in found})
    places = StorageLocation.objects.in_bulk({h.source for h in found} | {h.target for h in found})
    made = [
        Proposal(known[h.product], places[h.source], places[h.target], h.units, cells[h.product, h.target]["usable"],
                 spare[h.product, h.source] - h.units)
        for h in found if places[h.source].active and places[h.target].active
    ]  # fmt: skip
    return sorted(made, key=lambda p: (p.target.code, p.source.code, p.product.sku))


class Said(NamedTuple):
    """A level that was set."""

    at: datetime
    by: Any
    what: str
    units: int


def levels_said(product: Product, limit: int = 50) -> list[Said]:
    """The last levels set for a product, newest first, from the events. Two statements."""
    names = {pk: _("Safety stock at %(location)s") % {"location": name} for pk, name in StorageLocation.objects.values_list("pk", "name")}
    events = (
        Event.objects.filter(name__in=["stock.safety_set", "catalog.reorder_level_set"], subjects__kind="product", subjects__object_id=product.pk)
        .select_related("actor").order_by("-pk")[:limit]
    )  # fmt: skip
    found = []
    for event in events:
        data = event.data
        if event.name == "catalog.reorder_level_set":
            found.append(Said(event.at, event.actor, _("Reorder at"), data["level"]))
        found += [Said(event.at, event.actor, names[location], level) for about, location, level in data.get("levels", ()) if about == product.pk]
    return found
