"""The practice company's accounts learn what is overdue, as the nightly job would tell them; one raise waits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oms.accounts.models import User
from payments.billing.services import refresh_overdue
from payments.credit.models import CreditAccount
from payments.credit.services import propose_terms

STEP = 95


def fill(by: Any) -> None:
    """Count what is overdue today; the manager asks for more credit for his best customers."""
    refresh_overdue(list(CreditAccount.objects.order_by("pk").values_list("pk", flat=True)), by=by)
    marc = User.objects.get(username="marc")
    for account in CreditAccount.objects.filter(payer__customer_class=1, blocked=False).order_by("payer__code")[:2]:
        propose_terms(account.pk, account.limit + Decimal(15_000), None, "Spring campaign, orders are announced", by=marc)
