"""The file of cross-references: what each partner's codes mean to us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.files.formats import Column, Context, Document, Format, compare, register
from oms.kernel.errors import Invalid
from orders.channels.choices import ReferenceKind
from orders.channels.models import CrossReference, TradingPartner
from orders.channels.services import set_references
from orders.channels.services.repairing import target_of

COLUMNS = (
    Column("partner", gettext_lazy("code of the trading partner"), required=True, longest=30),
    Column("kind", gettext_lazy("what the code names"), required=True, choices={k: k for k in ReferenceKind.values}),
    Column("code", gettext_lazy("as the partner writes it"), required=True, longest=80),
    Column("means", gettext_lazy("our SKU, customer's code, customer/address, or unit"), required=True, longest=60),
)


def means(row: CrossReference) -> str:
    """Our side of a cross-reference, as the file writes it."""
    if row.product:
        return row.product.sku
    if row.customer:
        return row.customer.code
    return f"{row.address.customer.code}/{row.address.code}" if row.address else row.unit


def known(partners: Sequence[str]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """((partner, kind, code), meaning) of what stands."""
    rows = CrossReference.objects.filter(partner__code__in=partners) if partners else CrossReference.objects.all()
    for row in rows.select_related("partner", "product", "customer", "address__customer").order_by("partner__code", "kind", "code"):
        yield (row.partner.code, row.kind, row.code), means(row)


def check(documents: Sequence[Document], context: Context) -> None:
    """Unknown partners and targets; then what is new."""
    partners = set(TradingPartner.objects.values_list("code", flat=True))
    before = dict(known(sorted({d.head["partner"] for d in documents})))
    for document in documents:
        row = document.rows[0]
        if row.cells["partner"] not in partners:
            row.refuse("partner", _("there is no partner %(code)s.") % {"code": row.cells["partner"]})
            continue
        try:
            target_of(row.cells["kind"], row.cells["means"], context.by)
        except Invalid as error:
            row.refuse("means", str(error))
            continue
        old = before.get((row.cells["partner"], row.cells["kind"], row.cells["code"]))
        compare(REFERENCES, row, None if old is None else {"means": old}, ["means"])


def apply(documents: Sequence[Document], context: Context) -> None:
    """All of a batch in one command."""
    set_references([(d.head["partner"], d.head["kind"], d.head["code"], d.head["means"]) for d in documents], by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every cross-reference."""
    for (partner, kind, code), meaning in known([]):
        yield {"partner": partner, "kind": kind, "code": code, "means": meaning}


REFERENCES = register(
    Format("references", gettext_lazy("Cross-references: what a trading partner's codes mean."), COLUMNS, "channels.repair", check, apply, export,
           key=("partner", "kind", "code"))
)  # fmt: skip
