"""Pages of cases: the list, opening one, one with everything that was said and the next step. Each action calls one use case."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid
from oms.web import words
from oms.web.views import ActionPage, FormPage, ListPage, Page, PageMixin
from orders.service.choices import CaseStatus
from orders.service.filters import CaseFilterSet
from orders.service.forms import CaseForm, ClassifyForm, ResolveForm, SayForm
from orders.service.models import Case
from orders.service.selectors import (
    case_rows,
    cause_text,
    causes,
    find_case,
    messages,
    related,
    visible_files,
    workers,
)
from orders.service.services import (
    NewCase,
    assign_case,
    classify_case,
    link_cases,
    merge_case,
    open_case,
    reopen_case,
    resolve_case,
    say,
)
from orders.service.services.deciding import NEEDS_CAUSE
from orders.service.services.opening import Ties, tied
from orders.service.tables import CaseTable

LIST = (gettext_lazy("Cases"), reverse_lazy("orders:case-list"))
TIES = ("customer", "order", "shipment", "invoice")


class CaseList(ListPage):
    """Cases one may see, the most pressing first."""

    verb = "service.see_cases"
    title = gettext_lazy("Cases")
    table_class = CaseTable
    filterset_class = CaseFilterSet

    def get_queryset(self) -> Any:
        return case_rows(self.request.user)


class OpenCase(FormPage):
    """A new case about what stands in the address: ?order=, ?shipment=, ?invoice= or ?customer=."""

    verb = "service.open_case"
    title = gettext_lazy("Open a case")
    template_name = "orders/service/open.html"
    form_class = CaseForm
    main_label = gettext_lazy("Open the case")

    @cached_property
    def named(self) -> dict[str, str]:
        """What the address names."""
        return {tie: self.request.GET.get(tie, "").replace("\x00", "")[:40] for tie in TIES}

    @cached_property
    def ties(self) -> Ties:
        """What it is about, within the row filter; 404 for anything else, 400 for nothing."""
        if not any(self.named.values()):
            raise Invalid(_("Open a case from the page of an order, shipment, invoice or customer."), code="no_subject",
                          clears=_("Search for it, and press q there."))
        return tied(NewCase("inquiry", "", "", **self.named), self.request.user)

    def get_form_kwargs(self) -> dict[str, Any]:
        order = self.ties.order
        lines = [(x.position, f"{x.position}. {x.description}") for x in order.lines.order_by("position")] if order else []
        return {**super().get_form_kwargs(), "customer_id": self.ties.customer.pk, "lines": lines}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=[LIST], ties=self.ties, **kwargs)

    def run(self, form: CaseForm) -> Any:
        data = form.cleaned_data
        new = NewCase(
            data["kind"], data["title"], data["text"], **self.named, line=int(data.get("line") or 0), priority=data["priority"],
            channel=data["channel"], contact_id=int(data["contact"]) if data["contact"] else None, amount=data["amount"], files=data["files"],
        )  # fmt: skip
        return open_case(new, by=self.request.user)

    def get_done_message(self) -> Any:
        return _("%(number)s is open.") % {"number": self.result.number}

    def get_success_url(self) -> str:
        return reverse("orders:case-detail", args=[self.result.number])


class OneCase:
    """The case of the address, within the row filter."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def case(self) -> Case:
        """The case; 404 for one that is not there."""
        found = find_case(self.request.user, self.kwargs["case"])
        if found is None:
            raise Http404(_("There is no case %(number)s.") % {"number": self.kwargs["case"]})
        return found

    def page(self) -> str:
        """Its page."""
        return reverse("orders:case-detail", args=[self.case.number])

    def other(self) -> Case:
        """The other case that was typed. Invalid `no_such_case`."""
        typed = self.request.POST.get("other", "").strip().upper()
        number = f"CS{typed.zfill(7)}" if typed.isdigit() and len(typed) < 8 else typed
        found = find_case(self.request.user, number)
        if found is None:
            raise Invalid(_("There is no case %(number)s.") % {"number": typed[:20]}, code="no_such_case", clears=_("Type its number."))
        return found


