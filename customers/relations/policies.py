"""Who may note things about customers; the row filter says which."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def not_visible(actor: Any, customer_id: Any) -> Forbidden | None:
    """Refuses customers outside of one's subtree."""
    if customer_id is None or Customer.objects.filter(customer_filter(actor), pk=customer_id).exists():
        return None
    return Forbidden(_("This customer is not in your region."), code="not_visible", clears=_("Ask who owns the customer."))


policy("customers.add_activity", {"sales", "approver", "manager", "finance"}, unless=not_visible)
