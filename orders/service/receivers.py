"""A post handed over, a customer at another post: cases given to who no longer sees the customer go on to the next.
A balance that the customer's books do not show opens a case."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer, consumer_of_many
from oms.web import format as fmt
from orders.service.choices import CaseKind, Channel
from orders.service.services import NewCase, open_case, pass_on_cases
from payments.confirmations.models import BalanceConfirmation


@consumer_of_many("orders.cases", events=["post.handed_over", "customer.assigned"])
def cases(news: list[News]) -> None:
    """Pass on what was left behind."""
    pass_on_cases(by=system_user())


@consumer("orders.balances", events=["balance.differs"])
def balances(news: News) -> None:
    """Open the case of a balance that differs, with both amounts and the customer's words."""
    row = BalanceConfirmation.objects.select_related("customer").get(pk=news.subject("balance_confirmation"))
    said = {"day": fmt.day(row.day), "ours": fmt.money(row.balance, row.currency_id), "theirs": fmt.money(row.said, row.currency_id),
            "currency": row.currency_id, "who": row.said_by, "remark": row.remark}  # fmt: skip
    text = _("Our books: %(ours)s %(currency)s. Theirs: %(theirs)s %(currency)s, said by %(who)s.\n\n%(remark)s") % said
    title = _("Balance on %(day)s differs") % said
    open_case(NewCase(CaseKind.CLAIM, title, text.strip(), customer=row.customer.code, channel=Channel.OTHER, amount=abs(row.difference or Decimal(0))), by=system_user())
