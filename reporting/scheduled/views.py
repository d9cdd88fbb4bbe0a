"""Pages of scheduled reports: what one gets, asking for another from a table's page, stopping one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import OMSError
from oms.web.views import ActionPage, FormPage, Page
from reporting.scheduled.forms import ScheduleForm
from reporting.scheduled.models import ScheduledReport
from reporting.scheduled.rendering import title_of
from reporting.scheduled.selectors import reports_of
from reporting.scheduled.services import schedule, stop

REPORTS = (gettext_lazy("Scheduled reports"), reverse_lazy("reporting:scheduled"))
DROPPED = ("page", "export")  # of a page's query: where somebody was, not what is looked at


class Reports(Page):
    """What one gets by mail."""

    verb = "reporting.schedule"
    title = gettext_lazy("Scheduled reports")
    template_name = "reporting/scheduled/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(reports=list(reports_of(self.request.user)), **kwargs)


def kept(path: str) -> str:
    """A page's address without where somebody was on it."""
    parts = urlsplit(path.replace("\x00", ""))
    pairs = [(k, v) for k, values in QueryDict(parts.query).lists() for v in values if k not in DROPPED and v]
    return f"{parts.path}?{urlencode(pairs)}" if pairs else parts.path


class Schedule(FormPage):
    """Have the table one came from mailed."""

    verb = "reporting.schedule"
    title = gettext_lazy("Have this table mailed")
    crumbs = (REPORTS,)
    form_class = ScheduleForm
    main_label = gettext_lazy("Mail it to me")

    def get_initial(self) -> dict[str, Any]:
        path = kept(self.request.GET.get("path", ""))
        try:
            return {"path": path, "title": title_of(path), "cadence": "weekly"}
        except OMSError:
            return {"path": path, "cadence": "weekly"}

    def run(self, form: ScheduleForm) -> ScheduledReport:
        data = form.cleaned_data
        return schedule(kept(data["path"]), data["title"], data["cadence"], data["file_format"], by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(title)s comes by mail, first on %(day)s.") % {"title": self.result.title, "day": self.result.next_on}

    def get_success_url(self) -> str:
        return reverse("reporting:scheduled")


class Stop(ActionPage):
    """No more of one."""

    verb = "reporting.schedule"
    done = gettext_lazy("It is not mailed any more.")

    def run(self) -> None:
        stop(self.kwargs["pk"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("reporting:scheduled")
