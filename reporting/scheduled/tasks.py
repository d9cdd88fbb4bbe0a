"""Every morning the tables that are due are mailed."""

from __future__ import annotations

from django.utils import timezone

from oms.company.selectors import company_zone
from oms.jobs.registry import Running, job
from reporting.scheduled.selectors import due
from reporting.scheduled.services import send


@job("reporting.scheduled", daily_at="06:40")
def mail_tables(running: Running) -> dict[str, int]:
    """One by one; a second run of the day finds nothing."""
    today = timezone.localdate(timezone=company_zone())
    found, sent = due(today), 0
    for n, report_id in enumerate(found, 1):
        sent += send(report_id, today, by=running.by)
        running.progress(n, len(found))
    return {"sent": sent, "refused": len(found) - sent}
