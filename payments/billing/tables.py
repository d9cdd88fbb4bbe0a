"""Tables of invoices and receivables."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import Column, DayColumn, LinkColumn, MoneyColumn, StateColumn, Table

WORDS = {"open": _("Open"), "overdue": _("Overdue"), "settled": _("Settled")}


class InvoiceStateColumn(StateColumn):
    """Open, overdue or settled."""

    def _word(self, value: Any, record: Any, bound_column: Any) -> Any:
        return WORDS[record.state]


def invoice_url(record: Any) -> str:
    """The invoice's page."""
    return reverse("payments:invoice-detail", args=[record.number])


class InvoiceTable(Table):
    """Invoices, newest first."""

    number = LinkColumn(verbose_name=_("Invoice"), url=invoice_url)
    state = InvoiceStateColumn(verbose_name=_("State"), orderable=False)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    order_number = Column(verbose_name=_("Order"), priority=3)
    customer_po = Column(verbose_name=_("Customer's number"), priority=3)
    invoice_date = DayColumn(verbose_name=_("Date"), priority=2)
    due_date = DayColumn(accessor="next_due", order_by="due_date", verbose_name=_("Due"), priority=2)
    total = MoneyColumn(verbose_name=_("Total"), currency_of="currency_id", priority=2)
    left = MoneyColumn(verbose_name=_("Open"), currency_of="currency_id")
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Invoices")
    empty_title = _("No invoices here")
    empty_help = _("Each shipment that leaves is invoiced by itself.")

    def row_url(self, record: Any) -> str:
        return invoice_url(record)

    class Meta:
        sequence = (
            "number", "state", "customer", "order_number", "customer_po", "invoice_date", "due_date", "total", "left", "currency",
        )  # fmt: skip


PRO_FORMA_WORDS = {"open": _("Waits for money"), "done": _("Paid"), "settled": _("Withdrawn")}


class ProFormaStateColumn(StateColumn):
    """Waits for money, paid, or withdrawn."""

    def _word(self, value: Any, record: Any, bound_column: Any) -> Any:
        return PRO_FORMA_WORDS[record.state]


def pro_forma_url(record: Any) -> str:
    """The pro forma's page."""
    return reverse("payments:pro-forma-detail", args=[record.number])


class ProFormaTable(Table):
    """Pro formas, the latest first."""

    number = LinkColumn(verbose_name=_("Pro forma"), url=pro_forma_url)
    state = ProFormaStateColumn(verbose_name=_("State"), orderable=False)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    order_number = Column(verbose_name=_("Order"), priority=2)
    customer_po = Column(verbose_name=_("Customer's number"), priority=3)
    issued_date = DayColumn(verbose_name=_("Date"), priority=2)
    total = MoneyColumn(verbose_name=_("Total"), currency_of="currency_id", priority=3)
    due = MoneyColumn(verbose_name=_("Asked for"), currency_of="currency_id", priority=2)
    paid = MoneyColumn(verbose_name=_("Paid"), currency_of="currency_id", priority=3)
    open_amount = MoneyColumn(verbose_name=_("Missing"), currency_of="currency_id", orderable=False)
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Pro formas")
    empty_title = _("No pro formas here")
    empty_help = _("An order of a customer who pays ahead gets one when it is approved.")

    def row_url(self, record: Any) -> str:
        return pro_forma_url(record)

    class Meta:
        sequence = (
            "number", "state", "customer", "order_number", "customer_po", "issued_date", "total", "due", "paid", "open_amount", "currency",
        )  # fmt: skip


def account_url(code: str) -> str:
    """The page of a customer's credit account."""
    return reverse("payments:account-detail", args=[code])


class AccountStateColumn(StateColumn):
    """Blocked, above the limit, overdue, or nothing of it."""

    def _word(self, value: Any, record: Any, bound_column: Any) -> Any:
        return {"blocked": _("Blocked"), "over": _("Above the limit"), "overdue": _("Overdue"), "": _("In order")}[
            account_state(record)
        ]

    def render(self, value: Any, record: Any, bound_column: Any) -> Any:
        kind = account_state(record)
        if not kind:
            return ""
        self.kinds = {str(value): "trouble" if kind != "over" else "attention"}
        return super().render(value, record, bound_column)


def account_state(account: Any) -> str:
    """The worst that can be said of an account now, "" for nothing."""
    if account.blocked:
        return "blocked"
    if account.exposure > account.limit:
        return "over"
    return "overdue" if account.amount_overdue else ""


