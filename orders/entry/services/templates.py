"""Templates: what is ordered again and again is kept by name, and fills the entry page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid, NotFound
from orders.entry.domain import template_fields
from orders.entry.models import OrderTemplate
from orders.entry.selectors import template_to_type

LONGEST = 60


@use_case("orders.keep_template")
def keep_template(name: str, fields: Mapping[str, str], *, by: Any, at: datetime | None = None) -> OrderTemplate:
    """Keep the lines and terms of an entry page under a name; the same name again replaces it. With a customer it is the customer's.

    Raises Invalid `name_missing`, `lines_missing`, NotFound `customer_missing`.
    """
    authorize(by, "orders.submit")
    name, content = name.replace("\x00", "").strip()[:LONGEST], template_fields(fields)
    if not name:
        raise Invalid(_("Give the template a name."), code="name_missing", errors=[{"field": "template_name", "message": _("Give it a name.")}])
    if not any(field.startswith("lines-") for field in content):
        raise Invalid(_("A template has at least one line."), code="lines_missing")
    customer = None
    if code := content.get("customer", ""):
        customer = Customer.objects.filter(customer_filter(by), code=code).first()
        if customer is None:
            raise NotFound(_("There is no customer %(code)s.") % {"code": code[:20]}, code="customer_missing")
    current().event("order.template_kept", [("customer", customer.pk)] if customer else [("user", by.pk)], {"fields": len(content)}, note=name)
    where: dict[str, Any] = {"customer": customer, "name": name} if customer else {"customer": None, "by_id": by.pk, "name": name}
    kept, _new = OrderTemplate.objects.update_or_create(**where, defaults={"content": content, "by_id": by.pk, "kept_at": current().clock})
    return kept


@use_case("orders.drop_template")
def drop_template(template_id: int, *, by: Any, at: datetime | None = None) -> None:
    """Keep it no more. Raises NotFound."""
    authorize(by, "orders.submit")
    found = template_to_type(by, template_id)
    if found is None:
        raise NotFound(_("There is no such template."), code="template_missing")
    about = [("customer", found.customer_id)] if found.customer_id else [("user", found.by_id)]
    current().event("order.template_dropped", about, {"template": found.pk}, note=found.name)
    found.delete()
