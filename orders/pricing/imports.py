"""The file of prices: one row a price; the list's own columns stand on every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from inventory.catalog.selectors import products_by_sku
from oms.company.models import Currency
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, Row, compare, register
from orders.pricing.models import Price, PriceList
from orders.pricing.services import ListRow, PriceRow, upsert_prices

SCOPES = {"customer": 0, "group": 1, "class": 2, "base": 3}
LIST = (
    Column("list_name", gettext_lazy("name of the list (default: its code)"), default="", longest=100),
    Column("scope", gettext_lazy("whose prices they are; the most specific list wins"), required=True, choices=SCOPES),
    Column("customer", gettext_lazy("code, with scope customer"), default="", longest=20),
    Column("group", gettext_lazy("with scope group"), default="", longest=30),
    Column("customer_class", gettext_lazy("with scope class"), "integer", least=0, most=9),
    Column("currency", gettext_lazy("ISO code"), required=True, longest=3),
    Column("valid_from", gettext_lazy("first day"), "date", required=True),
    Column("valid_to", gettext_lazy("last day"), "date"),
    Column("includes_tax", gettext_lazy("whether its prices include tax"), "boolean", default=False),
)
COLUMNS = (
    Column("list", gettext_lazy("code of the price list"), required=True, longest=30),
    *LIST,
    Column("sku", gettext_lazy("of a product"), required=True, longest=40),
    Column("minimum_quantity", gettext_lazy("base units from which the price counts"), "integer", default=1, least=1),
    Column("unit_price", gettext_lazy("net, unless the list includes tax; per the product's price unit"), "decimal", required=True, least=0),
)
NAMES = [column.name for column in LIST]


def list_values(found: PriceList) -> dict[str, Any]:
    """A list's columns."""
    return {
        "list_name": found.name, "scope": found.scope, "customer": found.customer.code if found.customer else "", "group": found.group,
        "customer_class": found.customer_class, "currency": found.currency_id, "valid_from": found.valid_from, "valid_to": found.valid_to, "includes_tax": found.includes_tax,
    }  # fmt: skip


def fill(documents: Sequence[Document]) -> dict[str, dict[str, Any]]:
    """The lists that are there; a row without a name for its list takes what it has, else its code."""
    codes = {d.head["list"] for d in documents}
    lists = {p.code: list_values(p) for p in PriceList.objects.filter(code__in=codes).select_related("customer")}
    for document in documents:
        cells = document.head
        cells["list_name"] = cells.get("list_name") or lists.get(cells["list"], {}).get("list_name") or cells["list"]
        cells.setdefault("minimum_quantity", 1)
        for name in ("customer", "group"):
            cells.setdefault(name, "")
        for name in ("customer_class", "valid_to"):
            cells.setdefault(name, None)
        cells.setdefault("includes_tax", False)
    return lists


def check(documents: Sequence[Document], context: Context) -> None:
    """References, one meaning a list, and the differences."""
    lists = fill(documents)
    products = products_by_sku(d.head["sku"] for d in documents)
    customers = set(Customer.objects.filter(code__in={d.head["customer"] for d in documents}).values_list("code", flat=True))
    currencies = set(Currency.objects.values_list("code", flat=True))
    there = Price.objects.filter(price_list__code__in=lists, product_id__in=products.values())
    prices = {(p.price_list.code, p.product_id, p.minimum_quantity): p.unit_price for p in there.select_related("price_list")}
    first: dict[str, Row] = {}
    for document in documents:
        row = document.rows[0]
        check_list(row, first, customers, currencies)
        product = products.get(row.cells["sku"])
        if product is None:
            row.refuse("sku", _("there is no product %(sku)s.") % {"sku": row.cells["sku"]})
            continue
        compare(PRICES, row, lists.get(row.cells["list"]), NAMES)
        known = prices.get((row.cells["list"], product, row.cells["minimum_quantity"]))
        compare(PRICES, row, None if known is None else {"unit_price": known}, ["unit_price"])


def check_list(row: Row, first: dict[str, Row], customers: set[str], currencies: set[str]) -> None:
    """The list's columns on one row."""
    cells = row.cells
    other = first.setdefault(cells["list"], row)
    for name in NAMES:
        if cells[name] != other.cells[name]:
            row.refuse(name, _("differs from row %(row)s of the same %(document)s.") % {"row": other.number, "document": "list"})
    needed = {0: "customer", 1: "group", 2: "customer_class"}.get(cells["scope"])
    if needed and cells[needed] in ("", None):
        row.refuse(needed, _("is missing."))
    if cells["customer"] and cells["customer"] not in customers:
        row.refuse("customer", _("there is no customer %(code)s.") % {"code": cells["customer"]})
    if cells["currency"] not in currencies:
        row.refuse("currency", _("the currency %(code)s is not set up.") % {"code": cells["currency"]})
    if cells["valid_to"] and cells["valid_to"] < cells["valid_from"]:
        row.refuse("valid_to", _("lies before %(earlier)s.") % {"earlier": "valid_from"})


def apply(documents: Sequence[Document], context: Context) -> None:
    """Lists and prices as the rows say."""
    todo = [d for d in documents if d.rows[0].state != RowState.SAME]
    fill(todo)
    products = products_by_sku(d.head["sku"] for d in todo)
    customers = dict(Customer.objects.filter(code__in={d.head["customer"] for d in todo}).values_list("code", "pk"))
    lists = {d.head["list"]: list_row(d.head, customers) for d in todo}
    prices = [PriceRow(d.head["list"], products[d.head["sku"]], d.head["minimum_quantity"], d.head["unit_price"]) for d in todo]
    upsert_prices(list(lists.values()), prices, by=context.by)


def list_row(cells: Mapping[str, Any], customers: Mapping[str, int]) -> ListRow:
    """The list of a row."""
    return ListRow(cells["list"], cells["list_name"], cells["scope"], cells["currency"], cells["valid_from"], cells["valid_to"],
                   customers.get(cells["customer"]), cells["group"], cells["customer_class"], cells["includes_tax"])


def export() -> Iterator[dict[str, Any]]:
    """Every price by list and product."""
    rows = Price.objects.select_related("price_list__customer", "product").order_by("price_list__code", "product__sku", "minimum_quantity")
    for price in rows.iterator(chunk_size=2_000):
        yield list_values(price.price_list) | {"list": price.price_list.code, "sku": price.product.sku,
                                               "minimum_quantity": price.minimum_quantity, "unit_price": price.unit_price}  # fmt: skip


PRICES = register(
    Format("prices", gettext_lazy("Price lists: a row a price."), COLUMNS, "pricing.import", check, apply, export,
           key=("list", "sku", "minimum_quantity"))
)  # fmt: skip
