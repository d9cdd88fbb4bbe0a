"""Reads of credit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from customers.territory.selectors import customer_filter
from oms.events.models import Event, EventSubject
from payments.credit.models import AccountMember, CreditAccount, CreditEntry


def account_of(customer_id: int) -> int | None:
    """The account a customer's orders count against."""
    return AccountMember.objects.filter(customer_id=customer_id).values_list("account_id", flat=True).first()


def reserved(order_ids: Collection[int]) -> dict[int, tuple[int, Decimal]]:
    """Order id → (account id, amount reserved for it now)."""
    rows = (
        CreditEntry.objects.filter(bucket="reserved", reference_kind="order", reference_id__in=order_ids)
        .values_list("reference_id", "account_id")
        .annotate(amount=Sum("amount"))
    )
    return {order_id: (account_id, amount) for order_id, account_id, amount in rows}


def visible_accounts(user: Any) -> QuerySet[CreditAccount]:
    """The accounts of payers `user` may see: the row filter of every credit page."""
    return CreditAccount.objects.filter(customer_filter(user, "payer")).select_related("payer")


def entries_of(account_id: int, limit: int) -> list[CreditEntry]:
    """The last entries of an account, newest first, each with its event."""
    return list(CreditEntry.objects.filter(account_id=account_id).select_related("event").order_by("-pk")[:limit])


@dataclass(frozen=True)
class Proposal:
    """Proposed terms of an account, with what they were when proposed."""

    id: int
    account_id: int
    proposed_by: int
    limit: Decimal
    expires: date | None
    unblock: bool
    before: Decimal
    blocked: bool


def _as_proposal(event: Event) -> Proposal:
    data = event.data
    return Proposal(
        event.pk, data["account"], event.actor_id, Decimal(data["limit"]),
        date.fromisoformat(data["expires"]) if data["expires"] else None, data["unblock"], Decimal(data["before"]),
        data["blocked"],
    )  # fmt: skip


def proposal(event_id: int) -> Proposal | None:
    """Proposed terms by the id of their event."""
    event = Event.objects.filter(pk=event_id, name="credit.terms_proposed").first()
    return _as_proposal(event) if event else None


def was_confirmed(proposal_id: int) -> bool:
    """Whether a proposal is in force."""
    return EventSubject.objects.filter(kind="proposal", object_id=proposal_id).exists()


def open_proposals(account: CreditAccount) -> list[Proposal]:
    """Proposals that could still be confirmed: not in force, and the terms are as they were when proposed."""
    events = list(
        Event.objects.filter(
            name="credit.terms_proposed", subjects__kind="credit_account", subjects__object_id=account.pk
        ).order_by("pk")
    )
    done = set(
        EventSubject.objects.filter(kind="proposal", object_id__in=[e.pk for e in events]).values_list("object_id", flat=True)
    )
    found = [_as_proposal(event) for event in events if event.pk not in done]
    return [p for p in found if (p.before, p.blocked) == (account.limit, account.blocked)]
