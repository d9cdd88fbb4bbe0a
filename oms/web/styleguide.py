"""The style guide: every component with three rows, none, ten thousand and the longest names. DEBUG or administrators."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.safestring import SafeString
from django_tables2 import LazyPaginator, RequestConfig

from oms.accounts.choices import Role
from oms.kernel.errors import NotFound, Unprocessable
from oms.web import charts, tables
from oms.web.forms import DayInput, QuantityInput
from oms.web.views import SIGNED_IN, Page

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG, Niederlassung Süd"
STATES = (
    ("draft", "Draft"),
    ("submitted", "Waiting for approval"),
    ("approved", "Approved"),
    ("completed", "Completed"),
    ("overdue", "Overdue"),
)
LINE = {
    "ordered": 100, "approved": 90, "cancelled": 5, "allocated": 10, "shipped": 40,
    "delivered": 25, "undelivered": 2, "returned": 3, "invoiced": 40, "confirmed": 20,
}  # fmt: skip


class SampleTable(tables.Table):
    """The order list's shape."""

    select = tables.SelectColumn(accessor="number")
    number = tables.LinkColumn(url=lambda row: f"#{row['number']}", verbose_name="Order")
    customer = tables.Column(css="long", verbose_name="Customer")
    status = tables.StateColumn(label="", verbose_name="State")
    quantities = tables.QuantityBarColumn(words=False, priority=2, verbose_name="Progress")
    promised = tables.DayColumn(priority=2, verbose_name="Promised")
    submitted = tables.AgeColumn(priority=3, verbose_name="Waits since")
    margin = tables.PercentColumn(priority=3, places=1, verbose_name="Margin")
    net = tables.MoneyColumn(currency="EUR", verbose_name="Net, EUR")

    empty_title = "No order waits for approval"
    empty_help = "Orders appear here when they are submitted and their customers belong to your posts."
    caption = "Orders"

    def row_url(self, record: Any) -> str:
        return f"#{record['number']}"

    def row_id(self, record: Any) -> str:
        return record["number"]

    def render_status(self, value: str) -> SafeString:
        from oms.templatetags.oms_ui import state

        return state(value, dict(STATES)[value])


def sample_rows(number: int, names: tuple[str, ...] = ("Alfreds Futterkiste", "Berglunds snabbköp", "Ana Trujillo Emparedados y helados")) -> list[dict[str, Any]]:
    """`number` rows that look like orders; the same every time."""
    now, today = timezone.now(), timezone.localdate()
    return [
        {
            "number": f"SO-{20410 + i}",
            "customer": names[i % len(names)],
            "status": STATES[(i + 1) % len(STATES)][0],
            "quantities": {**LINE, "shipped": 40 + i % 40, "approved": 90, "allocated": 5, "confirmed": i % 5},
            "promised": today + timedelta(days=3 + i % 90),
            "submitted": now - timedelta(minutes=7 + 190 * i),
            "margin": Decimal(183 + i % 120) / 1000,
            "net": Decimal("1240.50") * (1 + i % 37),
        }
        for i in range(number)
    ]


class SampleForm(forms.Form):
    """A field of each kind."""

    customer_po = forms.CharField(label="Customer's order number", help_text="As it stands on their paper.", required=False)
    requested_date = forms.DateField(label="Requested date", widget=DayInput)
    quantity = forms.IntegerField(label="Quantity", widget=QuantityInput)
    rule = forms.ChoiceField(label="When short", choices=[("b", "Backorder the rest"), ("c", "Cancel the rest")])
    notes = forms.CharField(label="Delivery instructions", widget=forms.Textarea({"rows": 2}), required=False)
    complete = forms.BooleanField(label="Deliver complete only", required=False)


class StyleGuidePage(Page):
    """Shows every component; the developer's and the administrator's."""

    verb = SIGNED_IN
    template_name = "oms/web/styleguide.html"
    title = "Style guide"
    crumbs = (("Admin", "/admin/"),)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        allowed = settings.DEBUG or (request.user.is_authenticated and request.user.has_role(Role.ADMINISTRATOR))
        if request.user.is_authenticated and not allowed:
            raise NotFound("There is no such page, or it is not yours to see.")
        return super().dispatch(request, *args, **kwargs)

    def _table(self, rows: list[dict[str, Any]], prefix: str) -> SampleTable:
        table = SampleTable(rows, prefix=prefix)
        table.caption = f"Orders: {prefix.rstrip('-')}"
        RequestConfig(self.request, paginate={"paginator_class": LazyPaginator, "per_page": 50}).configure(table)
        return table

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        months = [date(2023, m, 1).strftime("%b") for m in range(1, 13)]
        trend = [Decimal(v) for v in (82, 84, 81, 88, 90, 87, 91, 93, 92, 95, 94, 96)]
        broken = SampleForm({"requested_date": "31.02.", "quantity": "7", "rule": "b"})
        broken.add_error("quantity", "7 is not a multiple of 6; nearest: 6, 12.")
        now = datetime(2023, 12, 12, 10, 32, tzinfo=timezone.get_current_timezone())
        return super().get_context_data(
            states=STATES,
            line=LINE,
            few=self._table(sample_rows(3), "few-"),
            none=self._table([], "none-"),
            many=self._table(sample_rows(10_000), "many-"),
            long=self._table(sample_rows(3, (LONG,)), "long-"),
            form=SampleForm(),
            broken=broken,
            refused=Unprocessable(
                "Credit limit 10,000.00 EUR is exceeded by 1,240.50 EUR with this order.",
                who="finance",
                clears="A payment of 1,240.50 EUR, or a raised limit, releases it.",
                action_url="#", action_label="Ask finance",
            ),
            rising=trend,
            bars=charts.bars("Backlog by age", ["0–2 d", "3–7 d", "8–14 d", "15–30 d", "over 30 d"], [
                charts.Series("Confirmed", [Decimal(v) for v in (41000, 32000, 12000, 4000, 900)]),
                charts.Series("Backordered", [Decimal(v) for v in (2000, 9000, 11000, 7000, 5200)], "attention"),
            ], "Net value of open lines in EUR."),
            lines=charts.lines("On time in full", months, [
                charts.Series("This year", trend), charts.Series("Target", [Decimal(92)] * 12)], "Percent of lines, by month."),
            timeline=[
                {"at": now, "who": "Ana Silva", "what": "Approved 40 of 100", "why": "Customer agreed to two deliveries."},
                {"at": now - timedelta(minutes=34), "who": "Credit check", "what": "Hold lifted: limit 10,000.00 EUR", "why": ""},
                {"at": now - timedelta(days=1, hours=1), "who": "Jon Berg", "what": "Submitted by phone", "why": ""},
            ],
            tabs=[
                {"label": "Lines", "url": "#lines", "current": True, "count": 5},
                {"label": "Shipments", "url": "#shipments", "current": False, "count": 1},
                {"label": "Money", "url": "#money", "current": False, "count": None},
            ],
            **kwargs,
        )  # fmt: skip
