"""Use cases that open accounts and change their terms: down by one person, up by two (PRODUCT.md section 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from customers.territory.selectors import customer_filter
from oms.accounts.policies import authorize, who_may
from oms.company.selectors import exponent
from oms.events.services import current, in_history, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from payments.credit.domain import Terms, loosened
from payments.credit.locks import lock_accounts
from payments.credit.models import AccountMember, CreditAccount
from payments.credit.selectors import Proposal, proposal, was_confirmed

LARGEST = Decimal(10) ** 14


@dataclass(frozen=True)
class AccountRow:
    """A credit account to open; `members` are the customers who share it (default: the payer alone)."""

    payer_id: int
    currency: str
    limit: Decimal = Decimal(0)
    members: tuple[int, ...] = ()
    limit_expires: date | None = None
    max_days_overdue: int = 30
    limit_share: Decimal = Decimal(1)
    max_amount_overdue: Decimal | None = None
    blocked: bool = False
    blocked_reason: str = ""


@use_case("payments.open_accounts")
def open_accounts(rows: Sequence[AccountRow], *, by: Any, at: datetime | None = None) -> list[int]:
    """Open accounts, set-wise, in the order of `rows`; returns their ids. A limit above 0 only the system sets so
    (imports): a person opens at 0, and the raise takes two.

    Raises Forbidden `two_persons`, Conflict `has_account`, Invalid `bad_limit`.
    """
    authorize(by, "payments.open_account")
    for row in rows:
        check_limit(row.limit, row.currency)
        if row.limit and not by.is_system:
            raise Forbidden(_("A new account opens with a limit of 0."), code="two_persons", who=who_may("payments.confirm_terms"),
                            clears=_("Open it, then propose the limit; a second person of finance confirms it."))
    members = [row.members or (row.payer_id,) for row in rows]
    everyone = [customer for group in members for customer in group]
    taken = AccountMember.objects.filter(customer_id__in=everyone).values_list("customer__code", flat=True).first()
    if taken is not None or len(set(everyone)) != len(everyone):
        raise Conflict(_("%(customer)s has a credit account already.") % {"customer": taken or _("A customer")}, code="has_account")
    accounts = CreditAccount.objects.bulk_create(
        CreditAccount(payer_id=row.payer_id, currency_id=row.currency, limit=row.limit, limit_expires=row.limit_expires,
                      max_days_overdue=row.max_days_overdue, limit_share=row.limit_share, max_amount_overdue=row.max_amount_overdue,
                      blocked=row.blocked, blocked_reason=row.blocked_reason)
        for row in rows
    )  # fmt: skip
    AccountMember.objects.bulk_create(
        AccountMember(customer_id=customer, account=account)
        for account, group in zip(accounts, members, strict=True)
        for customer in group
    )
    cmd = current()
    for account in accounts:
        cmd.event("credit.opened", [("credit_account", account.pk), ("customer", account.payer_id)],
                  {"account": account.pk, "limit": account.limit})
    return [account.pk for account in accounts]


def check_limit(limit: Decimal, currency: str) -> None:
    """Refuse a limit that is negative, too large for its column, or finer than the currency."""
    if not limit.is_finite() or not 0 <= limit < LARGEST or limit != round(limit, exponent(currency)):
        raise Invalid(_("A limit is an amount of 0 or more in %(currency)s.") % {"currency": currency}, code="bad_limit",
                      errors=[{"field": "limit", "message": _("Not a possible limit.")}])


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])


def _subjects(account: CreditAccount) -> list[tuple[str, int]]:
    return [("credit_account", account.pk), ("customer", account.payer_id)]


@use_case("payments.lower_limit")
def lower_limit(account_id: int, limit: Decimal, reason: str, *, by: Any, at: datetime | None = None) -> CreditAccount:
    """Lower a limit, alone. When more is owed than the new limit the account is blocked at once: a limit cut is a fact.

    Raises Conflict `not_lower`, Invalid `bad_limit`, `reason_missing`.
    """
    authorize(by, "payments.lower_limit")
    _need_reason(reason)
    account = lock_accounts([account_id])[account_id]
    check_limit(limit, account.currency_id)
    if limit >= account.limit:
        raise Conflict(
            _("The limit is %(limit)s; one person can only lower it.") % {"limit": account.limit}, code="not_lower",
            who=who_may("payments.confirm_terms"), clears=_("Propose the raise; a second person confirms it."),
        )  # fmt: skip
    before, account.limit = account.limit, limit
    if account.exposure > limit and not account.blocked:
        account.blocked, account.blocked_reason = True, "limit_cut"
    account.save(update_fields=["limit", "blocked", "blocked_reason"])
    current().event("credit.limit_lowered", _subjects(account),
                    {"account": account.pk, "before": before, "limit": limit, "blocked": account.blocked}, note=reason)
    return account


@use_case("payments.block_account")
def block_account(account_id: int, reason: str, *, by: Any, at: datetime | None = None) -> CreditAccount:
    """Block an account, alone: nothing new is reserved on it. Raises Conflict `blocked_before`, Invalid `reason_missing`."""
    authorize(by, "payments.block_account")
    _need_reason(reason)
    account = lock_accounts([account_id])[account_id]
    if account.blocked:
        raise Conflict(_("The account is blocked already."), code="blocked_before")
    account.blocked, account.blocked_reason = True, "finance"
    account.save(update_fields=["blocked", "blocked_reason"])
    current().event("credit.blocked", _subjects(account), {"account": account.pk}, note=reason)
    return account


@use_case("payments.propose_terms")
def propose_terms(
    account_id: int, limit: Decimal, expires: date | None, reason: str, *, by: Any, unblock: bool = False,
    rules: Mapping[str, Any] | None = None, at: datetime | None = None,
) -> int:  # fmt: skip
    """Propose a limit, its last day, unblocking and other terms; nothing changes until another person confirms.

    `rules` of RULES: the share of the limit that orders may use, days and amount overdue beyond which they are held (None: no bound).
    The proposal is an event on the account's timeline; returns its id. Raises NotFound `account_missing` for accounts
    the person may not see, Invalid `bad_limit`, `bad_rule`, `reason_missing`.
    """
    authorize(by, "payments.propose_terms")
    _need_reason(reason)
    account = CreditAccount.objects.filter(customer_filter(by, "payer"), pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such credit account."), code="account_missing")
    check_limit(limit, account.currency_id)
    data = {
        "account": account.pk, "limit": limit, "expires": expires, "unblock": unblock, "before": account.limit,
        "blocked": account.blocked, "rules": changed_rules(account, rules or {}),
    }  # fmt: skip
    # The subject `terms` finds all proposals without looking at every account's timeline.
    return current().event("credit.terms_proposed", [*_subjects(account), ("terms", account.pk)], data, note=reason)


RULES: dict[str, tuple[int, int, bool]] = {"limit_share": (0, 1, False), "max_days_overdue": (0, 999, False), "max_amount_overdue": (0, 10**12, True)}


def changed_rules(account: CreditAccount, rules: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{term: [before, after]} of those that change. Raises Invalid `bad_rule`."""
    for name, value in rules.items():
        least, most, may_lack = RULES[name]
        if value is None and may_lack:
            continue
        if value is None or not least <= value <= most:
            message = _("From %(least)s to %(most)s.") % {"least": least, "most": most}
            raise Invalid(message, code="bad_rule", errors=[{"field": name, "message": message}])
    return {name: [getattr(account, name), value] for name, value in rules.items() if getattr(account, name) != value}


