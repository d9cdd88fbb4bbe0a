"""Pages of customers: the list, and one customer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.generic import View

from customers.parties.filters import CustomerFilterSet
from customers.parties.selectors import visible_customers
from customers.parties.tables import CustomerTable
from oms.web.views import ListPage, PageMixin


class CustomerList(ListPage):
    """Customers one may see."""

    verb = "customers.view"
    title = gettext_lazy("Customers")
    table_class = CustomerTable
    filterset_class = CustomerFilterSet

    def get_queryset(self) -> Any:
        return visible_customers(self.request.user)


class CustomerDetail(PageMixin, View):
    """One customer: leads to the customer form, which stands above this room because it reads all others."""

    verb = "customers.view"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("reporting:customer-form", args=[code]))
