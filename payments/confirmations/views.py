"""Pages of balance confirmations: the list with the share confirmed, asking, one of them, and the page the customer answers on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override
from django.views import View

from oms.accounts.policies import may
from oms.accounts.selectors import system_user
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import NotFound, OMSError
from oms.web import words
from oms.web.forms import add_problems
from oms.web.views import FormPage, ListPage
from payments.billing.selectors import balance, items_on
from payments.confirmations.filters import ConfirmationFilterSet
from payments.confirmations.forms import AnswerForm, AskForm
from payments.confirmations.models import BalanceConfirmation
from payments.confirmations.selectors import share, visible_confirmations
from payments.confirmations.services import answer_balance, answer_url, ask_balances, asked_by
from payments.confirmations.tables import ConfirmationTable

BALANCES = (gettext_lazy("Balance confirmations"), reverse_lazy("payments:balance-list"))
SHOWN = 200


class ConfirmationList(ListPage):
    """What was asked and answered: the last day first, of it what differs, then what waits."""

    verb = "payments.view_balances"
    title = gettext_lazy("Balance confirmations")
    template_name = "payments/confirmations/list.html"
    table_class = ConfirmationTable
    filterset_class = ConfirmationFilterSet

    def get_queryset(self) -> Any:
        answers = Case(When(state="differs", then=0), When(state="waiting", then=1), default=2)
        return visible_confirmations(self.request.user).order_by("-day", answers, "customer__name")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["filter"].form
        day = form.cleaned_data.get("day") if form.is_bound and form.is_valid() else None
        return super().get_context_data(share=share(self.request.user, day), asks=may(self.request.user, "payments.ask_balances"), **kwargs)


class Ask(FormPage):
    """Ask the customers what their books say of the end of a day."""

    verb = "payments.ask_balances"
    title = gettext_lazy("Ask for balances")
    crumbs = (BALANCES,)
    form_class = AskForm
    main_label = gettext_lazy("Ask")

    def get_initial(self) -> dict[str, Any]:
        return {"day": localdate().replace(day=1) - timedelta(days=1)}

    def run(self, form: AskForm) -> int:
        return ask_balances(form.cleaned_data["day"], form.codes(), by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:balance-list")

    def get_done_message(self) -> str:
        return ngettext("%(count)s customer is asked by mail.", "%(count)s customers are asked by mail.", self.result) % {"count": self.result}


class ConfirmationDetail(FormPage):
    """One balance: ours, theirs, what was open; finance notes an answer that came by letter or phone."""

    verb = "payments.view_balances"
    crumbs = (BALANCES,)
    template_name = "payments/confirmations/detail.html"
    form_class = AnswerForm
    main_label = gettext_lazy("Note the answer")
    done = gettext_lazy("The answer is noted.")

    @cached_property
    def row(self) -> BalanceConfirmation:
        found = visible_confirmations(self.request.user).filter(pk=min(self.kwargs["pk"], 2**62)).first()
        if found is None:
            raise NotFound(_("There is no such confirmation."), code="balance_missing")
        return found

    def get_title(self) -> str:
        return self.row.customer.name

    def get_form(self, form_class: Any = None) -> AnswerForm:
        form = super().get_form(form_class)
        form.fields["answer"].label, form.fields["said_by"].label = _("What do their books say?"), _("Who answered")
        return form

    def run(self, form: AnswerForm) -> BalanceConfirmation:
        data = form.cleaned_data
        return answer_balance(self.row.pk, form.amount(self.row.balance), data["said_by"], data["remark"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:balance-detail", args=[self.row.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("pk", None)
        row, notes = self.row, may(self.request.user, "payments.answer_balance")
        return super().get_context_data(
            row=row, now=balance(row.account_id, row.day), notes=notes and row.state == "waiting", url=answer_url(row.pk) if notes and row.state == "waiting" else "",
            items=items_on(row.account_id, row.day)[:SHOWN], timeline=words.entries(timeline("balance_confirmation", row.pk)), **kwargs,
        )  # fmt: skip


class AnswerByLink(View):
    """The page of the letter, for everybody who has its link, in the customer's language: the balance, what was open, the answer."""

    http_method_names = ["get", "post"]

    def page(self, request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
        return render(request, "payments/confirmations/answer.html", {"title": _("Confirmation of balance"), "company": company(), **context}, status=status)

    def asked(self, request: HttpRequest, row: BalanceConfirmation, status: int = 200, **context: Any) -> HttpResponse:
        """The question, or the answer that stands."""
        return self.page(request, status, row=row, items=items_on(row.account_id, row.day)[:SHOWN], **context)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            row = asked_by(token)
        except OMSError as error:
            return self.page(request, error.status, refusal=error)
        with override(row.customer.language):
            return self.asked(request, row, form=AnswerForm())

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            row = asked_by(token)
        except OMSError as error:
            return self.page(request, error.status, refusal=error)
        with override(row.customer.language):
            form = AnswerForm(request.POST)
            if not form.is_valid():
                return self.asked(request, row, 400, form=form)
            data = form.cleaned_data
            try:
                row = answer_balance(row.pk, form.amount(row.balance), data["said_by"], data["remark"], by=system_user(), by_link=True)
            except OMSError as error:
                add_problems(form, error.data.get("errors", ()))
                return self.asked(request, asked_by(token), error.status, form=form, refused=error)
            return self.asked(request, row)
