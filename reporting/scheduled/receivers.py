"""The file of a report's mail is made when it is sent, with its owner's rights of that minute."""

from __future__ import annotations

from oms.mail.registry import attachment
from reporting.scheduled.models import ScheduledReport
from reporting.scheduled.rendering import render
from reporting.scheduled.services import FILE_KIND


@attachment(FILE_KIND)
def report_file(report_id: int) -> tuple[str, bytes]:
    """The table as its owner sees it now."""
    report = ScheduledReport.objects.select_related("user").get(pk=report_id)
    return render(report.path, report.user, report.file_format, report.title)
