"""The performance form on one screen, the documents and customers behind its numbers, closing a month, proposing a target."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.kernel.dates import next_month
from oms.kernel.errors import Invalid, NotFound
from oms.web import charts
from oms.web import format as fmt
from oms.web.views import ActionPage, FormPage, ListPage
from reporting.facts.choices import COLUMNS, Measure
from reporting.facts.selectors import choices, scope
from reporting.facts.services import close_period, propose_target
from reporting.performance.choices import DORMANT_DAYS, LOST_DAYS, WITH_TARGET, Dimension, Movement
from reporting.performance.forms import PerformanceFilter, TargetForm, month_of
from reporting.performance.selectors import (
    Series,
    breakdown,
    documents,
    months_before,
    moved,
    movements,
    owed,
    series,
    targets,
)
from reporting.performance.tables import DocumentTable, MovedTable, PerformanceTable, behind


class Filtered(ListPage):
    """What the pages share: the filter, the row filter, the company's day."""

    verb = "reporting.see_performance"
    own: tuple[str, ...] = ()

    def read(self) -> None:
        """Read the filter; Invalid when it makes no sense."""
        legal = company()
        self.today = timezone.now().astimezone(ZoneInfo(legal.timezone)).date()
        self.seen = scope(self.request.user)
        self.form = PerformanceFilter(self.request.GET, self.today, choices(self.seen), legal.currency_id)
        self.selection = self.form.selection()
        self.by = self.form.cleaned_data["by"]
        self.query = {name: value for name, value in self.form.data.items() if value}


class PerformanceForm(Filtered):
    """What was ordered, delivered, invoiced, collected and owed in a month, against the month before and the target."""

    title = gettext_lazy("Performance")
    template_name = "reporting/performance/form.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.read()
        self.margin = may(request.user, "reporting.see_margin")
        found = targets(self.seen, self.selection, Dimension(self.by) if self.by in WITH_TARGET else Dimension.POST)
        rows = breakdown(self.seen, self.selection, Dimension(self.by), self.today, found)
        table = PerformanceTable(rows, by=self.by, query=self.query, currency=self.selection.currency, margin=self.margin)
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        year = series(self.seen, self.selection, self.today)
        month = self.selection.month
        return self.render_to_response(self.get_context_data(
            table=table, filter=self, filtered=bool(request.GET), tiles=self.tiles(year, found), chart=self.chart(year, found),
            late=year.late, closed=year.closed is not None and month <= year.closed, currency=self.selection.currency,
            month=fmt.month(month), closable=self.closable(year), target=may(request.user, "reporting.propose_target"),
        ))  # fmt: skip

    def closable(self, year: Series) -> str:
        """The month as "2026-03" when this person may close it now, else ""."""
        month = self.selection.month
        after = year.closed is None or month == next_month(year.closed)
        over = next_month(month) <= self.today
        return month.isoformat()[:7] if after and over and may(self.request.user, "reporting.close_period") else ""

    def tiles(self, year: Series, found: dict[tuple[str, str], Decimal]) -> list[dict[str, Any]]:
        """The numbers on top, each with its change, its trend and what is behind it."""
        now, before = year.months[self.selection.month], year.months[months_before(self.selection.month, 1)]
        currency = self.selection.currency
        aims = {of: sum((v for (_post, m), v in found.items() if m == of), Decimal(0)) for of in ("delivered", "collected")}
        tiles = [self.money(_("Net sales"), [s.net for s in year.months.values()], "delivered", aims["delivered"])]
        tiles += [
            self.money(m.label, [s[m] for s in year.months.values()], m.value, aims["collected"] if m == Measure.COLLECTED else Decimal(0))
            for m in (Measure.DELIVERED, Measure.RETURNED, Measure.CREDITED, Measure.INVOICED, Measure.COLLECTED, Measure.ORDERED, Measure.APPROVED)
        ]
        if self.margin:
            tiles.append({"label": _("Margin"), "value": fmt.percent(now.margin, 1), "change": points(now.margin, before.margin),
                          "trend": [s.margin or Decimal(0) for s in year.months.values()], "url": behind(self.query, "cost")})  # fmt: skip
        tiles.append({"label": _("On time, in full"), "value": fmt.percent(now.on_time), "url": behind(self.query, "lines_due"),
                      "change": _("%(on_time)s of %(due)s lines due") % {"on_time": now["lines_on_time"], "due": now["lines_due"]},
                      "trend": [s.on_time or Decimal(0) for s in year.months.values()]})  # fmt: skip
        debt = owed(self.seen, self.selection, self.today)
        tiles.append({"label": _("Overdue, gross"), "value": fmt.money(debt.overdue, currency), "url": reverse("payments:ageing"),
                      "change": _("of %(open)s open") % {"open": fmt.money(debt.open, currency)}})  # fmt: skip
        counts = movements(self.seen, self.selection, self.today)
        said = {Movement.NEW: _("first order this month"), Movement.ACTIVE: _("at least one order this month"),
                Movement.DORMANT: _("%(n)s days without an order") % {"n": DORMANT_DAYS},
                Movement.LOST: _("%(n)s days without an order") % {"n": LOST_DAYS}}  # fmt: skip
        page = reverse("reporting:performance-customers")
        tiles += [
            {"label": _("Customers: %(what)s") % {"what": str(m.label).lower()}, "value": fmt.quantity(counts[m]), "change": said[m],
             "url": f"{page}?{urlencode({**self.query, 'what': m.value})}"}
            for m in Movement
        ]  # fmt: skip
        return tiles

    def money(self, label: Any, months: list[Decimal], behind_it: str, target: Decimal) -> dict[str, Any]:
        """A tile of money: the month (the last of twelve), against the month before and the target."""
        before, now = months[-2:]
        said = [_("%(change)s on the month before") % {"change": signed((now - before) / before)}] if before else []
        if target:
            said.append(_("%(share)s of %(target)s") % {"share": fmt.percent(now / target), "target": fmt.money(target, self.selection.currency)})
        return {"label": label, "value": fmt.money(now, self.selection.currency), "change": ", ".join(said),
                "trend": months, "url": behind(self.query, behind_it)}  # fmt: skip

    def chart(self, year: Series, found: dict[tuple[str, str], Decimal]) -> SafeString:
        """Net sales and collected over twelve months."""
        labels = [fmt.month(m) for m in year.months]
        lines = [
            charts.Series(_("Net sales"), [s.net for s in year.months.values()]),
            charts.Series(_("Collected"), [s["collected"] for s in year.months.values()]),
        ]
        return charts.lines(_("Net sales and collected, net of tax, %(currency)s") % {"currency": self.selection.currency}, labels, lines)


