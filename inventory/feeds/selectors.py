"""Reads of feeds: within the locations one sees; what a message means to us; how a count differs from the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from inventory.catalog.selectors import locations_by_code, products_by_sku, units_of, visible_locations
from inventory.feeds.choices import FINDINGS, CodeKind, FeedState
from inventory.feeds.domain import FeedFact, FeedRow, Finding
from inventory.feeds.models import Feed, FeedMessage, FeedReference
from oms.kernel.errors import NotFound


class MeantRow(NamedTuple):
    """A row of a message in our terms: base units of a product in a place."""

    product_id: int
    quantity: int
    sku: str
    row: FeedRow


@dataclass
class Meant:
    """What a message means to us: the location, its rows, or the findings that keep it in quarantine."""

    fact: FeedFact
    location_id: int = 0
    rows: list[MeantRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def visible_feeds(user: Any) -> QuerySet[Feed]:
    """Feeds that tell of a location the user sees; the sender sees its own."""
    places = visible_locations(user).values("pk")
    return Feed.objects.filter(Q(user_id=user.pk) | Q(user__locations__location__in=places)).distinct()


def feed_rows(user: Any) -> QuerySet[Feed]:
    """Feeds with how many of their messages wait and stand in quarantine, by name."""
    return visible_feeds(user).annotate(
        waiting=Count("messages", filter=Q(messages__state=FeedState.WAITING), distinct=True),
        quarantined=Count("messages", filter=Q(messages__state=FeedState.QUARANTINED), distinct=True),
    ).order_by("name", "pk")


def visible_messages(user: Any) -> QuerySet[FeedMessage]:
    """Messages of the feeds one sees, of a location one sees or of none that is known; the latest first."""
    places = visible_locations(user).values("pk")
    rows = FeedMessage.objects.filter(Q(location__in=places) | Q(location__isnull=True), feed__in=visible_feeds(user).values("pk"))
    return rows.select_related("feed", "location").order_by("-pk")


def quarantined(user: Any) -> QuerySet[FeedMessage]:
    """What waits for a person, oldest first."""
    return visible_messages(user).filter(state=FeedState.QUARANTINED).order_by("pk")


def ready_feeds() -> list[int]:
    """Feeds whose next message is there and waits. One statement."""
    ready = Feed.objects.filter(messages__state=FeedState.WAITING, messages__epoch=F("epoch"), messages__seq=F("next_seq"))
    return list(ready.order_by("pk").values_list("pk", flat=True))


def feed_of(user: Any, code: str) -> Feed:
    """The feed of that code the user sees. Raises NotFound `feed_missing`."""
    found = None if "\x00" in code else visible_feeds(user).filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no feed %(code)s.") % {"code": code[:40]}, code="feed_missing")
    return found


def sentence(finding: Mapping[str, Any]) -> str:
    """A finding in words."""
    return str(FINDINGS[finding["code"]] % finding["facts"])


def meant(feed: Feed, fact: FeedFact) -> Meant:
    """The message in our terms: the sender's codes first, then ours. About five statements, whatever its rows."""
    answer = Meant(fact)
    said = {(r.kind, r.code): r for r in FeedReference.objects.filter(feed=feed, code__in={fact.location, *(row.sku for row in fact.rows)})}
    place = said.get((CodeKind.LOCATION.value, fact.location))
    answer.location_id = (place.location_id if place else locations_by_code([fact.location]).get(fact.location)) or 0
    if not answer.location_id:
        answer.findings.append(Finding("unknown_location", {"value": fact.location, "map": CodeKind.LOCATION.value}))
    known = products_by_sku(row.sku for row in fact.rows)
    mapped = {code: r.product_id for (kind, code), r in said.items() if kind == CodeKind.PRODUCT and r.product_id}
    products = known | mapped
    units = units_of(set(products.values()))
    bases = dict(Product.objects.filter(pk__in=set(products.values())).values_list("pk", "base_unit"))
    missing = dict.fromkeys(row.sku for row in fact.rows if row.sku not in products)
    answer.findings += [Finding("unknown_product", {"value": sku, "map": CodeKind.PRODUCT.value}) for sku in missing]
    for row in fact.rows:
        if row.sku in products:
            _convert(answer, row, products[row.sku], units, bases)
    return answer


def _convert(answer: Meant, row: FeedRow, product: int, units: Mapping[tuple[int, str], tuple[int, int]], bases: Mapping[int, str]) -> None:
    """The row in base units, exactly, or a finding."""
    num, den = units.get((product, row.unit or bases[product]), (0, 1))
    if not num:
        answer.findings.append(Finding("unknown_unit", {"sku": row.sku, "value": row.unit}))
    elif row.quantity * num % den:
        answer.findings.append(Finding("quantity_not_whole", {"sku": row.sku, "value": f"{row.quantity} {row.unit}"}))
    else:
        answer.rows.append(MeantRow(product, row.quantity * num // den, row.sku, row))


BOOKS = """
SELECT b.product_id, b.bin, b.lot, p.sku, (b.on_hand - coalesce(m.later, 0))::bigint AS books
FROM inventory_balance b JOIN inventory_product p ON p.id = b.product_id
LEFT JOIN (SELECT balance_id, sum(quantity) AS later FROM inventory_movement
           WHERE location_id = %(location)s AND occurred_at > %(moment)s GROUP BY balance_id) m ON m.balance_id = b.id
WHERE b.location_id = %(location)s AND (b.on_hand <> 0 OR m.later IS NOT NULL)
"""


class Books(NamedTuple):
    """What lay in a place by the books at a moment."""

    sku: str
    units: int


def books_at(location_id: int, moment: datetime) -> dict[tuple[int, str, str], Books]:
    """(product id, bin, lot) → what lay there at the moment, of every place that held something then or since. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(BOOKS, {"location": location_id, "moment": moment})
        return {(product, bin_, lot): Books(sku, units) for product, bin_, lot, sku, units in cursor.fetchall()}


def summed(rows: Sequence[MeantRow]) -> dict[tuple[int, str, str], tuple[str, int]]:
    """(product id, bin, lot) → (SKU, base units), rows of one place added up."""
    totals: dict[tuple[int, str, str], tuple[str, int]] = {}
    for product, quantity, sku, row in rows:
        _sku, before = totals.get((product, row.bin, row.lot), (sku, 0))
        totals[product, row.bin, row.lot] = (sku, before + quantity)
    return totals


def differences(said: Meant) -> list[list[Any]]:
    """[SKU, bin, lot, by the books, by the warehouse] of places where both differ at the fact's time, by SKU."""
    books, told = books_at(said.location_id, said.fact.at), summed(said.rows)
    places = told.keys() | (books.keys() if said.fact.full else set())
    rows = [
        [told[place][0] if place in told else books[place].sku, place[1], place[2],
         books[place].units if place in books else 0, told[place][1] if place in told else 0]
        for place in places
    ]  # fmt: skip
    return sorted(row for row in rows if row[3] != row[4])
