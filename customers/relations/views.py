"""Pages of relations: add a note, finish a follow-up. Where they stand is the customer form."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from customers.parties.selectors import visible_customers
from customers.relations.forms import ActivityForm
from customers.relations.services import add_activity, finish_follow_up
from oms.web.views import ActionPage, FormPage


class AddActivity(FormPage):
    """Note something about a customer."""

    verb = "customers.add_activity"
    title = gettext_lazy("Add a note")
    form_class = ActivityForm
    done = gettext_lazy("Noted.")

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address, within the row filter."""
        found = visible_customers(self.request.user).filter(code=self.kwargs["code"]).first()
        if found is None:
            raise Http404(_("There is no customer %(code)s.") % {"code": self.kwargs["code"]})
        return found

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "customer_id": self.customer.pk, "today": timezone.localdate()}

    def run(self, form: Any) -> Any:
        data = form.cleaned_data
        return add_activity(
            self.customer.pk, data["kind"], data["happened_on"], data["text"], by=self.request.user,
            contact_id=int(data["contact"]) if data["contact"] else None, follow_up_date=data["follow_up_date"],
        )  # fmt: skip

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = [(_("Customers"), reverse("customers:customer-list")), (self.customer.name, self.get_success_url())]
        return super().get_context_data(crumbs=crumbs, **kwargs)

    def get_success_url(self) -> str:
        return reverse("customers:customer-detail", args=[self.customer.code])


class FinishFollowUp(ActionPage):
    """What was agreed is done."""

    verb = "customers.add_activity"
    done = gettext_lazy("Done.")

    def run(self) -> Any:
        return finish_follow_up(self.kwargs["pk"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("customers:customer-detail", args=[self.result.customer.code])
