"""The inbox: grouped by what I can clear, oldest first; claim, note and snooze from the row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import Invalid
from oms.web.views import ActionPage, Page
from reporting.problems.selectors import LIMIT, Problem, problems
from reporting.problems.services import mark

SNOOZES = {"1": gettext_lazy("a day"), "7": gettext_lazy("a week")}


def groups(found: list[Problem]) -> list[dict[str, Any]]:
    """Problems by kind, the kind with the oldest one first."""
    by_kind: dict[str, dict[str, Any]] = {}
    for problem in found:
        by_kind.setdefault(problem.kind.code, {"kind": problem.kind, "rows": []})["rows"].append(problem)
    return list(by_kind.values())


class Inbox(Page):
    """Problems I can clear, then those of my customers that others clear."""

    verb = "reporting.see_problems"
    title = gettext_lazy("Problems")
    template_name = "reporting/problems/inbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, code = self.request.user, self.request.GET.get("kind", "")[:40]
        snoozed = self.request.GET.get("snoozed") == "1"
        mine = problems(user, code=code, snoozed=snoozed)
        others = problems(user, mine=False, code=code, snoozed=snoozed)
        return super().get_context_data(
            mine=groups(mine), others=groups(others), count=len(mine), more=len(mine) == LIMIT, snoozed=snoozed,
            snoozes=SNOOZES, kind=code, **kwargs,
        )  # fmt: skip


class MarkProblem(ActionPage):
    """Claim, let go, note or put away one problem."""

    verb = "reporting.mark_problem"

    def run(self) -> Any:
        post = self.request.POST
        subject, days = post.get("subject", ""), post.get("snooze", "")
        if not subject.isdigit() or len(subject) > 18:
            raise Invalid(_("Say which problem."), code="subject_missing")
        return mark(
            post.get("kind", "")[:40], int(subject), by=self.request.user,
            claim={"1": True, "0": False}.get(post.get("claim", "")), note=post.get("note"),
            snoozed_until=timezone.now() + timedelta(days=int(days)) if days in SNOOZES else None, wake=days == "0",
        )  # fmt: skip

    def get_success_url(self) -> str:
        target = super().get_success_url()
        return target if target != "/" else reverse("reporting:problems")
