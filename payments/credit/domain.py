"""Pure credit decision: may this account take so much more exposure? Closed by default (PRODUCT.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from oms.kernel.errors import Conflict


@dataclass(frozen=True)
class AccountView:
    """The account's terms and buckets, amounts in its currency."""

    limit: Decimal
    limit_expires: date | None
    max_days_overdue: int
    blocked: bool
    blocked_reason: str
    reserved: Decimal
    receivable: Decimal
    unapplied: Decimal
    credits: Decimal
    oldest_due_date: date | None
    amount_overdue: Decimal

    @property
    def exposure(self) -> Decimal:
        return self.reserved + self.receivable - self.unapplied - self.credits


def decide(account: AccountView, amount: Decimal, on: date) -> Conflict | None:
    """None when `amount` more is within the account's terms on that day, else the refusal."""
    if account.blocked:
        return Conflict(f"The credit account is blocked: {account.blocked_reason}.", code="account_blocked", who="finance",
                        clears="Finance unblocks the account, two persons.")
    if account.limit_expires is not None and account.limit_expires < on:
        return Conflict(f"The credit limit expired on {account.limit_expires}.", code="limit_expired", who="finance",
                        clears="Finance renews the limit.")
    if account.oldest_due_date is not None and (on - account.oldest_due_date).days > account.max_days_overdue:
        return Conflict(f"{account.amount_overdue} is overdue since {account.oldest_due_date}.", code="overdue_days",
                        who="finance", clears="The customer pays, or finance releases the hold.")
    over = account.exposure + amount - account.limit
    if over > 0:
        return Conflict(f"{over} above the credit limit of {account.limit}.", code="credit_limit", who="finance",
                        clears="The customer pays, the order gets smaller, or finance releases the hold.",
                        limit=str(account.limit), exposure=str(account.exposure), over=str(over))
    return None
