"""Note something about a customer, and that what was agreed is done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.parties.models import Contact
from customers.relations.choices import ActivityKind
from customers.relations.locks import lock_activity
from customers.relations.models import Activity
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound

LONGEST = 4_000


@use_case("customers.add_activity")
def add_activity(
    customer_id: int, kind: str, happened_on: date, text: str, *, by: Any, at: datetime | None = None,
    contact_id: int | None = None, follow_up_date: date | None = None,
) -> Activity:  # fmt: skip
    """Note a call, a visit or anything else. Raises Forbidden `not_visible`, Invalid `text_missing`, `too_long`,
    `in_the_future`, `follow_up_past`, `contact_of_other`."""
    authorize(by, "customers.add_activity", customer_id)
    cmd, text = current(), text.replace("\x00", "").strip()
    errors = {
        "text": _("Say what happened.") if not text else _("At most %(n)s characters.") % {"n": LONGEST} if len(text) > LONGEST else "",
        "kind": "" if kind in ActivityKind.values else _("Choose what it was."),
        "happened_on": _("It lies in the future.") if happened_on > cmd.at.date() else "",
        "follow_up_date": _("It lies before the day it happened.") if follow_up_date and follow_up_date < happened_on else "",
        "contact": _("Choose a contact of this customer.")
        if contact_id and not Contact.objects.filter(pk=contact_id, customer_id=customer_id).exists() else "",
    }  # fmt: skip
    wrong = [{"field": name, "message": message} for name, message in errors.items() if message]
    if wrong:
        raise Invalid(" ".join(row["message"] for row in wrong), code="bad_activity", errors=wrong)
    event = cmd.event("customer.noted", [("customer", customer_id)], {"customer": customer_id, "kind": kind, "day": happened_on})
    return Activity.objects.create(
        customer_id=customer_id, kind=kind, happened_on=happened_on, text=text, contact_id=contact_id,
        follow_up_date=follow_up_date, by_id=by.pk, event_id=event,
    )  # fmt: skip


@use_case("customers.finish_follow_up")
def finish_follow_up(activity_id: int, *, by: Any, at: datetime | None = None) -> Activity:
    """Say that what was agreed is done. Raises NotFound `no_activity`, Conflict `nothing_to_do`, Forbidden `not_visible`."""
    found = lock_activity(activity_id)
    if found is None:
        raise NotFound(_("There is no such note."), code="no_activity")
    authorize(by, "customers.add_activity", found.customer_id)
    if found.follow_up_date is None or found.done_at is not None:
        raise Conflict(_("Nothing is left to do here."), code="nothing_to_do")
    cmd = current()
    cmd.event("customer.followed_up", [("customer", found.customer_id)], {"customer": found.customer_id, "activity": found.pk})
    found.done_at, found.done_by_id = cmd.at, by.pk
    found.save(update_fields=["done_at", "done_by"])
    return found
