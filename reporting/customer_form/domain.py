"""When a customer orders less than before, and what an event changed by field: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

RECENT_DAYS, BEFORE_DAYS, LEAST_BEFORE, HALF = 90, 365, 90, Decimal("0.5")
NEW_OWNER_DAYS = 180


@dataclass(frozen=True)
class Fall:
    """`share` less than the 90 days before it were worth on average; `owner_since` when that came after a new owner."""

    share: Decimal
    recent: Decimal
    usual: Decimal
    owner_since: date | None


def fall(recent: Decimal, before: Decimal, before_days: int, owner_since: date | None, today: date) -> Fall | None:
    """The drop of orders in the last 90 days against the average of up to a year before, when it is more than a half.

    `before` was ordered in the `before_days` days before the 90; with fewer than 90 of them nothing can be said.
    """
    if before_days < LEAST_BEFORE or before <= 0:
        return None
    usual = before * RECENT_DAYS / before_days
    if recent >= usual * HALF:
        return None
    changed = owner_since is not None and owner_since > today - timedelta(days=NEW_OWNER_DAYS)
    return Fall(1 - recent / usual, recent, usual, owner_since if changed else None)


@dataclass(frozen=True)
class Change:
    """A field with its value before and after; None where the trail keeps no value."""

    field: str
    before: Any
    after: Any


def changed_fields(name: str, data: Mapping[str, Any]) -> list[Change]:
    """What an event of a customer, its credit account or its billing terms changed, field by field."""
    if name == "customer.changed":
        told = data.get("changes", {})
        return [Change(f, *told.get(f, (None, None))) for f in data.get("fields", ())]
    if name == "customer.assigned":
        return [Change("post_id", data["from"], data["post"])]
    if name in ("master.added", "master.changed"):
        return [Change(f, None, None) for f in data.get("fields", ())]
    return _credit_fields(name, data)


def _credit_fields(name: str, data: Mapping[str, Any]) -> list[Change]:
    found = []
    before, limit = data.get("before"), data.get("limit")
    if limit is not None and limit != before:
        found.append(Change("limit", before, limit))
    if name == "credit.terms_confirmed" and data.get("expires"):
        found.append(Change("limit_expires", None, data["expires"]))
    if name == "credit.blocked" or data.get("cut") or (name == "credit.limit_lowered" and data.get("blocked")):
        found.append(Change("blocked", False, True))
    if data.get("unblocked"):
        found.append(Change("blocked", True, False))
    if name == "credit.rules_changed":
        rules = ("limit_expires", "limit_share", "max_days_overdue", "max_amount_overdue", "blocked")
        found += [Change(f, None, data[f]) for f in rules if f in data and not (f == "blocked" and data.get("cut"))]
    return found
