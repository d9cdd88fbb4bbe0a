"""Tables of stock."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from inventory.stock.choices import MovementKind, ReceiptKind
from oms.web.format import quantity
from oms.web.tables import (
    AgeColumn,
    Column,
    DayColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    StateColumn,
    Table,
)


class SignedColumn(NumberColumn):
    """A change: + or − always shown, empty for none."""

    def render(self, value: int) -> str:
        return f"+{quantity(value)}" if value > 0 else quantity(value) if value else ""


def card_url(record: Any) -> str:
    """The product's stock card."""
    return reverse("inventory:stock-card", args=[record.product.sku])


class StockTable(Table):
    """Product × location."""

    product = LinkColumn(accessor="product__sku", verbose_name=_("SKU"), url=card_url)
    name = Column(accessor="product__name", verbose_name=_("Product"), css="long", priority=2)
    location = Column(accessor="location__code", verbose_name=_("Location"))
    on_hand = NumberColumn(verbose_name=_("On hand"))
    allocated = NumberColumn(verbose_name=_("Allocated"), priority=2)
    blocked = NumberColumn(verbose_name=_("Blocked"), priority=3)
    free_now = NumberColumn(verbose_name=_("Free now"))
    shortfall = NumberColumn(verbose_name=_("Short"), priority=2)
    next_date = DayColumn(verbose_name=_("Next receipt"), priority=2)
    next_quantity = NumberColumn(verbose_name=_("Expected"), priority=3)

    caption = _("Stock by product and location")
    empty_title = _("No stock here")
    empty_help = _("Products appear once they are received, counted or expected at a location you see.")

    def row_url(self, record: Any) -> str:
        return card_url(record)

    class Meta:
        sequence = (
            "product", "name", "location", "on_hand", "allocated", "blocked", "free_now", "shortfall", "next_date",
            "next_quantity",
        )  # fmt: skip


class MovementTable(Table):
    """The ledger of one product."""

    occurred_at = AgeColumn(verbose_name=_("When"))
    kind = StateColumn(verbose_name=_("What"))
    location = Column(accessor="location__code", verbose_name=_("Location"))
    bin = Column(accessor="balance__bin", verbose_name=_("Bin"), priority=2)
    lot = Column(accessor="balance__lot", verbose_name=_("Lot"), priority=2)
    quantity = SignedColumn(verbose_name=_("On hand"))
    after = NumberColumn(verbose_name=_("After"), orderable=False)
    allocated = SignedColumn(verbose_name=_("Allocated"), priority=2)
    blocked = SignedColumn(verbose_name=_("Blocked"), priority=3)
    reason = Column(verbose_name=_("Reason"), priority=3)
    actor = Column(accessor="event__actor", verbose_name=_("By"), priority=3)

    caption = _("Movements")
    empty_title = _("No movements you may see")
    empty_help = _("Warehouse staff see the ledger of their own locations, managers of all.")

    class Meta:
        sequence = (
            "occurred_at", "kind", "location", "bin", "lot", "quantity", "after", "allocated", "blocked", "reason", "actor",
        )  # fmt: skip


def document_url(record: Any) -> str:
    """Where a movement's document is shown: the order, the transfer or the count sheet; "" where there is none."""
    if record.document:
        return url_or_none("orders:order-detail", record.document)
    if record.kind == MovementKind.TRANSFER:
        return url_or_none("inventory:transfer-detail", record.reason)
    if record.source and record.source.startswith("count/"):
        return url_or_none("inventory:count-detail", record.source.split("/")[1])
    return ""


def url_or_none(name: str, *args: Any) -> str:
    """The URL when it is served, else ""."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def document_of(record: Any) -> str:
    """What a movement came from: an order, a transfer, a count sheet, or its reason code."""
    if record.document:
        return str(record.document)
    if record.source and record.source.startswith("count/"):
        return str(record.source.split("/")[1])
    return str(record.reason)


class DocumentColumn(Column):
    """The document of a movement, linked where it has a page."""

    def render(self, record: Any) -> Any:
        url = document_url(record)
        return format_html('<a href="{}">{}</a>', url, document_of(record)) if url else document_of(record)

    def value(self, record: Any) -> str:
        return document_of(record)


class LedgerTable(Table):
    """Movements of all products: when, what, how many, why, who."""

    occurred_at = AgeColumn(verbose_name=_("When"))
    recorded_at = AgeColumn(verbose_name=_("Recorded"), priority=3)
    product = LinkColumn(accessor="product__sku", verbose_name=_("SKU"), url=card_url)
    kind = StateColumn(verbose_name=_("What"))
    location = Column(accessor="location__code", verbose_name=_("Location"))
    bin = Column(accessor="balance__bin", verbose_name=_("Bin"), priority=2)
    lot = Column(accessor="balance__lot", verbose_name=_("Lot"), priority=3)
    quantity = SignedColumn(verbose_name=_("On hand"))
    allocated = SignedColumn(verbose_name=_("Allocated"), priority=2)
    blocked = SignedColumn(verbose_name=_("Blocked"), priority=3)
    why = DocumentColumn(verbose_name=_("Why"), empty_values=(), orderable=False)
    actor = Column(accessor="event__actor", verbose_name=_("Who"), priority=2)

    caption = _("Movements")
    empty_title = _("No such movements")
    empty_help = _("Everything that changed stock stands here: nothing is ever taken out of it.")

    class Meta:
        sequence = (
            "occurred_at", "recorded_at", "product", "kind", "location", "bin", "lot", "quantity", "allocated", "blocked", "why", "actor",
        )  # fmt: skip


class StockAtTable(Table):
    """What lay where."""

    product = LinkColumn(accessor="product__sku", verbose_name=_("SKU"), url=card_url)
    name = Column(accessor="product__name", verbose_name=_("Product"), css="long", priority=2)
    family = Column(accessor="product__family", verbose_name=_("Family"), priority=3)
    location = Column(accessor="location__code", verbose_name=_("Location"))
    lay = NumberColumn(verbose_name=_("On hand then"))
    value = MoneyColumn(verbose_name=_("At standard cost"), priority=2)

    caption = _("Stock at a past moment")
    empty_title = _("Nothing lay there")
    empty_help = _("Choose another day, or another location.")

    def row_url(self, record: Any) -> str:
        return card_url(record)

    class Meta:
        sequence = ("product", "name", "family", "location", "lay", "value")


def receipt_url(record: Any) -> str:
    """Where the receipt is taken in: its transfer's page, or the form filled in."""
    if record.kind == ReceiptKind.TRANSFER:
        return reverse("inventory:transfer-detail", args=[record.reference])
    return f"{reverse('inventory:receive')}?receipt={record.pk}"


class ReceiptTable(Table):
    """What is on its way in."""

    reference = LinkColumn(verbose_name=_("Reference"), url=receipt_url)
    product = Column(accessor="product__sku", verbose_name=_("SKU"))
    name = Column(accessor="product__name", verbose_name=_("Product"), css="long", priority=2)
    location = Column(accessor="location__code", verbose_name=_("Location"))
    available_date = DayColumn(verbose_name=_("Available"))
    quantity = NumberColumn(verbose_name=_("Ordered"), priority=2)
    received = NumberColumn(verbose_name=_("Received"), priority=2)

    caption = _("Expected receipts")
    empty_title = _("Nothing is expected")
    empty_help = _("Announced deliveries to your locations appear here until they are complete.")

    def row_url(self, record: Any) -> str:
        return receipt_url(record)

    class Meta:
        sequence = ("reference", "product", "name", "location", "available_date", "quantity", "received")
