"""The page of changes that wait for their second person. It stands in the shell, since `oms.changes` lies below it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import kinds
from oms.changes.selectors import confirmable_kinds, proposed_by, waiting_for
from oms.changes.services import confirm, reject, withdraw
from oms.kernel.errors import Forbidden
from oms.web.navigation import Waiting, register
from oms.web.views import SIGNED_IN, ActionPage, Page

SHOWN = 100


def pairs(change: ChangeRequest) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of what would be written, in the order of the data."""
    return [(name.replace("_", " "), change.before.get(name, ""), value) for name, value in change.data.items()
            if change.before.get(name, "") != value]  # fmt: skip


class Changes(Page):
    """What I may confirm of others, and what of mine waits for somebody."""

    verb = SIGNED_IN
    title = gettext_lazy("Changes for a second person")
    template_name = "oms/web/changes.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        mine, known = list(proposed_by(user)[:SHOWN]), confirmable_kinds(user)
        if not known and not mine and not any(r in user.roles for r in ("sales", "partner", "manager", "finance")):
            raise Forbidden(_("No change is proposed or confirmed by your role."), code="role")
        waiting = [{"change": c, "label": kinds()[c.kind].label, "pairs": pairs(c)} for c in waiting_for(user)[:SHOWN]]
        own = [{"change": c, "label": kinds()[c.kind].label, "pairs": pairs(c)} for c in mine]
        return super().get_context_data(waiting=waiting, own=own, **kwargs)


class ChangeAction(ActionPage):
    """One decision on one change; the use case asks for the right of its kind."""

    verb = SIGNED_IN

    def get_success_url(self) -> str:
        return reverse("web:changes")


class ConfirmChange(ChangeAction):
    done = gettext_lazy("The change is in force.")

    def run(self) -> Any:
        return confirm(self.kwargs["change"], by=self.request.user)


class RejectChange(ChangeAction):
    done = gettext_lazy("The change is rejected.")

    def run(self) -> Any:
        return reject(self.kwargs["change"], self.request.POST.get("reason", ""), by=self.request.user)


class WithdrawChange(ChangeAction):
    done = gettext_lazy("The change is withdrawn.")

    def run(self) -> Any:
        return withdraw(self.kwargs["change"], by=self.request.user)


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The first changes for the home page."""
    return [Waiting(c.title, reverse("web:changes"), detail=c.reason, at=c.proposed_at, amount=c.amount) for c in waiting_for(user)[:limit]]


register("approvals", gettext_lazy("Second person"), "web:changes", roles={"sales", "manager", "finance", "partner"}, key="g 2",
         count=lambda user: waiting_for(user).count(), waiting=waiting)
