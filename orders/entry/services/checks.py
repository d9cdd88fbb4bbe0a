"""What every way into an order checks first: the request itself, the head within what the person may see, what was shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.territory.selectors import visible_posts
from oms.accounts.choices import Role
from oms.kernel.errors import Conflict, Invalid, NotFound
from orders.entry.domain import Answer, EntryRequest, worse
from orders.entry.selectors import Head, head

MAX_LINES = 5_000


def check_request(request: EntryRequest) -> None:
    """Refuse what no reading can make good: no lines, too many, an unknown kind of field content."""
    if not request.lines:
        raise Invalid(_("An order needs at least one line."), code="no_lines")
    if len(request.lines) + len(request.charges) > MAX_LINES:
        raise Invalid(_("An order has at most %(n)s lines.") % {"n": MAX_LINES}, code="too_many_lines")
    errors = [
        {"field": f"lines.{i}.quantity", "message": _("The quantity must be more than 0.")}
        for i, line in enumerate(request.lines)
        if not line.quantity.is_finite() or line.quantity <= 0
    ]
    errors += [
        {"field": f"charges.{i}.amount", "message": _("A charge must be more than 0.")}
        for i, charge in enumerate(request.charges)
        if not charge.amount.is_finite() or charge.amount <= 0
    ]
    if errors:
        raise Invalid(errors[0]["message"], code="invalid_lines", errors=errors)


def checked_head(request: EntryRequest, by: Any, key: str, at: datetime | None) -> Head:
    """The head of the order, within what `by` may see: NotFound `customer_missing` otherwise (no difference shown)."""
    count = len(request.lines) + len(request.charges)
    skus = [line.sku for line in request.lines]
    found = head(request.customer, request.ship_to, count, by.pk, key, at, skus, request.requested_date)
    if found.customer_id is None or not may_order_for(by, found):
        raise NotFound(_("There is no customer %(code)s.") % {"code": request.customer}, code="customer_missing")
    if found.customer_status != "active":
        raise Conflict(_("%(name)s is retired.") % {"name": found.customer_name}, code="customer_retired")
    if found.ship_to_id is None:
        raise Invalid(_("There is no delivery address %(code)s.") % {"code": request.ship_to or _("by default")},
                      code="address_missing")
    if found.company_country is None:
        raise Conflict(_("The company is not set up yet."), code="company_missing")
    return found


def may_order_for(by: Any, found: Head) -> bool:
    """The row filter on the write path: partners for their own customer, staff for customers of their subtree."""
    if by.is_system or Role.ADMINISTRATOR in by.roles:
        return True
    if Role.PARTNER in by.roles:
        return found.own_customer_id == found.customer_id
    return found.post_id in visible_posts(by)


def refuse_worse(request: EntryRequest, answer: Answer) -> None:
    """Raise Conflict `promise_changed` with both answers when the commit is worse than what was shown."""
    if request.shown is None or request.accept_changes:
        return
    now = answer.shown()
    differences = worse(request.shown, now)
    if differences:
        raise Conflict(
            _("Since you looked, the answer became worse; nothing was saved."),
            code="promise_changed",
            clears=_("Accept the changes, or change the order."),
            differences=[vars(d) for d in differences],
            shown=dict(request.shown),
            now=now,
        )