class AccountTable(Table):
    """Credit accounts: what each owes, in which buckets, against its limit."""

    payer = LinkColumn(accessor="payer__name", verbose_name=_("Customer"), url=lambda a: account_url(a.payer.code), css="long")
    state = AccountStateColumn(accessor="pk", verbose_name=_("State"), orderable=False, priority=2)
    reserved = MoneyColumn(verbose_name=_("Orders"), currency_of="currency_id", priority=3)
    receivable = MoneyColumn(verbose_name=_("Invoices"), currency_of="currency_id", priority=2)
    unapplied = MoneyColumn(verbose_name=_("On account"), currency_of="currency_id", priority=3)
    used = MoneyColumn(verbose_name=_("Exposure"), currency_of="currency_id")
    limit = MoneyColumn(verbose_name=_("Limit"), currency_of="currency_id", priority=2)
    amount_overdue = MoneyColumn(verbose_name=_("Overdue"), currency_of="currency_id")
    oldest_due_date = DayColumn(verbose_name=_("Oldest due"), priority=3)
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Credit accounts")
    empty_title = _("No credit accounts here")
    empty_help = _("Customers who buy on credit have an account; it opens with a limit of 0.")

    def render_amount_overdue(self, value: Any, record: Any, column: MoneyColumn) -> Any:
        """Nothing where nothing is overdue."""
        return column.render(value, record) if value else ""

    def row_url(self, record: Any) -> str:
        return account_url(record.payer.code)

    class Meta:
        sequence = (
            "payer", "state", "reserved", "receivable", "unapplied", "used", "limit", "amount_overdue", "oldest_due_date",
            "currency",
        )  # fmt: skip


class AgeColumn(MoneyColumn):
    """An amount, empty where there is none: the eye finds what is late."""

    def render(self, value: Any, record: Any) -> Any:  # type: ignore[override]
        return super().render(value, record) if value else ""


class AgeingTable(Table):
    """What customers owed at the end of a day, by days overdue."""

    name = LinkColumn(verbose_name=_("Customer"), url=lambda r: account_url(r.code), css="long")
    not_due = AgeColumn(verbose_name=_("Not due"), currency_of="currency", priority=2)
    to_30 = AgeColumn(verbose_name=_("1–30 days"), currency_of="currency", priority=2)
    to_60 = AgeColumn(verbose_name=_("31–60"), currency_of="currency", priority=2)
    to_90 = AgeColumn(verbose_name=_("61–90"), currency_of="currency", priority=2)
    older = AgeColumn(verbose_name=_("Older"), currency_of="currency", priority=2)
    open = MoneyColumn(verbose_name=_("Open"), currency_of="currency", priority=3)
    unapplied = AgeColumn(verbose_name=_("On account"), currency_of="currency", priority=3)
    overdue = AgeColumn(verbose_name=_("Overdue"), currency_of="currency")
    balance = MoneyColumn(verbose_name=_("Owes"), currency_of="currency")
    currency = Column(verbose_name=_("Currency"), priority=3)

    caption = _("Ageing")
    empty_title = _("Nobody owed anything")
    empty_help = _("Open invoices appear here by how long they are overdue.")

    def row_url(self, record: Any) -> str:
        return account_url(record.code)

    def row_id(self, record: Any) -> str:
        return f"{record.code}/{record.currency}"

    class Meta:
        sequence = (
            "name", "not_due", "to_30", "to_60", "to_90", "older", "open", "unapplied", "overdue", "balance", "currency",
        )  # fmt: skip


class PlaceAgeingTable(AgeingTable):
    """The same by post or region; a row opens its customers. `opens`: the address up to the row's code."""

    name = Column(verbose_name=_("Of"), css="long")

    def __init__(self, *args: Any, opens: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opens = opens

    def row_url(self, record: Any) -> str:
        return f"{self.opens}{quote(record.code)}"

    class Meta(AgeingTable.Meta):
        pass


def credit_note_url(record: Any) -> str:
    """The credit note's page."""
    return reverse("payments:credit-note-detail", args=[record.number])


class CreditNoteTable(Table):
    """Credit notes and deductions, newest first."""

    number = LinkColumn(verbose_name=_("Credit note"), url=credit_note_url)
    kind = Column(accessor="get_kind_display", verbose_name=_("Kind"), orderable=False)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    invoice = Column(accessor="invoice__number", verbose_name=_("Invoice"), priority=2)
    credit_date = DayColumn(verbose_name=_("Date"), priority=2)
    total = MoneyColumn(verbose_name=_("Total"), currency_of="currency_id")
    left = MoneyColumn(verbose_name=_("On account"), currency_of="currency_id", orderable=False, priority=2)
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Credit notes")
    empty_title = _("No credit notes here")
    empty_help = _("Finance proposes one from an invoice's page; a manager confirms it.")

    def row_url(self, record: Any) -> str:
        return credit_note_url(record)


class NoticeTable(Table):
    """Reminders, newest first."""

    number = LinkColumn(verbose_name=_("Reminder"), url=lambda record: reverse("payments:reminder-pdf", args=[record.number]))
    customer = Column(accessor="account__payer__name", verbose_name=_("Customer"), css="long")
    level = Column(verbose_name=_("Level"))
    notice_date = DayColumn(verbose_name=_("Date"))
    total = MoneyColumn(verbose_name=_("Overdue"), currency_of="account.currency_id")

    caption = _("Reminders")
    empty_title = _("No reminders were written")
    empty_help = _("They are written for invoices a week overdue that nobody disputes.")
