"""Tables of the bank."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import (
    AgeColumn,
    Column,
    DayColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    StateColumn,
    Table,
)

WORDS = {"unmatched": _("To match"), "partly": _("Partly matched"), "matched": _("Matched"), "out": _("Money out")}
KINDS = {"unmatched": "attention", "partly": "attention", "matched": "done"}


def line_url(record: Any) -> str:
    """The line's page, where it is matched."""
    return reverse("payments:bank-line", args=[record.pk])


class LineStateColumn(StateColumn):
    """How far a line is matched."""

    def _word(self, value: Any, record: Any, bound_column: Any) -> Any:
        return WORDS[record.state]


class LineTable(Table):
    """Bank lines, what waits first."""

    state = LineStateColumn(verbose_name=_("State"), kinds=KINDS, orderable=False, css="nowrap")
    value_date = DayColumn(verbose_name=_("Value date"), priority=2)
    age = AgeColumn(accessor="value_date", verbose_name=_("Age"), orderable=False, exclude_from_export=True, priority=3)
    counterparty = LinkColumn(verbose_name=_("Payer"), url=line_url, css="long", empty_values=())
    text = Column(verbose_name=_("Reference"), css="long", priority=2, orderable=False)
    amount = MoneyColumn(verbose_name=_("Amount"), currency_of="currency_id")
    left = MoneyColumn(verbose_name=_("To match"), currency_of="currency_id", priority=2, orderable=False)
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Bank lines")
    empty_title = _("No bank lines here")
    empty_help = _("Import a statement of the bank, or key a line by hand.")

    def render_counterparty(self, value: str, record: Any, column: LinkColumn) -> Any:
        """The payer as the bank wrote it; a line without one still opens."""
        return column.render(value or _("No name"), record)

    def row_url(self, record: Any) -> str:
        return line_url(record)

    class Meta:
        sequence = ("state", "value_date", "age", "counterparty", "text", "amount", "left", "currency")


def statement_url(record: Any) -> str:
    """The statement's page."""
    return reverse("payments:statement-detail", args=[record.pk])


class StatementTable(Table):
    """Statements, the newest first, and how far each is matched."""

    number = LinkColumn(verbose_name=_("Statement"), url=statement_url)
    account = Column(accessor="account__name", verbose_name=_("Account"), css="long", priority=2)
    statement_date = DayColumn(verbose_name=_("Date"))
    matched_lines = NumberColumn(verbose_name=_("Matched"))
    incoming = NumberColumn(verbose_name=_("of lines"))
    left = MoneyColumn(verbose_name=_("To match"), currency_of="account__currency_id")
    opening = MoneyColumn(verbose_name=_("Opening"), currency_of="account__currency_id", priority=3)
    closing = MoneyColumn(verbose_name=_("Closing"), currency_of="account__currency_id", priority=2)
    difference = MoneyColumn(verbose_name=_("Does not add up by"), currency_of="account__currency_id", priority=2)
    currency = Column(accessor="account__currency_id", verbose_name=_("Currency"), priority=3)
    file_name = Column(verbose_name=_("File"), css="long sub", priority=3)

    caption = _("Statements")
    empty_title = _("No statements yet")
    empty_help = _("Import a file of the bank: MT940, CAMT.053 or CSV.")

    def render_difference(self, value: Any, record: Any, column: MoneyColumn) -> Any:
        """Shown only where the lines do not lead from the opening to the closing balance."""
        return column.render(value, record) if value else ""

    def row_url(self, record: Any) -> str:
        return statement_url(record)

    def row_id(self, record: Any) -> str:
        return str(record.pk)

    class Meta:
        sequence = (
            "number", "account", "statement_date", "matched_lines", "incoming", "left", "opening", "closing", "difference",
            "currency", "file_name",
        )  # fmt: skip
