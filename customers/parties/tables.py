"""Tables of customers."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.web.tables import Column, LinkColumn, NumberColumn, StateColumn, Table


def customer_url(record: Customer) -> str:
    """The customer's page."""
    return reverse("customers:customer-detail", args=[record.code])


class CustomerTable(Table):
    """Customers by name."""

    name = LinkColumn(verbose_name=_("Customer"), url=customer_url)
    code = Column(verbose_name=_("Code"))
    post = Column(accessor="post__name", verbose_name=_("Owner"), priority=2)
    territory = Column(accessor="post__territory__name", verbose_name=_("Region"), priority=3)
    customer_class = NumberColumn(verbose_name=_("Class"))
    status = StateColumn(verbose_name=_("Status"), priority=2)

    caption = _("Customers")
    empty_title = _("No customers here")
    empty_help = _("Customers of your region appear here.")

    def row_url(self, record: Any) -> str:
        return customer_url(record)

    class Meta:
        sequence = ("name", "code", "post", "territory", "customer_class", "status")