def signed(share: Decimal) -> str:
    """A change in percent with its sign."""
    text = fmt.percent(share)
    return f"+{text}" if share > 0 else text


def points(now: Decimal | None, before: Decimal | None) -> str:
    """A change of a share in points."""
    if now is None or before is None:
        return ""
    return _("%(points)s points on the month before") % {"points": fmt.quantity(((now - before) * 100).quantize(Decimal("0.1")))}


class Documents(Filtered):
    """The documents behind one number."""

    title = gettext_lazy("Documents")

    def get_title(self) -> Any:
        return getattr(self, "heading", self.title)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.read()
        measure = request.GET.get("measure", "delivered")
        if measure not in COLUMNS or (measure == "cost" and not may(request.user, "reporting.see_margin")):
            raise NotFound(_("There is no such number."), code="no_such_measure")
        self.heading = f"{Measure(measure).label}, {fmt.month(self.selection.month)}"
        rows = documents(self.seen, self.selection, measure, self.today)
        table = DocumentTable(rows, measure=measure, currency=self.selection.currency)
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        crumbs = [(_("Performance"), f"{reverse('reporting:performance')}?{urlencode(self.query)}")]
        return self.render_to_response(self.get_context_data(table=table, crumbs=crumbs, filter=None))


class Customers(Filtered):
    """The customers that are new, ordered, went quiet or were lost in a month."""

    title = gettext_lazy("Customers")

    def get_title(self) -> Any:
        return getattr(self, "heading", self.title)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.read()
        what = request.GET.get("what", "new")
        if what not in Movement.values:
            raise NotFound(_("There is no such number."), code="no_such_movement")
        self.heading = _("Customers: %(what)s, %(month)s") % {"what": str(Movement(what).label).lower(), "month": fmt.month(self.selection.month)}
        table = MovedTable(moved(self.seen, self.selection, Movement(what), self.today))
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        crumbs = [(_("Performance"), f"{reverse('reporting:performance')}?{urlencode(self.query)}")]
        return self.render_to_response(self.get_context_data(table=table, crumbs=crumbs, filter=None))


def asked_month(text: str) -> date:
    """The month a form names; Invalid `not_a_month`."""
    try:
        return month_of(text)
    except ValueError:
        raise Invalid(_("Choose a month."), code="not_a_month") from None


class ClosePeriod(ActionPage):
    """Close a month: its figures stand still from then on."""

    verb = "reporting.close_period"
    done = gettext_lazy("The month is closed; what becomes known later counts in the first open month.")

    def run(self) -> Any:
        return close_period(asked_month(self.request.POST.get("month", "")), by=self.request.user)

    def get_success_url(self) -> str:
        return f"{reverse('reporting:performance')}?month={self.result.month.isoformat()[:7]}"


class ProposeTarget(FormPage):
    """Propose a target; finance confirms it."""

    verb = "reporting.propose_target"
    title = gettext_lazy("Propose a target")
    form_class = TargetForm
    main_label = gettext_lazy("Propose")
    done = gettext_lazy("Proposed; it counts once finance has confirmed it.")
    crumbs = ((gettext_lazy("Performance"), "/reporting/performance/"),)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "today": timezone.localdate(), "offered": choices(scope(self.request.user))}

    def run(self, form: Any) -> Any:
        data = form.cleaned_data
        return propose_target(
            month_of(data["month"]), data["post"], data["family"], data["measure"], company().currency_id, data["amount"],
            data["reason"], by=self.request.user,
        )  # fmt: skip

    def get_success_url(self) -> str:
        return reverse("reporting:performance")
