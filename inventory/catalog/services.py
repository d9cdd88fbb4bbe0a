"""Writes of master data: products with their units, storage locations, who works where. Set-wise, repeatable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Substitute, Unit
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid

BATCH = 2_000


@dataclass(frozen=True)
class ProductRow:
    """A product as imported. `units` are (code, num, den): one unit is worth num/den base units."""

    sku: str
    name: str
    family: str = ""
    gtin: str = ""
    status: str = Product.Status.ACTIVE
    base_unit: str = "each"
    price_unit: int = 1
    minimum_quantity: int = 1
    quantity_multiple: int = 1
    tax_class: str = "standard"
    standard_cost: Decimal = Decimal(0)
    weight_g: int = 0
    volume_cm3: int = 0
    reorder_level: int = 0
    track_lots: bool = False
    units: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class LocationRow:
    """A storage location as imported; its calendar must exist."""

    code: str
    name: str
    calendar_id: int
    country: str
    timezone: str = "UTC"
    active: bool = True
    address: str = ""
    lead_time_days: int = 1
    cut_off: time = field(default=time(12, 0))
    capacity: int | None = None
    release_window_days: int = 1
    adjustment_limit: Decimal = Decimal(1000)


PRODUCT_FIELDS = [name for name in ProductRow.__dataclass_fields__ if name != "units"]
LOCATION_FIELDS = list(LocationRow.__dataclass_fields__)


def _refuse(problems: Iterable[tuple[int, str, str]]) -> None:
    """Raise Invalid with every (row, field, message) at once; rows count from 1."""
    errors = [{"row": row, "field": name, "message": message} for row, name, message in problems]
    if errors:
        raise Invalid(_("Some rows are wrong; nothing was written."), code="rows_invalid", errors=errors)


def _twice(keys: Sequence[str], name: str) -> list[tuple[int, str, str]]:
    first: dict[str, int] = {}
    found = []
    for n, key in enumerate(keys, start=1):
        if first.setdefault(key, n) != n:
            found.append((n, name, _("%(key)s is in row %(row)s already.") % {"key": key, "row": first[key]}))
    return found


def _product_problems(rows: Sequence[ProductRow]) -> list[tuple[int, str, str]]:
    found = _twice([row.sku for row in rows], "sku")
    for n, row in enumerate(rows, start=1):
        if not row.sku.strip():
            found.append((n, "sku", _("A product needs a SKU.")))
        if row.price_unit not in (1, 100, 1000):
            found.append((n, "price_unit", _("Prices are per 1, 100 or 1,000 base units.")))
        if row.minimum_quantity < 1 or row.quantity_multiple < 1:
            found.append((n, "minimum_quantity", _("Minimum and multiple are at least 1.")))
        if row.standard_cost < 0:
            found.append((n, "standard_cost", _("The standard cost is not negative.")))
        codes = [code for code, _num, _den in row.units]
        if len(set(codes)) != len(codes) or row.base_unit in codes:
            found.append((n, "units", _("Every unit is named once, and the base unit is not among them.")))
        if any(num < 1 or den < 1 for _code, num, den in row.units):
            found.append((n, "units", _("A unit is worth a positive fraction of the base unit.")))
    return found


@use_case("catalog.upsert_products")
def upsert_products(rows: Sequence[ProductRow], *, by: Any, at: datetime | None = None) -> dict[str, int]:
    """Bring every product, found by SKU, to the given values and its named units to theirs; {sku: id}.

    Units not named stay. Raises Invalid `rows_invalid` with all wrong rows, and then writes nothing.
    """
    authorize(by, "catalog.upsert_products")
    _refuse(_product_problems(rows))
    if not rows:
        return {}
    written = Product.objects.bulk_create(
        [Product(**{name: getattr(row, name) for name in PRODUCT_FIELDS}) for row in rows],
        batch_size=BATCH, update_conflicts=True, unique_fields=["sku"],
        update_fields=[name for name in PRODUCT_FIELDS if name != "sku"],
    )  # fmt: skip
    ids = {product.sku: product.pk for product in written}
    Unit.objects.bulk_create(
        [Unit(product_id=ids[row.sku], code=code, num=num, den=den) for row in rows for code, num, den in row.units],
        batch_size=BATCH, update_conflicts=True, unique_fields=["product", "code"], update_fields=["num", "den"],
    )  # fmt: skip
    current().event(
        "catalog.products_written", [("product", pk) for pk in ids.values()], {"products": len(ids)}
    )
    return ids


class SubstituteRow(NamedTuple):
    """num/den base units of `instead` may be offered for one base unit of `sku`; the lowest rank first."""

    sku: str
    instead: str
    num: int = 1
    den: int = 1
    rank: int = 1


@use_case("catalog.set_substitutes")
def set_substitutes(rows: Sequence[SubstituteRow], *, by: Any, at: datetime | None = None) -> None:
    """Bring substitutes, found by both SKUs, to the given ratio and rank; others stay. Raises Invalid `rows_invalid`."""
    authorize(by, "catalog.set_substitutes")
    rows = [SubstituteRow(*row) for row in rows]
    ids = dict(Product.objects.filter(sku__in={sku for row in rows for sku in row[:2]}).values_list("sku", "pk"))
    _refuse(
        (n, name, message) for n, row in enumerate(rows, start=1)
        for name, message in (
            *((column, _("There is no product %(sku)s.") % {"sku": sku}) for column, sku in (("sku", row.sku), ("instead", row.instead)) if sku not in ids),
            *([("instead", _("A product is no substitute of itself."))] if row.sku == row.instead else []),
            *([("num", _("The ratio is above zero."))] if row.num < 1 or row.den < 1 else []),
        )
    )  # fmt: skip
    if not rows:
        return
    Substitute.objects.bulk_create(
        [Substitute(product_id=ids[row.sku], instead_id=ids[row.instead], num=row.num, den=row.den, rank=row.rank) for row in rows],
        batch_size=BATCH, update_conflicts=True, unique_fields=["product", "instead"], update_fields=["num", "den", "rank"],
    )  # fmt: skip
    current().event("catalog.substitutes_set", [("product", ids[sku]) for sku in sorted({row.sku for row in rows})], {"substitutes": len(rows)})


def _location_problems(rows: Sequence[LocationRow]) -> list[tuple[int, str, str]]:
    zones = available_timezones()
    found = _twice([row.code for row in rows], "code")
    for n, row in enumerate(rows, start=1):
        if not row.code.strip():
            found.append((n, "code", _("A location needs a code.")))
        if row.timezone not in zones:
            found.append((n, "timezone", _("%(zone)s is not a time zone.") % {"zone": row.timezone}))
        if row.lead_time_days < 0 or row.release_window_days < 0:
            found.append((n, "lead_time_days", _("Days are not negative.")))
        if row.capacity is not None and row.capacity < 1:
            found.append((n, "capacity", _("A capacity is at least 1; empty means no limit.")))
    return found


@use_case("catalog.upsert_locations")
def upsert_locations(rows: Sequence[LocationRow], *, by: Any, at: datetime | None = None) -> dict[str, int]:
    """Bring every storage location, found by code, to the given values; {code: id}. Raises Invalid `rows_invalid`."""
    authorize(by, "catalog.upsert_locations")
    _refuse(_location_problems(rows))
    if not rows:
        return {}
    written = StorageLocation.objects.bulk_create(
        [StorageLocation(**{name: getattr(row, name) for name in LOCATION_FIELDS}) for row in rows],
        batch_size=BATCH, update_conflicts=True, unique_fields=["code"],
        update_fields=[name for name in LOCATION_FIELDS if name != "code"],
    )  # fmt: skip
    ids = {location.code: location.pk for location in written}
    current().event("catalog.locations_written", [("location", pk) for pk in ids.values()], {"locations": len(ids)})
    return ids


def create_location(row: LocationRow, *, by: Any, at: datetime | None = None) -> int:
    """Write one storage location and return its id (see `upsert_locations`)."""
    return upsert_locations([row], by=by, at=at)[row.code]


@use_case("catalog.assign_staff")
def assign_staff(staff: Mapping[int, Iterable[int]], *, by: Any, at: datetime | None = None) -> None:
    """Let users work at exactly these locations: {user id: location ids}. Users not named stay as they are."""
    authorize(by, "catalog.assign_staff")
    wanted = {(user, location) for user, locations in staff.items() for location in locations}
    there = {(s.user_id, s.location_id): s.pk for s in LocationStaff.objects.filter(user_id__in=list(staff))}
    LocationStaff.objects.filter(pk__in=[pk for key, pk in there.items() if key not in wanted]).delete()
    LocationStaff.objects.bulk_create(
        [LocationStaff(user_id=user, location_id=location) for user, location in sorted(wanted - there.keys())]
    )
    current().event(
        "catalog.staff_assigned", [("user", pk) for pk in staff],
        {"staff": sorted([user, location] for user, location in wanted)},
    )  # fmt: skip


@use_case("catalog.set_reorder_level")
def set_reorder_level(product_id: int, level: int, *, by: Any, at: datetime | None = None) -> None:
    """From which position on a product should be ordered, base units; 0 for never. Nothing is written when it is so already."""
    authorize(by, "catalog.set_reorder_level")
    if level < 0:
        raise Invalid(_("A reorder level is zero or more."), code="quantity_invalid")
    if Product.objects.filter(pk=product_id).exclude(reorder_level=level).update(reorder_level=level):
        current().event("catalog.reorder_level_set", [("product", product_id)], {"product": product_id, "level": level})
