"""Pages of a customer's own people: what they asked, what was answered, and asking. Notes of the house are not shown."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import CustomerUser
from oms.web.views import FormPage, ListPage
from orders.service.choices import Channel, Direction
from orders.service.forms import AskForm, ReplyForm
from orders.service.models import Case
from orders.service.selectors import find_case, told, visible_cases
from orders.service.services import NewCase, open_case, say
from orders.service.tables import QuestionTable

LIST = (gettext_lazy("Questions"), reverse_lazy("orders:questions"))
TIES = ("order", "shipment", "invoice")


class Questions(ListPage):
    """What they asked, the latest first."""

    verb = "service.portal"
    title = gettext_lazy("Questions")
    template_name = "orders/service/questions.html"
    table_class = QuestionTable

    def get_queryset(self) -> Any:
        return visible_cases(self.request.user).select_related("order").order_by("-pk")


class Ask(FormPage):
    """A question, a complaint or a claim; about an order, shipment or invoice when the address names one."""

    verb = "service.portal"
    title = gettext_lazy("Ask us")
    crumbs = (LIST,)
    template_name = "orders/service/ask.html"
    form_class = AskForm
    main_label = gettext_lazy("Send")
    done = gettext_lazy("We have it, and answer as soon as we can.")

    @cached_property
    def named(self) -> dict[str, str]:
        """What the address names."""
        return {tie: self.request.GET.get(tie, "").replace("\x00", "")[:40] for tie in TIES}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "about": next((n for n in self.named.values() if n), "")}

    def run(self, form: AskForm) -> Case:
        data, named = form.cleaned_data, self.named
        about = named if any(named.values()) else {**named, "customer": own_code(self.request.user)}
        new = NewCase(data["kind"], data["title"], data["text"], **about, channel=Channel.PORTAL, files=data["files"])
        return open_case(new, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:question", args=[self.result.number])


def own_code(user: Any) -> str:
    """The code of the customer a partner's person is of; "" for none."""
    return CustomerUser.objects.filter(user_id=user.pk).values_list("customer__code", flat=True).first() or ""


class Question(FormPage):
    """What was said, and saying more."""

    verb = "service.portal"
    crumbs = (LIST,)
    template_name = "orders/service/question.html"
    form_class = ReplyForm
    main_label = gettext_lazy("Send")
    done = gettext_lazy("Sent.")

    @cached_property
    def case(self) -> Case:
        """The case; 404 for one that is not there or of another customer."""
        found = find_case(self.request.user, self.kwargs["case"])
        if found is None:
            raise Http404(_("There is no question %(number)s.") % {"number": self.kwargs["case"]})
        return found

    def get_title(self) -> Any:
        return self.case.title

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("case", None)
        return super().get_context_data(case=self.case, said=told(self.case), **kwargs)

    def run(self, form: ReplyForm) -> Case:
        return say(self.case.pk, Direction.IN, form.cleaned_data["text"], files=form.cleaned_data["files"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:question", args=[self.case.number])
