"""Close a month of the receivables, and open the last one again: one person closes, two open."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import current, use_case
from oms.kernel.dates import next_month
from oms.kernel.errors import Conflict, Invalid, Stale
from payments.billing.models import ClosedMonth
from payments.billing.selectors import (
    differences,
    first_of,
    last_closed,
    last_of,
    rolled,
    standing_close,
)


def _alone() -> datetime:
    """Wait until every posting under way has ended, and let no other begin before this one has; the time then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_closing_alone()")
        return cursor.fetchone()[0]


@use_case("payments.close_month")
def close_month(month: date, note: str, *, by: Any, at: datetime | None = None) -> ClosedMonth:
    """Nothing is posted into `month` (its first day) or before any more; what is owed at its last day is kept with it.

    Months close in order, without gaps from the first one that was closed. Raises Conflict `month_closed`, `month_not_over`,
    `month_order`, `books_differ` (ledger and documents do not say the same).
    """
    authorize(by, "payments.close_month")
    now = _alone()
    before = last_closed()
    if standing_close(month) is not None or before is not None and month <= before:
        raise Conflict(_("%(month)s is closed.") % {"month": f"{month:%Y-%m}"}, code="month_closed")
    if last_of(month) >= localdate():
        raise Conflict(_("%(month)s is not over.") % {"month": f"{month:%Y-%m}"}, code="month_not_over",
                       clears=_("Close it after its last day."))  # fmt: skip
    if before is not None and month != next_month(before):
        raise Conflict(_("%(month)s comes first.") % {"month": f"{next_month(before):%Y-%m}"}, code="month_order",
                       clears=_("Close the months in order."))  # fmt: skip
    if found := differences(month, localdate()):
        raise Conflict(_("The ledger and the documents differ: %(what)s.") % {"what": ", ".join(found)}, code="books_differ",
                       clears=_("Have the difference found first: manage.py verify names the rows."))  # fmt: skip
    cmd = current()
    balances = {x.currency: str(x.closing) for x in rolled(month)}
    event = cmd.event("month.closed", [("month", month.toordinal())], {"month": f"{month:%Y-%m}", "balances": balances}, note=note)
    return ClosedMonth.objects.create(month=month, balances=balances, note=note, closed_by_id=by.pk, closed_at=now, event_id=event)


@use_case("payments.propose_reopen_month")
def propose_reopen_month(month: date, reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose to open the last closed month again; another person decides. Raises Conflict `month_open`, `month_order`, `change_open`."""
    found = standing_close(month)
    if found is None:
        raise Conflict(_("%(month)s is open.") % {"month": f"{month:%Y-%m}"}, code="month_open")
    if month != last_closed():
        raise Conflict(_("Only the last closed month is opened again."), code="month_order",
                       clears=_("Open the later months first."))  # fmt: skip
    title = _("Open %(month)s again") % {"month": f"{month:%Y-%m}"}
    return propose("payments.reopen_month", ("closed_month", found.pk), title, {"month": str(month)}, reason, by=by, before=found.balances)


def reopen_month(change: ChangeRequest) -> ClosedMonth:
    """Part: the month takes postings again; the closing stays on record. Raises Stale `month_changed`."""
    now = _alone()
    month = date.fromisoformat(change.data["month"])
    found = ClosedMonth.objects.select_for_update(no_key=True).filter(pk=change.subject_id, reopened_at=None).first()
    if found is None or month != last_closed():
        raise Stale(_("Another month was closed or opened meanwhile."), code="month_changed", clears=_("Look again."))
    cmd = current()
    cmd.event("month.reopened", [("month", month.toordinal())], {"month": f"{month:%Y-%m}", "closing": found.pk}, note=change.reason)
    found.reopened_at, found.reopened_by_id, found.reopened_reason = now, cmd.by.pk, change.reason
    found.save(update_fields=["reopened_at", "reopened_by", "reopened_reason"])
    return found


def month_of(text: str) -> date:
    """The first day of a month written `2026-03`. Raises Invalid `bad_month`."""
    try:
        return first_of(date.fromisoformat(f"{text}-01"))
    except ValueError as error:
        raise Invalid(_("“%(text)s” is not a month.") % {"text": text[:10]}, code="bad_month") from error
