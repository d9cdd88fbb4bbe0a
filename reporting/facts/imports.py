"""The file of targets: a row a month, post, family and measure. What stands is changed by two persons, never by a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.territory.models import Post
from oms.company.models import Currency
from oms.events.services import command
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, compare, register
from reporting.facts.choices import TargetMeasure
from reporting.facts.models import Target
from reporting.facts.services import write_target

COLUMNS = (
    Column("month", gettext_lazy("first day of the month"), "date", required=True),
    Column("post", gettext_lazy("code of the post"), required=True, longest=20),
    Column("family", gettext_lazy("product family; empty for all"), default="", longest=60),
    Column("measure", gettext_lazy("what is to be reached"), required=True, choices={m.value: m.value for m in TargetMeasure}),
    Column("currency", gettext_lazy("ISO code"), required=True, longest=3),
    Column("amount", gettext_lazy("net"), "decimal", required=True, least=0, decimals=3),
)
KEY = ("month", "post", "family", "measure", "currency")


def there(months: set[Any]) -> dict[tuple[Any, ...], Any]:
    """The targets of these months by their key."""
    rows = Target.objects.filter(month__in=months).values_list("month", "post__code", "family", "measure", "currency_id", "amount")
    return {row[:5]: row[5] for row in rows}


def check(documents: Sequence[Document], context: Context) -> None:
    """Known posts and currencies, first days of months; a target that stands with another amount is refused."""
    rows = [d.rows[0] for d in documents]
    posts = set(Post.objects.values_list("code", flat=True))
    currencies = set(Currency.objects.values_list("code", flat=True))
    known = there({r.cells["month"] for r in rows})
    for row in rows:
        cells = row.cells
        cells.setdefault("family", "")
        if cells["month"].day != 1:
            row.refuse("month", _("is not the first day of a month."))
        if cells["post"] not in posts:
            row.refuse("post", _("there is no post %(code)s.") % {"code": cells["post"]})
        if cells["currency"] not in currencies:
            row.refuse("currency", _("the currency %(code)s is not set up.") % {"code": cells["currency"]})
        amount = known.get(tuple(cells[name] for name in KEY))
        if amount is not None and amount != cells["amount"]:
            row.refuse("amount", _("is %(amount)s already; a change is proposed and confirmed by two persons.") % {"amount": amount.normalize()})
        compare(TARGETS, row, None if amount is None else {"amount": amount}, ["amount"])


def apply(documents: Sequence[Document], context: Context) -> None:
    """Write the new ones."""
    posts = dict(Post.objects.values_list("code", "pk"))
    with command("reporting.import_targets", by=context.by):
        for document in documents:
            cells = document.head
            if document.rows[0].state == RowState.CREATE:
                write_target(cells["month"], posts[cells["post"]], cells["family"], cells["measure"], cells["currency"], cells["amount"])


def export() -> Iterator[dict[str, Any]]:
    """Every target."""
    rows = Target.objects.select_related("post").order_by("month", "post__code", "family", "measure", "currency")
    for target in rows.iterator(chunk_size=2_000):
        yield {"month": target.month, "post": target.post.code, "family": target.family, "measure": target.measure,
               "currency": target.currency_id, "amount": target.amount}  # fmt: skip


TARGETS = register(
    Format("targets", gettext_lazy("Targets of posts by month; new ones only."), COLUMNS, "reporting.import_targets", check, apply, export, key=KEY)
)
