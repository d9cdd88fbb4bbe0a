"""Tables of the comparison and of the lines behind a number."""

from __future__ import annotations

from calendar import monthrange
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from oms.web import format as fmt
from oms.web.tables import Column, DayColumn, LinkColumn, MoneyColumn, NumberColumn, StateColumn, Table
from orders.book.choices import OrderStatus
from reporting.quantities.choices import NOTES, PARTS, STEPS, Dimension
from reporting.quantities.selectors import LineRow, Row

FILTER_OF = {Dimension.PRODUCT: "product", Dimension.FAMILY: "family", Dimension.CUSTOMER: "customer", Dimension.TERRITORY: "territory"}


def behind(query: dict[str, Any], code: str, **narrowed: Any) -> str:
    """The address of the lines behind a number."""
    return f"{reverse('reporting:quantity-lines')}?{urlencode({**query, **narrowed, 'part': code})}"


class AmountColumn(NumberColumn):
    """Units, or money at the table's currency; every number but 0 opens its lines."""

    def __init__(self, code: str, **kwargs: Any) -> None:
        super().__init__(accessor=f"amounts__{code}", **kwargs)
        self.code = code

    def render(self, value: Any, record: Any, table: Any) -> Any:  # type: ignore[override]
        text = fmt.quantity(value) if isinstance(value, int) else fmt.money(value, table.currency)
        return format_html('<a href="{}">{}</a>', table.behind(record, self.code), text) if value else text


class ComparisonTable(Table):
    """A row a product, customer, region …: the seven steps, then what waits, what was lost, what nobody can explain."""

    label = Column(verbose_name=_("Of"), css="long")
    ordered = AmountColumn("ordered", verbose_name=_("Ordered"))
    approved = AmountColumn("approved", verbose_name=_("Approved"), priority=2)
    shipped = AmountColumn("shipped", verbose_name=_("Issued"))
    delivered = AmountColumn("delivered", verbose_name=_("Delivered"), priority=2)
    returned = AmountColumn("returned", verbose_name=_("Returned"), priority=3)
    invoiced = AmountColumn("invoiced", verbose_name=_("Invoiced"), priority=2)
    paid = AmountColumn("paid", verbose_name=_("Paid"))
    unapproved = NumberColumn(accessor="unapproved", verbose_name=_("Not approved"), priority=3)
    unissued = NumberColumn(accessor="unissued", verbose_name=_("Not issued"), priority=3)
    backordered = AmountColumn("backordered", verbose_name=_("No supply"), priority=3)
    overdue = AmountColumn("overdue", verbose_name=_("Overdue"), priority=3)

    caption = _("From ordered to paid")
    empty_title = _("Nothing was ordered here")
    empty_help = _("Widen the dates or take a filter away.")

    def __init__(self, rows: list[Row], *, by: str, query: dict[str, Any], currency: str, **kwargs: Any) -> None:
        self.by, self.query, self.currency = Dimension(by), query, currency
        super().__init__([Shown(row) for row in rows], **kwargs)
        self.columns["label"].column.verbose_name = Dimension(by).label

    def behind(self, record: Any, code: str) -> str:
        """The lines of this row behind the number."""
        return behind(self.query, code, **narrowed(self.by, record.key, self.query))

    def row_url(self, record: Any) -> str:
        return self.behind(record, "ordered")

    def row_id(self, record: Any) -> str:
        return str(record.key)

    class Meta:
        sequence = ("label", *(s.code for s in STEPS), "unapproved", "unissued", "backordered", "overdue")
        order_by = ()


def narrowed(by: Dimension, key: str, query: dict[str, Any]) -> dict[str, Any]:
    """The filter of one row: its product, customer, …, or its month cut to the dates asked for."""
    if by != Dimension.MONTH:
        return {FILTER_OF[by]: key}
    year, month = int(key[:4]), int(key[5:])
    first, last = f"{key}-01", f"{key}-{monthrange(year, month)[1]:02d}"
    return {"first": max(first, str(query["first"])), "last": min(last, str(query["last"]))}


class Shown:
    """A row with the sums the table shows beside the steps."""

    def __init__(self, row: Row) -> None:
        self.key, self.amounts = row.key, row.amounts
        self.label = row.label or _("(none)")
        self.unapproved = row["ordered"] - row["approved"]
        self.unissued = row["approved"] - row["shipped"]


class NotesColumn(Column):
    """Numbers of credit notes, each a link."""

    def render(self, value: Any) -> Any:
        return format_html_join(", ", '<a href="{}">{}</a>', ((reverse("payments:credit-note-detail", args=[n]), n) for n in value))

    def value(self, value: Any) -> str:
        return ", ".join(value)


class LineTable(Table):
    """The order lines behind a number."""

    number = LinkColumn(verbose_name=_("Order"), url=lambda r: reverse("orders:order-detail", args=[r.number]))
    customer = Column(verbose_name=_("Customer"), css="long")
    sku = Column(verbose_name=_("SKU"), priority=2)
    product = Column(verbose_name=_("Product"), css="long", priority=3)
    status = StateColumn(verbose_name=_("Status"), label="status_label", priority=2)
    submitted_at = DayColumn(verbose_name=_("Ordered on"), priority=2)
    ordered = NumberColumn(verbose_name=_("Ordered"), priority=3)
    units = NumberColumn(verbose_name=_("Units"))
    notes = NotesColumn(verbose_name=_("Credit notes"), priority=2)
    value = MoneyColumn(verbose_name=_("Net value"))

    caption = _("Order lines")
    empty_title = _("No lines")
    empty_help = _("What was here has moved on.")

    def __init__(self, rows: list[LineRow], *, part: str, currency: str, **kwargs: Any) -> None:
        super().__init__([LineShown(row) for row in rows], exclude=() if part in NOTES else ("notes",), **kwargs)
        self.columns["value"].column.currency = currency
        self.columns["units"].column.verbose_name = label_of(part)

    def row_url(self, record: Any) -> str:
        return reverse("orders:order-detail", args=[record.number])

    class Meta:
        sequence = ("number", "customer", "sku", "product", "status", "submitted_at", "ordered", "units", "notes", "value")


class LineShown:
    """A line with its status in words."""

    def __init__(self, row: LineRow) -> None:
        self.__dict__.update(vars(row))
        self.status_label = OrderStatus(row.status).label


def label_of(code: str) -> Any:
    """The words of a step or part."""
    return PARTS[code].label if code in PARTS else next(s.label for s in STEPS if s.code == code)