@use_case("payments.confirm_terms")
def confirm_terms(proposal_id: int, *, by: Any, at: datetime | None = None) -> CreditAccount:
    """Put proposed terms into force, once, by somebody else than who proposed them (RELIABILITY.md I25).

    Raises NotFound `proposal_missing`, Forbidden `own_proposal`, Conflict `confirmed_before`, Stale `terms_changed`.
    """
    found = proposal(proposal_id)
    if found is None:
        raise NotFound(_("There is no such proposal."), code="proposal_missing")
    authorize(by, "payments.confirm_terms")
    if found.proposed_by == by.pk or by.is_system:
        raise Forbidden(_("Somebody else than who proposed the terms confirms them."), code="own_proposal",
                        who=who_may("payments.confirm_terms"))
    account = lock_accounts([found.account_id])[found.account_id]
    if was_confirmed(proposal_id):
        raise Conflict(_("These terms are in force already."), code="confirmed_before")
    if not found.stands(account):
        raise Stale(_("The account's terms changed after this was proposed."), code="terms_changed",
                    clears=_("Propose again from the terms as they are now."))
    return _put_in_force(account, found)


def _put_in_force(account: CreditAccount, found: Proposal) -> CreditAccount:
    account.limit, account.limit_expires = found.limit, found.expires
    if found.unblock:
        account.blocked, account.blocked_reason = False, ""
    for name, (_before, after) in found.rules.items():
        setattr(account, name, after)
    account.save(update_fields=["limit", "limit_expires", "blocked", "blocked_reason", *found.rules])
    current().event(
        "credit.terms_confirmed", [*_subjects(account), ("proposal", found.id)],
        {"account": account.pk, "proposal": found.id, "before": found.before, "limit": found.limit,
         "expires": found.expires, "unblocked": found.unblock, "rules": {name: list(pair) for name, pair in found.rules.items()}},
    )  # fmt: skip
    return account


