"""Reminders: written account by account for what is overdue, one level up a time; what is disputed is left alone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from oms.accounts.policies import authorize
from oms.company.services import next_numbers
from oms.events.services import current, use_case
from payments.billing.domain import Reminder
from payments.billing.models import DunningNotice, DunningNoticeItem
from payments.billing.selectors import reminders_due
from payments.credit.locks import lock_accounts


@use_case("payments.dun")
def dun(account_ids: list[int], on: date, *, by: Any, at: datetime | None = None) -> list[DunningNotice]:
    """Write the reminders of these accounts that are due on a day; asked twice on a day there is one an account."""
    authorize(by, "payments.dun")
    lock_accounts(account_ids)
    written = set(DunningNotice.objects.filter(account_id__in=account_ids, notice_date=on).values_list("account_id", flat=True))
    by_account: dict[int, list[Reminder]] = {}
    for item in reminders_due(on, account_ids):
        if item.account_id not in written:
            by_account.setdefault(item.account_id, []).append(item)
    if not by_account:
        return []
    numbers = next_numbers("dunning", len(by_account), prefix="RM")
    return [_write(account, items, on, number) for (account, items), (_serial, number) in zip(sorted(by_account.items()), numbers, strict=True)]


def _write(account_id: int, items: list[Reminder], on: date, number: str) -> DunningNotice:
    total, level = sum((x.open for x in items), Decimal(0)), max(x.level for x in items)
    about = [("credit_account", account_id), ("customer", items[0].payer_id), *[("invoice", x.invoice_id) for x in items]]
    event = current().event("account.reminded", about, {"account": account_id, "level": level, "amount": total})
    notice = DunningNotice.objects.create(number=number, account_id=account_id, level=level, notice_date=on, total=total, event_id=event)
    DunningNoticeItem.objects.bulk_create(DunningNoticeItem(notice=notice, invoice_id=x.invoice_id, open=x.open, due_date=x.due_date, level=x.level) for x in items)
    return notice
