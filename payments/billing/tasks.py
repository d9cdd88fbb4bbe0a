"""Once a day the accounts learn what became overdue."""

from __future__ import annotations

from oms.jobs.registry import Running, job
from payments.billing.services import refresh_overdue
from payments.credit.models import CreditAccount

AT_ONCE = 500


@job("payments.overdue", daily_at="00:05")
def overdue(running: Running) -> dict[str, int]:
    """Refresh every account, some hundreds a transaction."""
    ids = list(CreditAccount.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        refresh_overdue(ids[start : start + AT_ONCE], by=running.by)
        running.progress(min(start + AT_ONCE, len(ids)), len(ids))
    return {"accounts": len(ids)}
