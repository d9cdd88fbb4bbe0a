"""Pages of the comparison: the funnel with its gaps and reasons, and the order lines behind every number."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.selectors import company, exponent
from oms.kernel.errors import NotFound
from oms.web import charts
from oms.web.views import ListPage
from reporting.facts.selectors import choices, scope
from reporting.quantities.choices import BY_REASON, PARTS, STEPS, Dimension, Measure
from reporting.quantities.forms import DAYS, DAYS_OF_MANY, ComparisonForm
from reporting.quantities.selectors import (
    CODES,
    Row,
    comparison,
    lines_behind,
    loss_reasons,
    many_orders,
    total,
)
from reporting.quantities.tables import ComparisonTable, LineTable, behind, label_of


class Filtered(ListPage):
    """What both pages share: the filter, the row filter, and the company's day."""

    verb = "reporting.see_quantities"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.now = timezone.now()

    def read(self) -> None:
        """Read the filter; Invalid when it makes no sense."""
        legal = company()
        self.zone = ZoneInfo(legal.timezone)
        self.seen = scope(self.request.user)
        days = DAYS_OF_MANY if many_orders(self.now - timedelta(days=DAYS)) else DAYS
        self.form = ComparisonForm(self.request.GET, self.now.astimezone(self.zone).date(), choices(self.seen), legal.currency_id, days)
        self.selection = self.form.selection()
        self.measure, self.by = self.form.cleaned_data["measure"], self.form.cleaned_data["by"]
        self.query = {name: value for name, value in self.form.data.items() if value}
        self.places = exponent(self.selection.currency)


class Comparison(Filtered):
    """From ordered to paid for one selection, by product, family, customer, region or month."""

    title = gettext_lazy("Ordered to paid")
    template_name = "reporting/quantities/comparison.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.read()
        places = self.places if self.measure == Measure.VALUE else None
        rows = comparison(self.seen, self.selection, Dimension(self.by), self.now, self.zone, places)
        table = ComparisonTable(rows, by=self.by, query=self.query, currency=self.selection.currency)
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        whole = total(rows)
        return self.render_to_response(self.get_context_data(
            table=table, filter=self, filtered=bool(request.GET), whole=whole, chart=funnel(whole, self.unit()),
            steps=self.steps(whole), losses=self.losses(whole), unit=self.unit(), currency=self.selection.currency,
        ))  # fmt: skip

    def unit(self) -> str:
        """What the numbers are: units, or the currency."""
        return self.selection.currency if self.measure == Measure.VALUE else _("units")

    def steps(self, whole: Row) -> list[dict[str, Any]]:
        """The gaps: what has come how far of the step before, and why not further; parts of 0 left out."""
        found = []
        for step in STEPS:
            parts = [
                {"part": PARTS[code], "amount": whole[code], "url": behind(self.query, code)} for code in step.parts if whole[code]
            ]
            found.append({
                "step": step, "amount": whole[step.code], "url": behind(self.query, step.code), "parts": parts,
                "gap": whole[step.of] - whole[step.code] if step.of else None,
                "share": share(whole[step.code], whole[step.of] if step.of else 0),
            })  # fmt: skip
        return found

    def losses(self, whole: Row) -> list[dict[str, Any]]:
        """What was lost, by reason, controllable first, the largest first. One statement."""
        value = self.measure == Measure.VALUE
        reasons = loss_reasons(self.seen, self.selection, self.now, self.zone, self.places)
        rows: list[dict[str, Any]] = [
            {"text": r.text, "party": r.party, "controllable": r.controllable, "amount": r.value if value else r.units,
             "url": behind(self.query, r.part)}
            for r in reasons
        ]  # fmt: skip
        rows += [
            {"text": part.label, "party": part.party, "controllable": part.controllable, "amount": whole[code], "url": behind(self.query, code)}
            for code, part in PARTS.items() if part.kind == "lost" and code not in BY_REASON and whole[code]
        ]  # fmt: skip
        return sorted(rows, key=lambda r: (not r["controllable"], -r["amount"]))


def share(part: Any, whole: Any) -> Decimal | None:
    """part / whole, None for nothing."""
    return Decimal(part) / Decimal(whole) if whole else None


def funnel(whole: Row, unit: str) -> SafeString:
    """Each step as a column as high as the step it comes from: reached, waiting, lost or unexplained."""
    shown = [step for step in STEPS if step.code != "returned"]
    waiting = [sum(whole[c] for c in step.parts if PARTS[c].kind in ("waiting", "attention")) for step in shown]
    lost = [sum(whole[c] for c in step.parts if PARTS[c].kind in ("lost", "unexplained")) for step in shown]
    series = [
        charts.Series(_("Came so far"), [whole[step.code] for step in shown], "done"),
        charts.Series(_("Waits"), waiting, "attention"),
        charts.Series(_("Lost or unexplained"), lost, "trouble"),
    ]
    return charts.bars(_("From ordered to paid, %(unit)s") % {"unit": unit}, [str(step.label) for step in shown], series,
                       _("Each column is as high as the step it comes from"))


class Lines(Filtered):
    """The order lines behind one number of the comparison."""

    title = gettext_lazy("Order lines")

    def get_title(self) -> Any:
        return getattr(self, "heading", self.title)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.read()
        part = request.GET.get("part", "ordered")
        if part not in CODES:
            raise NotFound(_("There is no such number."), code="no_such_part")
        self.heading = _("Ordered to paid: %(what)s") % {"what": str(label_of(part)).lower()}
        rows = lines_behind(self.seen, self.selection, part, self.now, self.zone, self.places)
        table = LineTable(rows, part=part, currency=self.selection.currency)
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        crumbs = [(_("Ordered to paid"), f"{reverse('reporting:quantities')}?{request.GET.urlencode()}")]
        return self.render_to_response(self.get_context_data(table=table, crumbs=crumbs, part=part, filter=None))
