"""Who opens, answers and closes cases, and who reads them; the row filter says whose."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden

STAFF = {Role.SALES, Role.APPROVER, Role.MANAGER, Role.FINANCE}


def not_visible(actor: Any, customer_id: Any) -> Forbidden | None:
    """Refuses customers outside of one's subtree."""
    if customer_id is None or Customer.objects.filter(customer_filter(actor), pk=customer_id).exists():
        return None
    return Forbidden(_("This customer is not in your region."), code="not_visible", clears=_("Ask who owns the customer."))


policy("service.see_cases", STAFF)
policy("service.open_case", STAFF, unless=not_visible)
policy("service.work_case", STAFF, unless=not_visible)
policy("service.pass_on", set())
# Customers ask and answer for themselves, on pages and by machines: what they say is always theirs, and notes stay in the house.
policy("service.portal", {Role.PARTNER})
policy("service.see_files", {*STAFF, Role.PARTNER})
policy("service.ask", {*STAFF, Role.PARTNER}, unless=not_visible)
