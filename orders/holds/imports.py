"""The file of quotas: one row a quota, of a product or a family, for one customer, group, post or territory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from customers.territory.models import Post, Territory
from inventory.catalog.selectors import products_by_sku
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, compare, register
from orders.holds.models import Quota
from orders.holds.services import QuotaRow, set_quotas

COLUMNS = (
    Column("sku", gettext_lazy("of a product; or a family"), default="", longest=40),
    Column("family", gettext_lazy("the products of a family together"), default="", longest=60),
    Column("customer", gettext_lazy("code; or group, post or territory"), default="", longest=20),
    Column("group", gettext_lazy("customers' group"), default="", longest=30),
    Column("post", gettext_lazy("code of a post"), default="", longest=20),
    Column("territory", gettext_lazy("code of a territory, with what lies below"), default="", longest=20),
    Column("first", gettext_lazy("first requested day"), "date", required=True),
    Column("last", gettext_lazy("last requested day"), "date", required=True),
    Column("maximum", gettext_lazy("base units"), "integer", required=True, least=0),
)
WHOM = ("customer", "group", "post", "territory")
KEY = ("sku", "family", *WHOM, "first")


def references(documents: Sequence[Document]) -> dict[str, dict[str, int]]:
    """{column: {code: id}} of everything the rows name; four statements."""

    def codes(name: str) -> set[str]:
        return {d.head.get(name) or "" for d in documents} - {""}

    return {
        "sku": products_by_sku(codes("sku")),
        "customer": dict(Customer.objects.filter(code__in=codes("customer")).values_list("code", "pk")),
        "post": dict(Post.objects.filter(code__in=codes("post")).values_list("code", "pk")),
        "territory": dict(Territory.objects.filter(code__in=codes("territory")).values_list("code", "pk")),
    }


def quota_row(cells: dict[str, Any], known: dict[str, dict[str, int]]) -> QuotaRow:
    """A row of the file as the use case takes it."""
    return QuotaRow(
        known["sku"].get(cells["sku"]), cells["family"], known["customer"].get(cells["customer"]), cells["group"],
        known["post"].get(cells["post"]), known["territory"].get(cells["territory"]), cells["first"], cells["last"], cells["maximum"],
    )  # fmt: skip


def key_of(quota: QuotaRow | Quota) -> tuple[Any, ...]:
    """What makes two quotas the same one."""
    return (quota.product_id, quota.family, quota.customer_id, quota.group, quota.post_id, quota.territory_id, quota.first)


def check(documents: Sequence[Document], context: Context) -> None:
    """References, of what and for whom, and the differences."""
    known = references(documents)
    there = {key_of(q): {"last": q.last, "maximum": q.maximum} for q in Quota.objects.filter(first__in={d.head["first"] for d in documents})}
    for document in documents:
        row = document.rows[0]
        for name in ("family", "sku", *WHOM):
            row.cells.setdefault(name, "")
        for name, codes in known.items():
            if row.cells[name] and row.cells[name] not in codes:
                row.refuse(name, _("there is no %(code)s.") % {"code": row.cells[name]})
        if bool(row.cells["sku"]) == bool(row.cells["family"]):
            row.refuse("sku", _("name a product or a family, one of both."))
        if sum(bool(row.cells[name]) for name in WHOM) != 1:
            row.refuse("customer", _("name one of customer, group, post, territory."))
        if row.cells["last"] < row.cells["first"]:
            row.refuse("last", _("lies before %(earlier)s.") % {"earlier": "first"})
        compare(QUOTAS, row, there.get(key_of(quota_row(row.cells, known))), ["last", "maximum"])


def apply(documents: Sequence[Document], context: Context) -> None:
    """The quotas as the rows say; what is used stays used."""
    todo = [d for d in documents if d.rows[0].state != RowState.SAME]
    known = references(todo)
    set_quotas([quota_row({"sku": "", "family": "", **dict.fromkeys(WHOM, ""), **d.head}, known) for d in todo], by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every quota, by period."""
    rows = Quota.objects.select_related("product", "customer", "post", "territory").order_by("first", "pk")
    for q in rows.iterator(chunk_size=2_000):
        yield {
            "sku": q.product.sku if q.product else "", "family": q.family, "customer": q.customer.code if q.customer else "",
            "group": q.group, "post": q.post.code if q.post else "", "territory": q.territory.code if q.territory else "",
            "first": q.first, "last": q.last, "maximum": q.maximum,
        }  # fmt: skip


QUOTAS = register(Format("quotas", gettext_lazy("Quotas: a row a quota."), COLUMNS, "orders.set_quotas", check, apply, export, key=KEY))