class CaseDetail(OneCase, Page):
    """What was said, what it is tied to, until when, and what can be done next."""

    verb = "service.see_cases"
    template_name = "orders/service/case.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        case = self.case
        kwargs.pop("case")
        return super().get_context_data(
            title=case.title, crumbs=[LIST], case=case, said=messages(case), others=related(case), form=SayForm(live=case.live), cause=cause_text(case), now=timezone.now(),
            working=may(self.request.user, "service.work_case", case.customer_id), people=workers() if case.live else [],
            timeline=words.entries(timeline("case", case.pk)), resolved=case.status == CaseStatus.RESOLVED,
            search=f"{reverse('orders:case-list')}?{urlencode({'q': case.customer.code, 'which': 'all'})}", **kwargs,
        )  # fmt: skip


class SayInCase(OneCase, FormPage):
    """An answer, a note, what the customer said. The form stands on the case's page."""

    verb = "service.work_case"
    template_name = "orders/service/say.html"
    form_class = SayForm
    main_label = gettext_lazy("Keep it")
    done = gettext_lazy("Kept.")

    def get_title(self) -> Any:
        return self.case.title

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "live": self.case.live}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=[LIST, (self.case.number, self.page())], **kwargs)

    def run(self, form: SayForm) -> Any:
        data = form.cleaned_data
        return say(self.case.pk, data["direction"], data["text"], wait=data.get("wait", False), files=data["files"], by=self.request.user)

    def get_success_url(self) -> str:
        return self.page()


class ResolveCase(OneCase, FormPage):
    """The case is over."""

    verb = "service.work_case"
    form_class = ResolveForm
    main_label = gettext_lazy("Resolve")
    done = gettext_lazy("Resolved.")

    def get_title(self) -> Any:
        return _("Resolve %(number)s") % {"number": self.case.number}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "causes": causes(), "needed": self.case.kind in NEEDS_CAUSE}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=[LIST, (self.case.number, self.page())], **kwargs)

    def run(self, form: ResolveForm) -> Any:
        return resolve_case(self.case.pk, form.cleaned_data["cause"], form.cleaned_data["outcome"], by=self.request.user)

    def get_success_url(self) -> str:
        return self.page()


class ClassifyCase(OneCase, FormPage):
    """Another kind, priority or title."""

    verb = "service.work_case"
    form_class = ClassifyForm
    done = gettext_lazy("Changed; the clocks follow.")

    def get_title(self) -> Any:
        return _("Change %(number)s") % {"number": self.case.number}

    def get_initial(self) -> dict[str, Any]:
        return {"kind": self.case.kind, "priority": self.case.priority, "title": self.case.title}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=[LIST, (self.case.number, self.page())], **kwargs)

    def run(self, form: ClassifyForm) -> Any:
        data = form.cleaned_data
        return classify_case(self.case.pk, data["kind"], data["priority"], data["title"], by=self.request.user)

    def get_success_url(self) -> str:
        return self.page()


class CaseAction(OneCase, ActionPage):
    """A button on the case's page."""

    verb = "service.work_case"

    def get_success_url(self) -> str:
        return self.page()


class AssignCase(CaseAction):
    """Give it to somebody, or back to the post."""

    done = gettext_lazy("Given.")

    def run(self) -> Any:
        chosen = self.request.POST.get("assignee", "")
        return assign_case(self.case.pk, int(chosen) if chosen.isdigit() and len(chosen) < 18 else None, by=self.request.user)


class ReopenCase(CaseAction):
    """It is not over after all."""

    done = gettext_lazy("Open again.")

    def run(self) -> Any:
        return reopen_case(self.case.pk, self.request.POST.get("reason", ""), by=self.request.user)


class MergeCase(CaseAction):
    """It is another case; work goes on there."""

    def run(self) -> Any:
        return merge_case(self.case.pk, self.other().pk, by=self.request.user)

    def get_done_message(self) -> Any:
        return _("%(number)s was merged into this one.") % {"number": self.case.number}

    def get_success_url(self) -> str:
        return reverse("orders:case-detail", args=[self.result.number])


class LinkCase(CaseAction):
    """It has to do with another case."""

    done = gettext_lazy("Linked.")

    def run(self) -> Any:
        return link_cases(self.case.pk, self.other().pk, by=self.request.user)


class CaseAttachment(PageMixin, View):
    """A file of a message, as it came, to be saved and never shown in the page."""

    verb = "service.see_files"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = visible_files(request.user).filter(pk=pk).first()
        if found is None:
            raise Http404(_("There is no such file."))
        answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
        answer.headers["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer
