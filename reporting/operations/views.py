"""The page of operations, and the same figures for a monitor."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oms.accounts.policies import may
from oms.kernel.errors import Forbidden
from oms.web.views import ActionPage, Page
from reporting.operations.selectors import METRICS, exposition, last_jobs, queues, sampled, verified
from reporting.operations.services import verify_now

TEXT = "text/plain; version=0.0.4; charset=utf-8"
SHOWN = {
    "oms_events_unsealed_seconds": gettext_lazy("Not sealed for, s"), "oms_jobs_oldest_seconds": gettext_lazy("Jobs wait for, s"),
    "oms_jobs_failed_a_day": gettext_lazy("Jobs failed today"), "oms_webhooks_waiting": gettext_lazy("Webhooks wait"),
    "oms_plan_run_seconds": gettext_lazy("Last plan run, s"), "oms_database_bytes": gettext_lazy("Database"),
}  # fmt: skip


class Operations(Page):
    """What waits, what ran last, what does not hold."""

    verb = "operations.see"
    title = gettext_lazy("Operations")
    template_name = "reporting/operations/operations.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = sampled([metric for metric in METRICS if metric.name in SHOWN])
        figures = [(SHOWN[metric.name], metric.help, samples[0].value if samples else None, metric.name) for metric, samples in found]
        return super().get_context_data(figures=figures, queues=queues(), jobs=last_jobs(), verified=verified(), **kwargs)


class VerifyNow(ActionPage):
    """Look at all invariants now."""

    verb = "operations.verify"
    done = gettext_lazy("All invariants are being looked at; the answer appears here.")

    def run(self) -> int:
        return verify_now(by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("reporting:operations")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text: for whoever has the token of METRICS_TOKEN, or is signed in as an administrator."""
    token = settings.METRICS_TOKEN
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    known = bool(token) and hmac.compare_digest(said.encode("utf-8", "replace"), token.encode())
    if not known and not (request.user.is_authenticated and may(request.user, "operations.see")):
        raise Forbidden(_("These figures are for the monitor and for administrators."), code="not_monitor")
    return HttpResponse(exposition(), content_type=TEXT)
