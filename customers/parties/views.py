"""Pages of customers: the list, and one customer."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.filters import CustomerFilterSet
from customers.parties.selectors import customer_page, visible_customers
from customers.parties.tables import CustomerTable
from oms.events.selectors import timeline
from oms.web import words
from oms.web.views import ListPage, Page


class CustomerList(ListPage):
    """Customers one may see."""

    verb = "customers.view"
    title = gettext_lazy("Customers")
    table_class = CustomerTable
    filterset_class = CustomerFilterSet

    def get_queryset(self) -> Any:
        return visible_customers(self.request.user)


class CustomerDetail(Page):
    """One customer: identity, addresses, contacts, owner with history, and what happened."""

    verb = "customers.view"
    template_name = "customers/parties/customer_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer = customer_page(self.request.user, self.kwargs["code"])
        if customer is None:
            raise Http404(_("There is no customer %(code)s.") % {"code": self.kwargs["code"]})
        return super().get_context_data(
            customer=customer, title=customer.name, crumbs=[(_("Customers"), reverse("customers:customer-list"))],
            timeline=words.entries(timeline("customer", customer.pk, limit=60)), **kwargs,
        )  # fmt: skip
