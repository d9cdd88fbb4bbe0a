"""Pure credit decision: may this account take so much more exposure? Closed by default (PRODUCT.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
    limit_share: Decimal = Decimal(1)
    max_amount_overdue: Decimal | None = None

    @property
    def ceiling(self) -> Decimal:
        """What may be used of the limit before orders are held."""
        return self.limit * self.limit_share

    @property
    def exposure(self) -> Decimal:
        return self.reserved + self.receivable - self.unapplied - self.credits


@dataclass(frozen=True)
class Refusal:
    """Why an account takes no more: the rule and its numbers; `payments.credit.selectors.said` puts it into words."""

    code: str
    over: Decimal = Decimal(0)
    days: int = 0


def decide(account: AccountView, amount: Decimal, on: date) -> Refusal | None:
    """None when `amount` more is within the account's terms on that day, else the first rule that refuses.

    The order of the rules: blocked, limit expired, days overdue, amount overdue, limit. A rule on the amount overdue is
    off while its maximum is None.
    """
    if account.blocked:
        return Refusal("account_blocked")
    if account.limit_expires is not None and account.limit_expires < on:
        return Refusal("limit_expired")
    if account.oldest_due_date is not None and (on - account.oldest_due_date).days > account.max_days_overdue:
        return Refusal("overdue_days", account.amount_overdue, (on - account.oldest_due_date).days)
    if account.max_amount_overdue is not None and account.amount_overdue > account.max_amount_overdue:
        return Refusal("overdue_amount", account.amount_overdue)
    over = account.exposure + amount - account.ceiling
    return Refusal("credit_limit", over) if amount > 0 and over > 0 else None


@dataclass(frozen=True)
class Terms:
    """What an account allows, as a file gives it whole; amounts in the account's currency."""

    limit: Decimal
    limit_expires: date | None = None
    limit_share: Decimal = Decimal(1)
    max_days_overdue: int = 30
    max_amount_overdue: Decimal | None = None
    blocked: bool = False
    blocked_reason: str = ""


def loosened(before: Terms, after: Terms) -> list[str]:
    """The terms by which `after` allows more than `before`: those take two persons (PRODUCT.md section 2)."""
    never = date.max
    more = {
        "limit": after.limit > before.limit,
        "limit_expires": (after.limit_expires or never) > (before.limit_expires or never),
        "limit_share": after.limit_share > before.limit_share,
        "max_days_overdue": after.max_days_overdue > before.max_days_overdue,
        "max_amount_overdue": before.max_amount_overdue is not None
        and (after.max_amount_overdue is None or after.max_amount_overdue > before.max_amount_overdue),
        "blocked": before.blocked and not after.blocked,
    }
    return [name for name, true in more.items() if true]
