"""The files of products: one row a SKU, its units as "case=12 pallet=480"; and what may be offered instead of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.models import Product, Substitute
from inventory.catalog.selectors import products_by_sku
from inventory.catalog.services import (
    PRODUCT_FIELDS,
    ProductRow,
    SubstituteRow,
    set_substitutes,
    upsert_products,
)
from oms.files.cells import CellError, shown
from oms.files.formats import Column, Context, Document, Format, compare, merged, register

Units = tuple[tuple[str, int, int], ...]


def read_units(text: str) -> Units:
    """"case=12 pack=1/10" as (code, num, den), sorted. Raises CellError."""
    found = []
    for part in text.split():
        code, _is, worth = part.partition("=")
        num, _per, den = worth.partition("/")
        if not code or not num.isdigit() or not (den or "1").isdigit() or len(code) > 20:
            raise CellError(_("%(cell)s is not a unit (write case=12 or pack=1/10).") % {"cell": shown(part)})
        found.append((code, int(num), int(den or 1)))
    return tuple(sorted(found))


def write_units(units: Units) -> str:
    """The inverse of `read_units`."""
    return " ".join(f"{code}={num}" + (f"/{den}" if den != 1 else "") for code, num, den in units)


COLUMNS = (
    Column("sku", gettext_lazy("what the product is called in orders and files"), required=True, longest=40),
    Column("name", gettext_lazy("for people"), required=True, longest=200),
    Column("family", gettext_lazy("product family, for figures"), default="", longest=60),
    Column("gtin", gettext_lazy("GTIN, 8 to 14 digits"), default="", longest=14),
    Column("status", gettext_lazy("retired products are not sold"), choices={s: s for s in Product.Status.values},
           default=Product.Status.ACTIVE.value),
    Column("base_unit", gettext_lazy("smallest unit sold; all quantities count in it"), default="each", longest=20),
    Column("price_unit", gettext_lazy("prices are per so many base units"), choices={"1": 1, "100": 100, "1000": 1000}, default=1),
    Column("minimum_quantity", gettext_lazy("least a line may ask for"), "integer", default=1, least=1),
    Column("quantity_multiple", gettext_lazy("lines ask for multiples of this"), "integer", default=1, least=1),
    Column("tax_class", gettext_lazy("as in the tax rules"), default="standard", longest=20),
    Column("standard_cost", gettext_lazy("per base unit"), "decimal", default=0, least=0),
    Column("weight_g", gettext_lazy("grams per base unit"), "integer", default=0, least=0),
    Column("volume_cm3", gettext_lazy("cm³ per base unit"), "integer", default=0, least=0),
    Column("reorder_level", gettext_lazy("an alert below this"), "integer", default=0, least=0),
    Column("track_lots", gettext_lazy("whether lots are kept apart"), "boolean", default=False),
    Column("units", gettext_lazy("other units: case=12 pallet=480"), default=(), read=read_units, write=write_units, longest=500),
)  # fmt: skip


def current(skus: Iterable[str]) -> dict[str, dict[str, Any]]:
    """SKU → the values of all columns, of those that exist. Two statements."""
    products = Product.objects.filter(sku__in=set(skus)).prefetch_related("units")
    return {product.sku: values(product) for product in products}


def values(product: Product) -> dict[str, Any]:
    """A product as its row."""
    units = tuple(sorted((unit.code, unit.num, unit.den) for unit in product.units.all()))
    return {name: getattr(product, name) for name in PRODUCT_FIELDS} | {"units": units}


def check(documents: Sequence[Document], context: Context) -> None:
    """New, changed or the same; the base unit of a product that exists stays."""
    before = current(d.head["sku"] for d in documents)
    for document in documents:
        row = document.rows[0]
        known = before.get(row.cells["sku"])
        base = row.cells.get("base_unit", known["base_unit"] if known else "each")
        if known and base != known["base_unit"]:
            row.refuse("base_unit", _("is %(now)s and does not change: documents count in it.") % {"now": known["base_unit"]})
        if any(code == base or num < 1 or den < 1 for code, num, den in row.cells.get("units", ())):
            row.refuse("units", _("name other units than the base unit, each worth more than nothing."))
        names = [name for name in row.cells if name != "units"]
        compare(PRODUCTS, row, known, names)
        missing = set(row.cells.get("units", ())) - set(known["units"] if known else ())
        if known and missing:
            compare(PRODUCTS, row, {"units": known["units"]}, ["units"])


def apply(documents: Sequence[Document], context: Context) -> None:
    """Products as the rows say; columns the file lacks stay."""
    before = current(d.head["sku"] for d in documents)
    names = [*PRODUCT_FIELDS, "units"]
    rows = [ProductRow(**merged(PRODUCTS, d.rows[0], before.get(d.head["sku"]), names)) for d in documents]
    upsert_products(rows, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every product, by SKU."""
    for product in Product.objects.order_by("sku").prefetch_related("units").iterator(chunk_size=2_000):
        yield values(product)


