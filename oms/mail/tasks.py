"""Mail that waits is sent within a minute."""

from __future__ import annotations

from datetime import timedelta

from oms.jobs.registry import Running, job
from oms.mail.services import send_waiting


@job("mail.send", every=timedelta(minutes=1))
def send(running: Running) -> dict[str, int]:
    """Send what waits."""
    return send_waiting(running.by)
