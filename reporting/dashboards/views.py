"""The dashboard: tiles and charts; every number leads to what is behind it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.selectors import company
from oms.kernel.errors import Invalid
from oms.web import charts
from oms.web import format as fmt
from oms.web.forms import DayInput
from oms.web.views import Page
from reporting.dashboards.selectors import (
    SALES_DAYS,
    Aged,
    Asked,
    Debt,
    Week,
    backlog,
    debt,
    outstanding,
    share,
    weeks,
)
from reporting.facts.selectors import Choices, choices, scope

RECENT = 4


class DashboardFilter(forms.Form):
    """The day, the region, the currency."""

    on = forms.DateField(label=gettext_lazy("As of"), widget=DayInput)
    territory = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, data: dict[str, Any], offered: Choices) -> None:
        super().__init__(data)
        self.fields["territory"].choices = [("", _("All")), *offered.territories]
        self.fields["currency"].choices = [(code, code) for code in sorted({*offered.currencies, data["currency"]})]
        if len(self.fields["currency"].choices) < 2:
            self.fields["currency"].widget = forms.HiddenInput()


class FiguresPage(Page):
    """A page of figures of a day, a region and a currency, of what the reader may see."""

    verb = "reporting.see_performance"

    def asked(self) -> tuple[Asked, Any]:
        """What the filter says; Invalid `bad_filter` for a day that is none or has not come."""
        query = self.request.GET
        legal = company()
        self.today = timezone.now().astimezone(ZoneInfo(legal.timezone)).date()
        form = DashboardFilter(
            {"on": query.get("on") or self.today.isoformat(), "territory": query.get("territory", ""), "currency": query.get("currency") or legal.currency_id},
            choices(self.seen),
        )  # fmt: skip
        on = parse_date(form.data["on"]) if form.is_valid() else None
        if on is None or on > self.today:
            raise Invalid(_("Choose a day up to today, a region and a currency of the list."), code="bad_filter", clears=_("Correct the filter."))
        return Asked(on, form.cleaned_data["currency"], form.cleaned_data["territory"]), form


class Dashboard(FiguresPage):
    """Order flow, backlog by age, fill rate, on time in full, what is owed by age, days sales outstanding."""

    title = gettext_lazy("Dashboard")
    template_name = "reporting/dashboards/dashboard.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.seen = scope(self.request.user)
        asked, form = self.asked()
        flow, waiting, owed = weeks(self.seen, asked), backlog(self.seen, asked), debt(self.seen, asked)
        self.form = form
        ages = [age_words(a) for a in waiting]
        return super().get_context_data(
            filter=self, filtered=bool(self.request.GET), tiles=self.tiles(asked, flow, waiting, owed), flow=flow_chart(flow, asked.currency),
            punctual=punctual_chart(flow), backlog=backlog_chart(waiting, ages, asked.currency), ageing=debt_chart(owed, asked.currency),
            ages=[{"label": label, "row": row, "url": self.lines(asked, row)} for label, row in zip(ages, waiting, strict=True)],
            currency=asked.currency, now=asked.on == self.today, **kwargs,
        )  # fmt: skip

    def lines(self, asked: Asked, row: Aged) -> str:
        """The orders of an age, from ordered to paid."""
        first = row.first or asked.on - timedelta(days=1_000)
        query = {"first": first.isoformat(), "last": row.last.isoformat(), "by": "customer", "currency": asked.currency, "territory": asked.territory}
        return f"{reverse('reporting:quantities')}?{urlencode(query)}"

    def tiles(self, asked: Asked, flow: list[Week], waiting: list[Aged], owed: Debt) -> list[dict[str, Any]]:
        """Numbers on top, each with where it leads."""
        last = flow[-RECENT:]
        due, on_time = sum(w.lines_due for w in last), sum(w.lines_on_time for w in last)
        units, came = sum(w.units_due for w in last), sum(w.units_on_time for w in last)
        short = sum((a.backordered for a in waiting), Decimal(0))
        whole = sum((a.dated for a in waiting), Decimal(0)) + short
        form = f"{reverse('reporting:performance')}?{urlencode({'month': asked.on.isoformat()[:7], 'territory': asked.territory})}"
        ageing = reverse("payments:ageing")
        return [
            {"label": _("Ordered this week"), "value": fmt.money(flow[-1].ordered, asked.currency), "trend": [w.ordered for w in flow],
             "change": _("%(before)s the week before") % {"before": fmt.money(flow[-2].ordered, asked.currency)}, "url": form},
            {"label": _("Backlog"), "value": fmt.money(whole, asked.currency), "url": reverse("reporting:quantities"),
             "change": _("%(short)s without supply") % {"short": fmt.money(short, asked.currency)}},
            {"label": _("Fill rate"), "value": fmt.percent(share(came, units)), "trend": [share(w.units_on_time, w.units_due) or Decimal(0) for w in flow],
             "change": _("%(came)s of %(due)s units due in 4 weeks") % {"came": fmt.quantity(came), "due": fmt.quantity(units)}, "url": form},
            {"label": _("On time, in full"), "value": fmt.percent(share(on_time, due)),
             "trend": [share(w.lines_on_time, w.lines_due) or Decimal(0) for w in flow],
             "change": _("%(came)s of %(due)s lines due in 4 weeks") % {"came": on_time, "due": due}, "url": form},
            {"label": _("Owed, gross"), "value": fmt.money(owed.total, asked.currency), "url": ageing,
             "change": _("%(overdue)s overdue") % {"overdue": fmt.money(owed.overdue, asked.currency)}},
            {"label": _("Days sales outstanding"), "value": "–" if owed.days is None else fmt.quantity(owed.days),
             "url": f"{reverse('reporting:outstanding')}?{urlencode({'on': asked.on, 'territory': asked.territory, 'currency': asked.currency})}",
             "change": _("%(sales)s invoiced in 90 days, net") % {"sales": fmt.money(owed.invoiced, asked.currency)}},
        ]  # fmt: skip


class DaysOutstanding(FiguresPage):
    """Days sales outstanding at the end of each of the last twelve months and of the day: what was owed, in days of sales."""

    title = gettext_lazy("Days sales outstanding")
    template_name = "reporting/dashboards/outstanding.html"
    crumbs = ((gettext_lazy("Dashboard"), reverse_lazy("reporting:dashboard")),)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.seen = scope(self.request.user)
        asked, self.form = self.asked()
        found = outstanding(self.seen, asked)
        ageing = reverse("payments:ageing")
        return super().get_context_data(
            filter=self, filtered=bool(self.request.GET), chart=days_chart(found), owed=owed_chart(found, asked.currency), currency=asked.currency,
            rows=[{"day": day, "debt": owed, "url": f"{ageing}?on={day}"} for day, owed in reversed(found)], sales_days=SALES_DAYS, **kwargs,
        )  # fmt: skip


def days_chart(found: list[tuple[date, Debt]]) -> Any:
    """Days sales outstanding by month end; a month without sales before it counts as none."""
    return charts.lines(_("Days sales outstanding at the end of the month"), [fmt.day(day) for day, _owed in found], [charts.Series(_("Days"), [owed.days or 0 for _day, owed in found])])


def owed_chart(found: list[tuple[date, Debt]], currency: str) -> Any:
    """What was owed and what of it was overdue, by month end."""
    return charts.bars(
        _("Owed at the end of the month, gross %(currency)s") % {"currency": currency}, [fmt.day(day) for day, _owed in found],
        [charts.Series(_("Not due"), [max(owed.by_age[0], Decimal(0)) for _day, owed in found]), charts.Series(_("Overdue"), [max(owed.overdue, Decimal(0)) for _day, owed in found], "trouble")],
    )  # fmt: skip


def age_words(row: Aged) -> str:
    """"3–7 d" of an age."""
    if row.first is None:
        return _("over 30 d")
    days = (row.last - row.first).days
    low = {2: 0, 4: 3, 6: 8, 15: 15}[days]
    return _("%(low)s–%(high)s d") % {"low": low, "high": low + days}


def flow_chart(flow: list[Week], currency: str) -> Any:
    """Ordered, approved, delivered by week."""
    return charts.lines(
        _("Order flow by week, net %(currency)s") % {"currency": currency}, [fmt.day(w.monday) for w in flow],
        [charts.Series(_("Ordered"), [w.ordered for w in flow]), charts.Series(_("Approved"), [w.approved for w in flow]),
         charts.Series(_("Delivered"), [w.delivered for w in flow])],
    )  # fmt: skip


def punctual_chart(flow: list[Week]) -> Any:
    """Percent of lines on time in full, and of units, by week."""
    percent = lambda part, whole: (share(part, whole) or Decimal(0)) * 100  # noqa: E731
    return charts.lines(
        _("On time, in full, and fill rate by week, percent"), [fmt.day(w.monday) for w in flow],
        [charts.Series(_("Lines on time, in full"), [percent(w.lines_on_time, w.lines_due) for w in flow]),
         charts.Series(_("Units on time"), [percent(w.units_on_time, w.units_due) for w in flow])],
    )  # fmt: skip


def backlog_chart(waiting: list[Aged], labels: list[str], currency: str) -> Any:
    """Approved and not issued by the order's age."""
    return charts.bars(
        _("Backlog by age of the order, net %(currency)s") % {"currency": currency}, labels,
        [charts.Series(_("With a date"), [a.dated for a in waiting]), charts.Series(_("No supply in sight"), [a.backordered for a in waiting], "attention")],
    )  # fmt: skip


def debt_chart(owed: Debt, currency: str) -> Any:
    """What is owed by days overdue."""
    labels = [_("not due"), _("1–30 d"), _("31–60 d"), _("61–90 d"), _("over 90 d")]
    late = [Decimal(0), *owed.by_age[1:]]
    return charts.bars(
        _("Owed by days overdue, gross %(currency)s") % {"currency": currency}, labels,
        [charts.Series(_("Not due"), [max(owed.by_age[0], Decimal(0)), *[Decimal(0)] * 4]), charts.Series(_("Overdue"), [max(v, Decimal(0)) for v in late], "trouble")],
    )  # fmt: skip
