"""Once a month customers are asked to confirm the balance at the end of the last one."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.timezone import localdate

from oms.company.models import Company
from oms.jobs.registry import Running, job
from oms.kernel.errors import Conflict
from payments.confirmations.models import BalanceConfirmation
from payments.confirmations.services import ask_balances


@job("payments.ask_balances", daily_at="06:10")
def monthly(running: Running) -> dict[str, int]:
    """From the company's day of the month on, once: a day on which nothing ran is made up for."""
    end = month_to_ask(localdate())
    if end is None:
        return {"asked": 0}
    try:
        return {"asked": ask_balances(end, by=running.by)}
    except Conflict:  # nobody owes anything
        return {"asked": 0}


def month_to_ask(today: date) -> date | None:
    """The end of the last month, when it is time to ask for it and nobody was asked."""
    day = Company.objects.values_list("balance_day", flat=True).first()
    end = today.replace(day=1) - timedelta(days=1)
    return end if day and today.day >= day and not BalanceConfirmation.objects.filter(day=end).exists() else None
