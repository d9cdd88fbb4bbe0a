"""Reads of count sheets, set-wise: what to count, what was counted, and what the books say of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from inventory.catalog.selectors import visible_locations
from inventory.counts.models import CountSheet, CountSheetLine
from inventory.stock.models import Balance, CountedPlace
from inventory.stock.selectors import balances_at, moved_after

MAX_LINES = 500


def visible_sheets(user: Any) -> QuerySet[CountSheet]:
    """The sheets of the locations the user sees."""
    return CountSheet.objects.filter(location__in=visible_locations(user))


def sheet_rows(user: Any) -> QuerySet[CountSheet]:
    """`visible_sheets` with `places` and `counted`, newest first."""
    return (
        visible_sheets(user)
        .select_related("location", "opened_by")
        .annotate(places=Count("lines"), counted=Count("lines", filter=Q(lines__quantity__isnull=False)))
        .order_by("-pk")
    )


def open_sheets(user: Any) -> QuerySet[CountSheet]:
    """Sheets being counted where the user works, oldest first."""
    return CountSheet.objects.filter(status="open", location__staff__user_id=user.pk).order_by("opened_at")


def places_to_count(sheet: CountSheet) -> QuerySet[Balance]:
    """The places of a sheet's scope that hold something, in the order one walks."""
    rows = Balance.objects.filter(location_id=sheet.location_id, on_hand__gt=0)
    if sheet.bin_from:
        rows = rows.filter(bin__gte=sheet.bin_from)
    if sheet.bin_to:
        rows = rows.filter(bin__lte=sheet.bin_to)
    if sheet.family:
        rows = rows.filter(product__family=sheet.family)
    if sheet.not_since:
        counted = CountedPlace.objects.filter(balance=OuterRef("pk"), as_of__date__gte=sheet.not_since)
        rows = rows.filter(~Exists(counted))
    return rows.order_by("bin", "product__sku", "lot")


def lines_of(sheet: CountSheet) -> QuerySet[CountSheetLine]:
    """The lines of a sheet in the order one walks."""
    return sheet.lines.select_related("product", "counted_by", "place").order_by("bin", "product__sku", "lot")


@dataclass(frozen=True)
class Difference:
    """What a counted line differs from the books of its time; `held`: units orders or blocks would lose by it."""

    line: CountSheetLine
    books: int
    held: int

    @property
    def units(self) -> int:
        return (self.line.quantity or 0) - self.books

    @property
    def value(self) -> Decimal:
        return self.units * self.line.product.standard_cost


def differences(sheet: CountSheet) -> list[Difference]:
    """The counted lines of an open sheet against the books as they were when each was counted. Four statements."""
    lines = [line for line in lines_of(sheet) if line.quantity is not None]
    balances = balances_at({(line.product_id, sheet.location_id, line.bin, line.lot) for line in lines}) if lines else {}
    by_line = {line.pk: balances.get((line.product_id, sheet.location_id, line.bin, line.lot)) for line in lines}
    later = moved_after([(b.pk, line.counted_at) for line in lines if (b := by_line[line.pk])])
    found = []
    for line in lines:
        balance = by_line[line.pk]
        books = balance.on_hand - later.get((balance.pk, line.counted_at), 0) if balance else 0
        left = (balance.free if balance else 0) + (line.quantity or 0) - books
        found.append(Difference(line, books, max(0, -left)))
    return found


def families(location_ids: Any) -> list[str]:
    """The product families that lie at the locations."""
    rows = Balance.objects.filter(location__in=location_ids).exclude(product__family="").values_list("product__family", flat=True)
    return sorted(set(rows.distinct()))
