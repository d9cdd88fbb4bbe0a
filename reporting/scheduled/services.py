"""Ask for a table by mail, stop it, send what is due: each once a day of its cadence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from oms.accounts.policies import authorize
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound, OMSError
from oms.mail.services import NewMail, queue
from reporting.scheduled.choices import Cadence, FileFormat
from reporting.scheduled.domain import next_day
from reporting.scheduled.models import ScheduledReport
from reporting.scheduled.rendering import render

LONGEST, MOST = 1_000, 50
FILE_KIND = "report"


@use_case("reporting.schedule")
def schedule(path: str, title: str, cadence: str, file_format: str, *, by: Any, at: datetime | None = None) -> ScheduledReport:
    """Have the table at `path` (with its filters) mailed to oneself. Raises Invalid `no_table`, `no_address`, `bad_cadence`, what the
    page refuses; Conflict `report_known`, `too_many`."""
    authorize(by, "reporting.schedule")
    if cadence not in Cadence.values or file_format not in FileFormat.values or not title.strip() or len(path) > LONGEST:
        raise Invalid(_("Say how often, in which format, and what it is called."), code="bad_cadence")
    if not by.email:
        raise Invalid(_("Your account has no mail address."), code="no_address", clears=_("An administrator sets it in the admin."))
    render(path, by, file_format, title)  # what cannot be made now is said now
    if ScheduledReport.objects.filter(user=by, stopped_at=None).count() >= MOST:
        raise Conflict(_("You get %(n)s tables by mail already.") % {"n": MOST}, code="too_many", clears=_("Stop some of them."))
    cmd, (pk,) = current(), new_ids("reporting_scheduledreport")
    event = cmd.event("report.scheduled", [("user", by.pk), ("report", pk)], {"report": pk, "cadence": cadence})
    try:
        with transaction.atomic():
            return ScheduledReport.objects.create(
                pk=pk, user=by, title=title.strip()[:120], path=path, cadence=cadence, file_format=file_format,
                next_on=next_day(cadence, timezone.localdate()), event_id=event,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(_("You get this table so already."), code="report_known") from error


@use_case("reporting.stop_scheduled")
def stop(report_id: int, *, by: Any, at: datetime | None = None) -> None:
    """No more of it. Raises NotFound for others' reports."""
    authorize(by, "reporting.schedule")
    found = ScheduledReport.objects.filter(pk=report_id, user=by, stopped_at=None).first()
    if found is None:
        raise NotFound(_("There is no such report."), code="report_missing")
    current().event("report.stopped", [("user", by.pk), ("report", found.pk)], {"report": found.pk})
    found.stopped_at = current().at
    found.save(update_fields=["stopped_at"])


@use_case("reporting.send_scheduled")
def send(report_id: int, today: date, *, by: Any, at: datetime | None = None) -> bool:
    """Queue one report's mail and set its next day; asked twice on a day there is one. What its page refuses its owner is noted, not sent."""
    authorize(by, "reporting.send_scheduled")
    report = ScheduledReport.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=report_id)
    if report.stopped_at or report.next_on > today:
        return False
    user, trouble = report.user, ""
    try:
        render(report.path, user, report.file_format, report.title)
    except OMSError as error:
        trouble = error.message[:300]
    event = current().event("report.sent" if not trouble else "report.refused", [("user", user.pk), ("report", report.pk)], {"report": report.pk})
    if not trouble:
        queue([letter(report, today, event)])
    report.next_on, report.trouble = next_day(report.cadence, today), trouble
    report.last_on = report.last_on if trouble else today
    report.save(update_fields=["next_on", "last_on", "trouble"])
    return not trouble


def letter(report: ScheduledReport, today: date, event: int) -> NewMail:
    """The mail that carries a report."""
    user = report.user
    with override(user.language or settings.LANGUAGE_CODE):
        address = f"{settings.SITE_URL}{report.path}" if settings.SITE_URL else report.path
        body = _("%(title)s as of %(day)s is attached, as you see it with your rights.\n\n%(url)s\n\nYou asked for it: %(cadence)s. Stop it under Scheduled reports.")
        return NewMail(
            key=f"report:{report.pk}:{today}", kind="report", customer_id=0, subject=("report", report.pk), name=user.get_full_name() or user.username,
            address=user.email, language=user.language or settings.LANGUAGE_CODE, title=_("%(title)s, %(day)s") % {"title": report.title, "day": today},
            body=body % {"title": report.title, "day": today, "url": address, "cadence": report.get_cadence_display()}, event_id=event,
            file=(FILE_KIND, report.pk),
        )  # fmt: skip
