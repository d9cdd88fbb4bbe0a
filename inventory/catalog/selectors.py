"""Reads of products and storage locations, set-wise."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.db.models.functions import Length

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Substitute, Unit
from oms.accounts.choices import Role


def products_by_sku(skus: Iterable[str]) -> dict[str, int]:
    """SKU → id of those that exist. One statement."""
    return dict(Product.objects.filter(sku__in=set(skus)).values_list("sku", "id"))


def skus_of(product_ids: Collection[int]) -> dict[int, str]:
    """Product id → SKU. One statement."""
    return dict(Product.objects.filter(pk__in=product_ids).values_list("id", "sku"))


def locations_by_code(codes: Iterable[str]) -> dict[str, int]:
    """Code → id of those that exist. One statement."""
    return dict(StorageLocation.objects.filter(code__in=set(codes)).values_list("code", "id"))


def units_of(product_ids: Collection[int]) -> dict[tuple[int, str], tuple[int, int]]:
    """(product id, unit code) → (num, den); the base unit is 1/1. Two statements."""
    base = Product.objects.filter(pk__in=product_ids).values_list("id", "base_unit")
    named = Unit.objects.filter(product_id__in=product_ids).values_list("product_id", "code", "num", "den")
    return dict.fromkeys(base, (1, 1)) | {(product, code): (num, den) for product, code, num, den in named}


class Instead(NamedTuple):
    """A product that may be offered: its base units for so many of the other, as it may be ordered."""

    sku: str
    num: int
    den: int
    minimum: int
    multiple: int

    def units(self, quantity: int) -> int:
        """The least that may be ordered of it and does for `quantity` base units of the other."""
        enough = max(self.minimum, -(-quantity * self.num // self.den))
        return -(-enough // self.multiple) * self.multiple


def substitutes_for(skus: Iterable[str]) -> dict[str, list[Instead]]:
    """SKU → active products to offer instead, the lowest rank first. One statement, none without SKUs."""
    found: dict[str, list[Instead]] = {}
    rows = Substitute.objects.filter(product__sku__in=set(skus), instead__status=Product.Status.ACTIVE).order_by("rank", "pk")
    columns = ("product__sku", "instead__sku", "num", "den", "instead__minimum_quantity", "instead__quantity_multiple")
    for sku, instead, num, den, minimum, multiple in rows.values_list(*columns):
        found.setdefault(sku, []).append(Instead(instead, num, den, minimum, multiple))
    return found


def search_products(text: str, limit: int = 12) -> QuerySet[Product]:
    """Active products whose SKU, GTIN or name contains `text`: exact SKU first, then by start of SKU, then the rest."""
    rank = Case(
        When(Q(sku__iexact=text) | Q(gtin=text), then=0),
        When(sku__istartswith=text, then=1),
        When(name__istartswith=text, then=2),
        default=3,
        output_field=IntegerField(),
    )
    found = Product.objects.filter(status=Product.Status.ACTIVE).filter(
        Q(sku__icontains=text) | Q(gtin=text) | Q(name__icontains=text)
    )
    return found.annotate(rank=rank).order_by("rank", Length("sku"), "sku")[:limit]


def is_staff_of(user: Any, location_id: int) -> bool:
    """Whether the user posts for this location."""
    return LocationStaff.objects.filter(user_id=user.pk, location_id=location_id).exists()


def staffed_locations(user: Any) -> QuerySet[StorageLocation]:
    """The active locations the user works at."""
    return StorageLocation.objects.filter(active=True, staff__user_id=user.pk).order_by("code")


def visible_locations(user: Any) -> QuerySet[StorageLocation]:
    """The locations whose stock the user may see: warehouse staff their own, the manager all, others none."""
    if user.is_system or Role.MANAGER in user.roles:
        return StorageLocation.objects.order_by("code")
    if Role.WAREHOUSE in user.roles:
        return StorageLocation.objects.filter(staff__user_id=user.pk).order_by("code")
    return StorageLocation.objects.none()