PRODUCTS = register(
    Format("products", gettext_lazy("What is sold: one row a product, found by its SKU."), COLUMNS, "catalog.upsert_products",
           check, apply, export, key=("sku",))
)  # fmt: skip


SUBSTITUTE_COLUMNS = (
    Column("sku", gettext_lazy("a known product"), required=True, longest=40),
    Column("instead", gettext_lazy("the product to offer instead"), required=True, longest=40),
    Column("num", gettext_lazy("so many of it"), "integer", default=1, least=1, most=10**9),
    Column("den", gettext_lazy("do for so many of the product"), "integer", default=1, least=1, most=10**9),
    Column("rank", gettext_lazy("the lowest is offered first"), "integer", default=1, least=0, most=1_000),
)
RATIO = ("num", "den", "rank")


def substitutes_there(documents: Sequence[Document]) -> dict[tuple[str, str], dict[str, Any]]:
    """(SKU, SKU instead) → ratio and rank of those that are known. One statement."""
    rows = Substitute.objects.filter(product__sku__in={d.head["sku"] for d in documents})
    return {(sku, instead): dict(zip(RATIO, rest, strict=True)) for sku, instead, *rest in rows.values_list("product__sku", "instead__sku", *RATIO)}


def check_substitutes(documents: Sequence[Document], context: Context) -> None:
    """Unknown products, a product instead of itself; else the differences."""
    known = products_by_sku(d.head[name] for d in documents for name in ("sku", "instead"))
    there = substitutes_there(documents)
    for document in documents:
        row = document.rows[0]
        for name in ("sku", "instead"):
            if row.cells[name] not in known:
                row.refuse(name, _("there is no product %(sku)s.") % {"sku": row.cells[name]})
        if row.cells["sku"] == row.cells["instead"]:
            row.refuse("instead", _("is the product itself."))
        compare(SUBSTITUTES, row, there.get((row.cells["sku"], row.cells["instead"])), [name for name in row.cells if name in RATIO])


def apply_substitutes(documents: Sequence[Document], context: Context) -> None:
    """As the rows say; columns the file lacks stay."""
    there = substitutes_there(documents)
    rows = [(d.head["sku"], d.head["instead"], merged(SUBSTITUTES, d.rows[0], there.get((d.head["sku"], d.head["instead"])), RATIO)) for d in documents]
    set_substitutes([SubstituteRow(sku, instead, **ratio) for sku, instead, ratio in rows], by=context.by)


def export_substitutes() -> Iterator[dict[str, Any]]:
    """Every substitute, by SKU and rank."""
    rows = Substitute.objects.order_by("product__sku", "rank", "instead__sku").values_list("product__sku", "instead__sku", *RATIO)
    for sku, instead, *rest in rows.iterator(chunk_size=2_000):
        yield {"sku": sku, "instead": instead, **dict(zip(RATIO, rest, strict=True))}


SUBSTITUTES = register(
    Format("substitutes", gettext_lazy("What may be offered instead of a product: one row a pair."), SUBSTITUTE_COLUMNS, "catalog.set_substitutes",
           check_substitutes, apply_substitutes, export_substitutes, key=("sku", "instead"))
)  # fmt: skip
