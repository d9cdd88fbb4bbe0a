"""Reads of credit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _

from customers.territory.selectors import customer_filter
from oms.company.selectors import in_words
from oms.events.models import Event, EventSubject
from oms.kernel.errors import Conflict
from payments.credit.domain import AccountView, Refusal
from payments.credit.models import AccountMember, CreditAccount, CreditEntry

EXPOSURE = F("reserved") + F("receivable") - F("unapplied") - F("credits")


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


def visible_account(user: Any, code: str) -> CreditAccount | None:
    """The account that a customer's orders count against, or that it pays for, within what `user` may see."""
    if "\x00" in code:
        return None
    rows = visible_accounts(user)
    return rows.filter(members__customer__code=code).first() or rows.filter(payer__code=code).order_by("pk").first()


def own_account(user: Any) -> CreditAccount | None:
    """The account that a partner's own customer pays for; None when another pays, or nobody was given credit."""
    return CreditAccount.objects.select_related("payer").filter(payer__users__user_id=user.pk).order_by("pk").first()


def entries_of(account_id: int, limit: int) -> list[CreditEntry]:
    """The last entries of an account, newest first, each with its event."""
    return list(CreditEntry.objects.filter(account_id=account_id).select_related("event").order_by("-pk")[:limit])


@dataclass(frozen=True)
class Proposal:
    """Proposed terms of an account, with what they were when proposed; `rules` {term: (before, after)} of the others that change."""

    id: int
    account_id: int
    proposed_by: int
    limit: Decimal
    expires: date | None
    unblock: bool
    before: Decimal
    blocked: bool
    rules: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def stands(self, account: CreditAccount) -> bool:
        """Whether the account's terms are still what they were when this was proposed."""
        return (account.limit, account.blocked) == (self.before, self.blocked) and all(
            getattr(account, name) == before for name, (before, _after) in self.rules.items()
        )


def _rule(name: str, value: Any) -> Any:
    """A term's value as the account has it."""
    return value if value is None else int(value) if name == "max_days_overdue" else Decimal(value)


def _as_proposal(event: Event) -> Proposal:
    data = event.data
    return Proposal(
        event.pk, data["account"], event.actor_id, Decimal(data["limit"]),
        date.fromisoformat(data["expires"]) if data["expires"] else None, data["unblock"], Decimal(data["before"]),
        data["blocked"], {name: (_rule(name, was), _rule(name, now)) for name, (was, now) in data.get("rules", {}).items()},
    )  # fmt: skip


def proposal(event_id: int) -> Proposal | None:
    """Proposed terms by the id of their event."""
    event = Event.objects.filter(pk=event_id, name="credit.terms_proposed").first()
    return _as_proposal(event) if event else None


def was_confirmed(proposal_id: int) -> bool:
    """Whether a proposal is in force."""
    return EventSubject.objects.filter(kind="proposal", object_id=proposal_id).exists()


WAITING = """
SELECT p.id FROM oms_eventsubject s JOIN oms_event p ON p.id = s.event_id
WHERE s.kind = 'terms' AND NOT EXISTS (SELECT 1 FROM oms_eventsubject d WHERE d.kind = 'proposal' AND d.object_id = p.id)
ORDER BY p.id DESC LIMIT %s
"""


def waiting_proposals(limit: int = 500) -> list[tuple[Proposal, CreditAccount, Event]]:
    """Proposals of all accounts that could still be confirmed, oldest first, with account and event; three statements."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [limit])
        ids = [row[0] for row in cursor.fetchall()]
    events = list(Event.objects.filter(pk__in=ids).select_related("actor", "note").order_by("pk")) if ids else []
    found = [(_as_proposal(event), event) for event in events]
    accounts = CreditAccount.objects.select_related("payer").in_bulk([p.account_id for p, _event in found]) if found else {}
    return [
        (p, accounts[p.account_id], event) for p, event in found
        if p.stands(accounts[p.account_id])
    ]  # fmt: skip


def to_confirm(user: Any) -> int:
    """How many proposals this person could put into force: those of others."""
    return sum(p.proposed_by != user.pk for p, _account, _event in waiting_proposals())


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
    return [p for p in found if p.stands(account)]


def view_of(account: CreditAccount, without: Decimal = Decimal(0)) -> AccountView:
    """The account as the pure rules read it; `without` takes an order's own reservation out of it."""
    return AccountView(
        limit=account.limit, limit_expires=account.limit_expires, max_days_overdue=account.max_days_overdue,
        blocked=account.blocked, blocked_reason=account.blocked_reason, reserved=account.reserved - without,
        receivable=account.receivable, unapplied=account.unapplied, credits=account.credits,
        oldest_due_date=account.oldest_due_date, amount_overdue=account.amount_overdue, limit_share=account.limit_share,
        max_amount_overdue=account.max_amount_overdue,
    )  # fmt: skip


def said(refusal: Refusal, account: AccountView, currency: str) -> Conflict:
    """The refusal in words: which rule, how much, who may release it, what clears it."""
    amounts = {
        "limit": in_words(account.ceiling, currency), "over": in_words(refusal.over, currency), "currency": currency,
        "expired": account.limit_expires, "days": refusal.days, "most": account.max_days_overdue,
        "amount": in_words(account.max_amount_overdue, currency), "why": account.blocked_reason,
    }  # fmt: skip
    sentence, clears = {
        "account_blocked": (_("The credit account is blocked: %(why)s."), _("Finance unblocks the account, two persons.")),
        "limit_expired": (_("The credit limit expired on %(expired)s."), _("Finance renews the limit, two persons.")),
        "overdue_days": (_("%(over)s %(currency)s is overdue for %(days)s days; %(most)s are allowed."), _("The customer pays, or finance releases the hold.")),
        "overdue_amount": (_("%(over)s %(currency)s is overdue; %(amount)s are allowed."), _("The customer pays, or finance releases the hold.")),
        "credit_limit": (_("%(over)s %(currency)s above the credit limit of %(limit)s."),
                         _("The customer pays, the order gets smaller, or finance releases the hold.")),
    }[refusal.code]  # fmt: skip
    return Conflict(sentence % amounts, code=refusal.code, who=_("Finance"), clears=clears,
                    limit=str(account.limit), exposure=str(account.exposure), over=str(refusal.over))


def no_account() -> Conflict:
    """The refusal of a customer without an account: closed by default."""
    return Conflict(_("The customer has no credit account."), code="no_account", who=_("Finance"), clears=_("Finance opens an account."))
