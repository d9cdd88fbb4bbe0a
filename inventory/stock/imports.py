"""The files of stock: what lies in each place named, as counted, and what is on its way in. What is not named stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.selectors import locations_by_code, products_by_sku
from inventory.stock.choices import ReceiptStatus
from inventory.stock.models import Balance, ExpectedReceipt
from inventory.stock.selectors import balances_at, moved_after
from inventory.stock.services import Counted, Opening, ReceiptRow, count, expect_receipts, set_opening
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, Row, register
from oms.files.formats import compare as compare_cells

Key = tuple[int, int, str, str]

COLUMNS = (
    Column("sku", gettext_lazy("a known product"), required=True, longest=40),
    Column("location", gettext_lazy("code of a storage location"), required=True, longest=20),
    Column("bin", gettext_lazy("place within the location"), default="", longest=40),
    Column("lot", gettext_lazy("batch of the product"), default="", longest=40),
    Column("expires_on", gettext_lazy("last day of the lot"), "date"),
    Column("quantity", gettext_lazy("base units counted"), "integer", required=True, least=0, most=10**15),
    Column("counted_at", gettext_lazy("when it was counted; later movements are netted out (default: now)"), "moment"),
)


def located(documents: Sequence[Document]) -> dict[int, Key]:
    """Row number → (product id, location id, bin, lot) of those whose product and location exist. Two statements."""
    products = products_by_sku(d.head["sku"] for d in documents)
    locations = locations_by_code(d.head["location"] for d in documents)
    return {
        d.number: (products[d.head["sku"]], locations[d.head["location"]], d.head.get("bin") or "", d.head.get("lot") or "")
        for d in documents
        if d.head["sku"] in products and d.head["location"] in locations
    }


def check(documents: Sequence[Document], context: Context) -> None:
    """Unknown products and locations, other expiry dates; else the difference to the books at the time of the count."""
    places = located(documents)
    products = products_by_sku(d.head["sku"] for d in documents)
    balances = balances_at(set(places.values()))
    later = moved_after([(balances[places[d.number]].pk, d.head.get("counted_at")) for d in documents
                         if d.number in places and places[d.number] in balances])  # fmt: skip
    for document in documents:
        row = document.rows[0]
        if document.number not in places:
            column = "location" if row.cells["sku"] in products else "sku"
            row.refuse(column, _("there is no %(column)s %(code)s.") % {"column": column, "code": row.cells[column]})
        elif document.number not in context.done_before:
            compare(row, balances.get(places[document.number]), later)


def compare(row: Row, balance: Balance | None, later: dict[tuple[int, Any], int]) -> None:
    """The row against its place."""
    if balance is None:
        row.state = RowState.CREATE if row.cells["quantity"] else RowState.SAME
        return
    expires_on = row.cells.get("expires_on")
    if expires_on and balance.expires_on and expires_on != balance.expires_on:
        row.refuse("expires_on", _("lot %(lot)s expires on %(day)s.") % {"lot": balance.lot, "day": balance.expires_on})
    books = balance.on_hand - later.get((balance.pk, row.cells.get("counted_at")), 0)
    if books != row.cells["quantity"]:
        row.state = RowState.CHANGE
        row.changes.append(("quantity", str(books), str(row.cells["quantity"])))


def apply(documents: Sequence[Document], context: Context) -> None:
    """New places are opened, known ones counted, by location and time; each posting knows the file and its row."""
    places = located(documents)
    file = context.sha256.hex()[:24]
    openings: dict[Any, list[Opening]] = {}
    counted: dict[tuple[int, Any], list[tuple[int, Counted]]] = {}
    for document in documents:
        row, key = document.rows[0], places[document.number]
        at = row.cells.get("counted_at")
        if row.state == RowState.CREATE:
            openings.setdefault(at, []).append(Opening(*key, row.cells.get("expires_on"), row.cells["quantity"]))
        elif row.state == RowState.CHANGE:
            counted.setdefault((key[1], at), []).append((row.number, Counted(key[0], key[2], key[3], row.cells["quantity"])))
    for at, rows in openings.items():
        set_opening(rows, by=context.by, at=at, source=f"file/{file}")
    for (location, at), found in counted.items():
        count(location, [row for _number, row in found], by=context.by, as_of=at, source=f"file/{file}/{found[0][0]}")


def export() -> Iterator[dict[str, Any]]:
    """What lies where, place by place."""
    rows = Balance.objects.exclude(on_hand=0).select_related("product", "location")
    for b in rows.order_by("location__code", "product__sku", "bin", "lot").iterator(chunk_size=2_000):
        yield {"sku": b.product.sku, "location": b.location.code, "bin": b.bin, "lot": b.lot, "expires_on": b.expires_on, "quantity": b.on_hand}


STOCK = register(
    Format("stock", gettext_lazy("What was counted: one row a place (product, location, bin, lot)."), COLUMNS, "stock.set_opening",
           check, apply, export, key=("sku", "location", "bin", "lot"), own=True)
)  # fmt: skip


RECEIPT_COLUMNS = (
    Column("reference", gettext_lazy("purchase order number and line"), required=True, longest=40),
    Column("sku", gettext_lazy("a known product"), required=True, longest=40),
    Column("location", gettext_lazy("code of a storage location"), required=True, longest=20),
    Column("available_date", gettext_lazy("first day it can be shipped"), "date", required=True),
    Column("quantity", gettext_lazy("base units expected in all"), "integer", required=True, least=1, most=10**15),
)


def receipts_there(documents: Sequence[Document], places: dict[int, Key]) -> dict[tuple[str, int, int], ExpectedReceipt]:
    """(reference, product id, location id) → the receipts that are known. One statement."""
    found = ExpectedReceipt.objects.filter(reference__in={d.head["reference"] for d in documents}, product_id__in={key[0] for key in places.values()})
    return {(r.reference, r.product_id, r.location_id): r for r in found}


def check_receipts(documents: Sequence[Document], context: Context) -> None:
    """Unknown products and locations, closed receipts; else the differences."""
    places = located(documents)
    products = products_by_sku(d.head["sku"] for d in documents)
    there = receipts_there(documents, places)
    for document in documents:
        row = document.rows[0]
        if document.number not in places:
            column = "location" if row.cells["sku"] in products else "sku"
            row.refuse(column, _("there is no %(column)s %(code)s.") % {"column": column, "code": row.cells[column]})
            continue
        product, location, *_place = places[document.number]
        known = there.get((row.cells["reference"], product, location))
        compare_cells(RECEIPTS, row, {"available_date": known.available_date, "quantity": known.quantity} if known else None)
        if known and known.status == ReceiptStatus.CLOSED and row.state != RowState.SAME:
            row.refuse("reference", _("receipt %(reference)s is closed.") % {"reference": known.reference})


def apply_receipts(documents: Sequence[Document], context: Context) -> None:
    """New receipts are opened, open ones changed."""
    places = located(documents)
    expect_receipts(
        [ReceiptRow(*places[d.number][:2], d.head["reference"], d.head["available_date"], d.head["quantity"])
         for d in documents if d.rows[0].state != RowState.SAME],
        by=context.by,
    )  # fmt: skip


def export_receipts() -> Iterator[dict[str, Any]]:
    """What is on its way in."""
    rows = ExpectedReceipt.objects.filter(status=ReceiptStatus.OPEN).select_related("product", "location")
    for r in rows.order_by("available_date", "reference", "pk").iterator(chunk_size=2_000):
        yield {"reference": r.reference, "sku": r.product.sku, "location": r.location.code, "available_date": r.available_date, "quantity": r.quantity}


RECEIPTS = register(
    Format("receipts", gettext_lazy("What is on its way in: one row a purchase order line."), RECEIPT_COLUMNS, "stock.expect_receipt",
           check_receipts, apply_receipts, export_receipts, key=("reference", "sku", "location"))
)  # fmt: skip
