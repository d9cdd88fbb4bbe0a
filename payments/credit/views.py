"""Pages of credit terms: lower, block (one person), propose and confirm (two). Each calls one use case."""

from __future__ import annotations

from typing import Any

from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import NotFound
from oms.web.format import money
from oms.web.views import ActionPage, FormPage, Page
from payments.credit.forms import LowerForm, ProposeForm
from payments.credit.models import CreditAccount
from payments.credit.selectors import visible_account, waiting_proposals
from payments.credit.services import block_account, confirm_terms, lower_limit, propose_terms


class AccountMixin:
    """The account of the URL's customer, within the row filter."""

    @cached_property
    def account(self) -> CreditAccount:
        found = visible_account(self.request.user, self.kwargs["customer"])  # type: ignore[attr-defined]
        if found is None:
            raise NotFound(_("There is no such credit account."))
        return found

    def get_success_url(self) -> str:
        return reverse("payments:account-detail", args=[self.kwargs["customer"]])  # type: ignore[attr-defined]


class TermsForm(AccountMixin, FormPage):
    """A form about one account's terms."""

    template_name = "payments/credit/terms_form.html"

    @property
    def crumbs(self) -> Any:  # type: ignore[override]
        return (
            (_("Receivables"), reverse("payments:receivables")),
            (self.account.payer.name, self.get_success_url()),
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, **kwargs)


class LowerLimit(TermsForm):
    """A lower limit: alone, at once; when more is owed the account is blocked."""

    verb = "payments.lower_limit"
    title = gettext_lazy("Lower the credit limit")
    form_class = LowerForm
    main_label = gettext_lazy("Lower the limit")

    def run(self, form: LowerForm) -> CreditAccount:
        return lower_limit(self.account.pk, form.cleaned_data["limit"], form.cleaned_data["reason"], by=self.request.user)

    def get_done_message(self) -> str:
        facts = {"limit": money(self.result.limit, self.result.currency_id)}
        if self.result.blocked:
            return _("The limit is %(limit)s; more is owed, so the account is blocked.") % facts
        return _("The limit is %(limit)s.") % facts


class ProposeTerms(TermsForm):
    """A limit, its last day, unblocking: proposed here, in force when a second person confirms."""

    verb = "payments.propose_terms"
    title = gettext_lazy("Propose credit terms")
    form_class = ProposeForm
    main_label = gettext_lazy("Propose")
    done = gettext_lazy("Proposed. It is in force once somebody else of finance confirms it.")

    def get_initial(self) -> dict[str, Any]:
        a = self.account
        return {"limit": money(a.limit, a.currency_id), "expires": a.limit_expires, "unblock": a.blocked, "days": a.max_days_overdue,
                "share": f"{(a.limit_share * 100).normalize():f}",
                "overdue": "" if a.max_amount_overdue is None else f"{a.max_amount_overdue.normalize():f}"}  # fmt: skip

    def run(self, form: ProposeForm) -> int:
        data = form.cleaned_data
        return propose_terms(
            self.account.pk, data["limit"], data["expires"], data["reason"], by=self.request.user, unblock=data["unblock"],
            rules=form.rules,
        )


class BlockAccount(AccountMixin, ActionPage):
    """Block an account, with a reason."""

    verb = "payments.block_account"
    done = gettext_lazy("The account is blocked: nothing new is reserved on it.")

    def run(self) -> CreditAccount:
        return block_account(self.account.pk, self.request.POST.get("reason", "")[:300], by=self.request.user)


class TermsList(Page):
    """What waits to be put into force, by somebody else than who proposed it."""

    verb = "payments.confirm_terms"
    title = gettext_lazy("Credit terms to confirm")
    template_name = "payments/credit/terms_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = [
            {"proposal": p, "account": account, "event": event, "mine": p.proposed_by == self.request.user.pk}
            for p, account, event in waiting_proposals()
        ]
        return super().get_context_data(rows=rows, **kwargs)


class ConfirmTerms(ActionPage):
    """Put proposed terms into force."""

    verb = "payments.confirm_terms"

    def run(self) -> CreditAccount:
        return confirm_terms(self.kwargs["pk"], by=self.request.user)

    def get_done_message(self) -> str:
        facts = {"name": self.result.payer.name, "limit": money(self.result.limit, self.result.currency_id)}
        return _("In force: %(name)s has a limit of %(limit)s.") % facts

    def get_success_url(self) -> str:
        target = super().get_success_url()
        return target if target != "/" else str(reverse_lazy("payments:terms-list"))
