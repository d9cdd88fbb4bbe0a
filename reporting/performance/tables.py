"""Tables of the performance form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from oms.web import format as fmt
from oms.web.tables import Column, DayColumn, LinkColumn, MoneyColumn, NumberColumn, PercentColumn, Table
from reporting.facts.choices import Measure
from reporting.performance.choices import WITH_TARGET, Dimension
from reporting.performance.selectors import Document, Moved, Row

PAGES = {"order": "orders:order-detail", "shipment": "orders:shipment-detail", "invoice": "payments:invoice-detail",
         "payment": "payments:payment-detail", "return": "orders:return-detail", "credit_note": "payments:credit-note-detail"}  # fmt: skip
KINDS = {"order": _("Order"), "shipment": _("Shipment"), "invoice": _("Invoice"), "payment": _("Payment"), "return": _("Return"),
         "credit_note": _("Credit note")}  # fmt: skip


def behind(query: dict[str, Any], measure: str, **more: Any) -> str:
    """The address of the documents behind a number."""
    return f"{reverse('reporting:performance-documents')}?{urlencode({**query, **more, 'measure': measure})}"


class AmountColumn(NumberColumn):
    """Money of the table's currency that opens its documents."""

    def __init__(self, measure: str, **kwargs: Any) -> None:
        super().__init__(accessor=f"amounts__{measure}", **kwargs)
        self.measure = measure

    def render(self, value: Any, record: Any, table: Any) -> Any:  # type: ignore[override]
        text = fmt.money(value, table.currency)
        return format_html('<a href="{}">{}</a>', table.behind(record, self.measure), text) if value else text


class PerformanceTable(Table):
    """The month by post, person, region, family or customer."""

    label = Column(verbose_name=_("Of"), css="long")
    ordered = AmountColumn("ordered", verbose_name=_("Ordered"), priority=3)
    approved = AmountColumn("approved", verbose_name=_("Approved"), priority=4)
    delivered = AmountColumn("delivered", verbose_name=_("Delivered"))
    returned = AmountColumn("returned", verbose_name=_("Returned"), priority=3)
    credited = AmountColumn("credited", verbose_name=_("Credited"), priority=4)
    net = MoneyColumn(verbose_name=_("Net"), priority=2)
    before = MoneyColumn(verbose_name=_("Month before"), priority=4)
    target = MoneyColumn(verbose_name=_("Target"), priority=2)
    reached = PercentColumn(accessor="reached", verbose_name=_("Reached"), priority=2)
    invoiced = AmountColumn("invoiced", verbose_name=_("Invoiced"), priority=3)
    collected = AmountColumn("collected", verbose_name=_("Collected"))
    margin = PercentColumn(accessor="margin", verbose_name=_("Margin"), priority=3, places=1)
    on_time = PercentColumn(accessor="on_time", verbose_name=_("On time, in full"), priority=2)

    caption = _("Performance")
    empty_title = _("Nothing happened here")
    empty_help = _("Choose another month or take a filter away.")

    def __init__(self, rows: list[Row], *, by: str, query: dict[str, Any], currency: str, margin: bool, **kwargs: Any) -> None:
        self.by, self.query, self.currency = by, query, currency
        hidden = [*(() if margin else ("margin",)), *(() if by in WITH_TARGET else ("target", "reached"))]
        super().__init__([Shown(row) for row in rows], exclude=hidden, **kwargs)
        self.columns["label"].column.verbose_name = Dimension(by).label
        for name in ("net", "before", "target"):
            if name in self.columns:
                self.columns[name].column.currency = currency

    def behind(self, record: Any, measure: str) -> str:
        """The documents of this row."""
        return behind(self.query, measure, **{self.by: record.key}) if record.key else behind(self.query, measure)

    def row_url(self, record: Any) -> str:
        if self.by == Dimension.CUSTOMER:
            return reverse("customers:customer-detail", args=[record.key])
        return f"{reverse('reporting:performance')}?{urlencode({**self.query, self.by: record.key, 'by': Dimension.CUSTOMER})}"

    def row_id(self, record: Any) -> str:
        return str(record.key)

    class Meta:
        sequence = ("label", "ordered", "approved", "delivered", "returned", "credited", "net", "before", "target", "reached", "invoiced", "collected", "margin", "on_time")


class Shown:
    """A row with its share of the target and words for what has no name."""

    def __init__(self, row: Row) -> None:
        self.key, self.before, self.target = row.key, row.before, row.target
        self.net = row.sums.net
        self.amounts, self.margin, self.on_time = row.sums.amounts, row.sums.margin, row.sums.on_time
        self.label = row.label or _("(vacant, or charges)")
        self.reached = self.net / row.target if row.target else None


class DocumentTable(Table):
    """The documents behind a number."""

    number = LinkColumn(verbose_name=_("Document"), url=lambda r: reverse(PAGES[r.kind], args=[r.number]))
    kind = Column(verbose_name=_("Kind"), priority=2)
    day = DayColumn(verbose_name=_("Day"))
    customer = Column(verbose_name=_("Customer"), css="long", priority=2)
    amount = MoneyColumn(verbose_name=_("Amount"))

    caption = _("Documents")
    empty_title = _("No documents")

    def __init__(self, rows: list[Document], *, measure: str, currency: str, **kwargs: Any) -> None:
        super().__init__(rows, **kwargs)
        column = self.columns["amount"].column
        column.verbose_name, column.currency = Measure(measure).label, currency
        if measure.startswith(("units", "lines")):
            column.currency = "JPY"  # counts have no decimals

    def render_kind(self, value: str) -> Any:
        return KINDS[value]

    def row_url(self, record: Any) -> str:
        return reverse(PAGES[record.kind], args=[record.number])

    class Meta:
        sequence = ("number", "kind", "day", "customer", "amount")


class MovedTable(Table):
    """Customers that are new, quiet or lost."""

    name = LinkColumn(verbose_name=_("Customer"), url=lambda r: reverse("customers:customer-detail", args=[r.code]))
    code = Column(verbose_name=_("Code"))
    first = DayColumn(verbose_name=_("First order"))
    last = DayColumn(verbose_name=_("Last order"))

    caption = _("Customers")
    empty_title = _("No customers")

    def __init__(self, rows: list[Moved], **kwargs: Any) -> None:
        super().__init__(rows, **kwargs)

    def row_url(self, record: Any) -> str:
        return reverse("customers:customer-detail", args=[record.code])

    class Meta:
        sequence = ("name", "code", "first", "last")
