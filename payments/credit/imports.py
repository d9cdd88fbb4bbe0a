"""The file of credit limits: one row an account, with its terms and the customers who share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from oms.company.models import Currency
from oms.company.selectors import exponent
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, Row, merged, register
from payments.credit.domain import Terms, loosened
from payments.credit.models import AccountMember, CreditAccount
from payments.credit.services import AccountRow, join_accounts, open_accounts, set_terms
from payments.credit.services.terms import terms_of

COLUMNS = (
    Column("customer", gettext_lazy("code of the payer it belongs to"), required=True, longest=20),
    Column("currency", gettext_lazy("ISO code; default: the customer's"), default="", longest=3),
    Column("limit", gettext_lazy("how much may be owed and on order, gross"), "decimal", required=True, least=0, decimals=3),
    Column("limit_expires", gettext_lazy("last day of the limit"), "date"),
    Column("limit_share", gettext_lazy("share of 1 of the limit that orders may use"), "decimal", default=1, least=0, most=1, decimals=4),
    Column("max_days_overdue", gettext_lazy("orders are held beyond"), "integer", default=30, least=0, most=999),
    Column("max_amount_overdue", gettext_lazy("orders are held beyond; empty: the days alone"), "decimal", least=0, decimals=3),
    Column("blocked", gettext_lazy("whether nothing new may be ordered"), "boolean", default=False),
    Column("blocked_reason", gettext_lazy("why"), default="", longest=30),
    Column("members", gettext_lazy("codes of customers whose orders count against it, with commas; default: the payer"), default="", longest=2_000),
)
TERMS = list(Terms.__dataclass_fields__)
Key = tuple[str, str]


class Known:
    """What a batch of rows refers to, read once: customers, their accounts, who is a member of which."""

    def __init__(self, documents: Sequence[Document]) -> None:
        codes = {d.head["customer"] for d in documents} | {code for d in documents for code in members_of(d.rows[0])}
        self.customers = {c.code: c for c in Customer.objects.filter(code__in=codes)}
        self.currencies = set(Currency.objects.values_list("code", flat=True))
        rows = CreditAccount.objects.filter(payer__code__in=codes).select_related("payer").order_by("-pk")
        self.accounts: dict[Key, CreditAccount] = {(a.payer.code, a.currency_id): a for a in rows}
        found = AccountMember.objects.filter(customer__code__in=codes).values_list("customer__code", "account_id")
        self.member_of: dict[str, int] = dict(found)

    def key(self, row: Row) -> Key:
        """(payer's code, currency) of a row."""
        customer = self.customers.get(row.cells["customer"])
        return row.cells["customer"], row.cells.get("currency") or (customer.currency_id if customer else "")

    def terms(self, row: Row) -> Terms:
        """The terms after the row: its cells, else what stands, else the columns' defaults."""
        account = self.accounts.get(self.key(row))
        before = vars(terms_of(account)) if account else None
        values = merged(LIMITS, row, before, TERMS)
        reason = values["blocked_reason"] or (before["blocked_reason"] if before else "") or "finance"
        return Terms(**values | {"blocked_reason": reason if values["blocked"] else ""})


def members_of(row: Row) -> list[str]:
    """The codes in the cell, each once."""
    return list(dict.fromkeys(code.strip() for code in (row.cells.get("members") or "").split(",") if code.strip()))


def check(documents: Sequence[Document], context: Context) -> None:
    """Unknown customers and currencies, limits finer than the currency, what takes two persons; then the differences."""
    known = Known(documents)
    for document in documents:
        row = document.rows[0]
        customer, currency = known.customers.get(row.cells["customer"]), known.key(row)[1]
        if customer is None:
            row.refuse("customer", _("there is no customer %(code)s.") % {"code": row.cells["customer"]})
        elif currency not in known.currencies:
            row.refuse("currency", _("the currency %(code)s is not set up.") % {"code": currency})
        elif row.cells["limit"] != round(row.cells["limit"], exponent(currency)):
            row.refuse("limit", _("%(currency)s has no such fraction.") % {"currency": currency})
        else:
            check_terms(row, known, context)
            check_members(row, known)


def check_terms(row: Row, known: Known, context: Context) -> None:
    """One row against the account as it stands."""
    account, by, terms = known.accounts.get(known.key(row)), context.by, known.terms(row)
    if account is None:
        row.state = RowState.CREATE
        if terms.limit and not by.is_system:
            row.refuse("limit", _("a person opens an account at 0 and then proposes the limit; a second one confirms it."))
        return
    before = terms_of(account)
    row.changes += [
        (name, LIMITS.by_name[name].plain(getattr(before, name)), LIMITS.by_name[name].plain(getattr(terms, name)))
        for name in TERMS if getattr(before, name) != getattr(terms, name)
    ]  # fmt: skip
    row.state = RowState.CHANGE if row.changes else RowState.SAME
    if (more := loosened(before, terms)) and not (by.is_system and context.history):
        row.refuse(more[0], _("would allow more: that takes two persons (with --history, the first load of another system)."))


def check_members(row: Row, known: Known) -> None:
    """Who shares the account; whoever shares it stays."""
    account = known.accounts.get(known.key(row))
    for code in members_of(row) or ([] if account else [row.cells["customer"]]):
        there = known.member_of.get(code)
        if code not in known.customers:
            row.refuse("members", _("there is no customer %(code)s.") % {"code": code})
        elif there is not None and (account is None or there != account.pk):
            row.refuse("members", _("%(code)s has another credit account.") % {"code": code})
        elif there is None and account is not None:
            row.state = RowState.CHANGE
            row.changes.append(("members", "", code))


def apply(documents: Sequence[Document], context: Context) -> None:
    """Accounts opened, members joined, terms as the rows say."""
    known = Known(documents)
    opened, joined, changed = [], {}, {}
    for document in documents:
        row = document.rows[0]
        terms, account = known.terms(row), known.accounts.get(known.key(row))
        members = [known.customers[code].pk for code in members_of(row)]
        if account is None:
            payer = known.customers[row.cells["customer"]]
            opened.append(AccountRow(payer.pk, known.key(row)[1], members=tuple(members or [payer.pk]), **vars(terms)))
            continue
        new = [known.customers[code].pk for code in members_of(row) if code not in known.member_of]
        if new:
            joined[account.pk] = new
        if terms != terms_of(account):
            changed[account.pk] = terms
    open_accounts(opened, by=context.by)
    join_accounts(joined, by=context.by)
    set_terms(changed, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every account by its payer."""
    rows = CreditAccount.objects.select_related("payer").prefetch_related("members__customer").order_by("payer__code", "currency_id", "pk")
    for account in rows.iterator(chunk_size=1_000):
        members = sorted(member.customer.code for member in account.members.all())
        yield {"customer": account.payer.code, "currency": account.currency_id, "members": ",".join(members), **vars(terms_of(account))}


LIMITS = register(
    Format("limits", gettext_lazy("Credit limits: a row an account."), COLUMNS, "payments.open_account", check, apply, export, key=("customer", "currency"))
)