@use_case("payments.set_terms")
def set_terms(changes: Mapping[int, Terms], *, by: Any, at: datetime | None = None) -> None:
    """Bring accounts to terms that a file gives whole. One person only tightens them; what allows more comes by a file of
    another system's past alone, which only the operator of this one brings in (said in the audit).

    A limit below what is owed blocks, as `lower_limit` does. Raises Forbidden `two_persons`, Invalid `bad_limit`, NotFound.
    """
    authorize(by, "payments.lower_limit")
    for account in lock_accounts(changes).values():
        terms, before = changes[account.pk], terms_of(account)
        check_limit(terms.limit, account.currency_id)
        more = loosened(before, terms)
        if more and not (by.is_system and in_history()):
            raise more_takes_two(account, more)
        cut = terms.limit < before.limit and account.exposure > terms.limit and not terms.blocked
        for name, value in asdict(terms).items():
            setattr(account, name, value)
        if cut:
            account.blocked, account.blocked_reason = True, "limit_cut"
        account.save(update_fields=list(asdict(terms)))
        changed = {name: value for name, value in asdict(terms).items() if value != getattr(before, name) and name != "blocked_reason"}
        current().event("credit.rules_changed", _subjects(account), {"account": account.pk, "before": before.limit, "cut": cut, **changed})


def terms_of(account: CreditAccount) -> Terms:
    """An account's terms as they stand."""
    return Terms(**{name: getattr(account, name) for name in Terms.__dataclass_fields__})


def more_takes_two(account: CreditAccount, names: Sequence[str]) -> Forbidden:
    """The refusal of terms that one file may not loosen."""
    return Forbidden(
        _("%(terms)s would allow more: one person proposes that, another confirms it.") % {"terms": ", ".join(names)}, code="two_persons",
        who=who_may("payments.confirm_terms"), account=account.pk,
        clears=_("Propose it on the customer's credit page; the first load of another system takes it with --history."),
    )  # fmt: skip


@use_case("payments.join_account")
def join_accounts(members: Mapping[int, Collection[int]], *, by: Any, at: datetime | None = None) -> None:
    """{account: customers} whose orders count against it from now on. Raises Conflict `has_account`."""
    authorize(by, "payments.open_account")
    everyone = [customer for group in members.values() for customer in group]
    taken = AccountMember.objects.filter(customer_id__in=everyone).values_list("customer__code", flat=True).first()
    if taken is not None or len(set(everyone)) != len(everyone):
        raise Conflict(_("%(customer)s has a credit account already.") % {"customer": taken or _("A customer")}, code="has_account")
    for account in lock_accounts(members).values():
        joined = sorted(members[account.pk])
        AccountMember.objects.bulk_create(AccountMember(customer_id=customer, account=account) for customer in joined)
        current().event("credit.joined", [*_subjects(account), *[("customer", c) for c in joined]], {"account": account.pk, "customers": joined})
