"""Once a day cheques become good."""

from __future__ import annotations

from django.utils.timezone import localdate

from oms.jobs.registry import Running, job
from payments.collections.services import clear_cheques


@job("payments.clear_cheques", daily_at="00:20")
def clear(running: Running) -> dict[str, int]:
    """Those whose bank line is old enough."""
    return {"cleared": len(clear_cheques(localdate(), by=running.by))}
