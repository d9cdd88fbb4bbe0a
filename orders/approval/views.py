"""Pages of approval that are not the queue itself: changed terms, policies, delegations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.territory.models import PostHolding
from customers.territory.selectors import delegations_of
from customers.territory.services import delegate, end_delegation
from oms.accounts.models import User
from oms.kernel.errors import OMSError
from oms.web.views import ActionPage, FormPage, Page, RefusalMixin
from orders.approval.domain import RULES
from orders.approval.forms import DelegationForm, PolicyForm
from orders.approval.models import ApprovalPolicy
from orders.approval.selectors import limits_of, policy_at, rehearse
from orders.approval.services import checked_limits, checked_rules, propose_policy, reapprove
from orders.book.models import Order
from orders.book.selectors import visible_orders


class ReapproveOrder(ActionPage):
    """Approve the changed terms of an approved order, at the version that was on the page."""

    verb = "orders.approve"
    done = gettext_lazy("The changed terms are approved.")

    @property
    def order(self) -> Order:
        number = self.kwargs["number"]
        found = None if "\x00" in number else visible_orders(self.request.user).filter(number=number).first()
        if found is None:
            raise Http404(_("There is no order %(number)s.") % {"number": number})
        return found

    def run(self) -> Any:
        version = self.request.POST.get("version", "")
        return reapprove(self.order.pk, by=self.request.user, version=int(version) if version.isdigit() and len(version) < 10 else 0)

    def get_success_url(self) -> str:
        return reverse("orders:order-detail", args=[self.kwargs["number"]])


class PolicyPage(RefusalMixin, Page):
    """The rules of approval: what holds now, every version, and a new one, rehearsed on the last weeks before it is proposed."""

    verb = "orders.propose_policy"
    title = gettext_lazy("Approval policy")
    template_name = "orders/approval/policy.html"
    http_method_names = ["get", "post"]
    weeks = 4

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rules = policy_at(now())
        form = kwargs.get("form") or PolicyForm(initial={"limits": "\n".join(map(str, limits_of(rules))) if rules.pk else "", **{name: plain(getattr(rules, name)) for name in RULES}})
        versions = list(ApprovalPolicy.objects.select_related("proposed_by").prefetch_related("limits__territory").order_by("-version")[:20])
        return super().get_context_data(
            **{**kwargs, "form": form}, rules=rules, versions=versions, weeks=self.weeks, changes_url=reverse("web:changes"),
            crumbs=[(_("Approvals"), reverse("orders:approvals"))],
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """`rehearse` shows what would have been decided otherwise, anything else proposes."""
        form = PolicyForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form), status=400)
        rules = {name: form.cleaned_data[name] for name in (*RULES, "limits")}
        try:
            candidate = checked_rules(rules)
            if "rehearse" in request.POST:
                looked, found = rehearse(candidate, checked_limits(rules["limits"]), now() - timedelta(weeks=self.weeks))
                return self.render_to_response(self.get_context_data(form=form, looked=looked, otherwise=found[:200], differs=len(found)))
            propose_policy(rules, form.cleaned_data["reason"], by=request.user)
        except OMSError as error:
            return self.refuse(error, form)
        messages.success(request, _("Proposed; another person puts it into force."))
        return HttpResponseRedirect(reverse("orders:approval-policy"))


class Delegations(FormPage):
    """Have a colleague decide for some days; what is given and taken now, and its end."""

    verb = "orders.approve"
    title = gettext_lazy("Stand-ins")
    template_name = "orders/approval/delegations.html"
    form_class = DelegationForm
    main_label = gettext_lazy("Let them stand in")

    def get_form_kwargs(self) -> dict[str, Any]:
        user: Any = self.request.user
        held = PostHolding.objects.filter(user=user, during__contains=now().date()).order_by("post__name")
        roles = [role for role in user.roles if role in ("approver", "manager")]
        people = User.objects.filter(is_active=True, is_system=False, roles__overlap=roles).exclude(pk=user.pk).order_by("first_name", "last_name", "pk")
        return {
            **super().get_form_kwargs(), "posts": list(held.values_list("post_id", "post__name")),
            "people": [(person.pk, str(person)) for person in people], "initial": {"first": now().date()},
        }  # fmt: skip

    def run(self, form: Any) -> Any:
        data = form.cleaned_data
        return delegate(data["post"], data["to"], data["first"], data["last"], by=self.request.user)

    def get_done_message(self) -> Any:
        return _("%(name)s stands in.") % {"name": self.result.to}

    def get_success_url(self) -> str:
        return reverse("orders:delegations")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = [(d, d.during.upper - timedelta(days=1)) for d in delegations_of(self.request.user)]
        return super().get_context_data(rows=rows, crumbs=[(_("Approvals"), reverse("orders:approvals"))], **kwargs)


class EndDelegation(ActionPage):
    """End one at once."""

    verb = "orders.approve"
    done = gettext_lazy("The stand-in is over.")

    def run(self) -> Any:
        return end_delegation(self.kwargs["delegation"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:delegations")


def plain(value: Any) -> str:
    """A rule as it is typed; nothing when it is not set."""
    return "" if value is None else f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
