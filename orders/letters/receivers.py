"""News that customers are written about; and the files that go along."""

from __future__ import annotations

from datetime import timedelta

from oms.company.selectors import company
from oms.events.consumers import News, consumer
from oms.mail.registry import attachment
from oms.web.documents import pdf
from orders.letters.selectors import nobody, reached, said
from orders.letters.services import NEWS, write
from payments.billing.documents import invoice_data, reminder_data, statement_data
from payments.billing.models import DunningNotice, Invoice
from payments.billing.selectors import account_statement, tax_notes
from payments.confirmations.models import BalanceConfirmation

PAPER = "payments/billing/invoice.typ"
STATEMENT, STATEMENT_DAYS = "payments/billing/statement.typ", 90


def to_somebody(news: list[News]) -> set[int]:
    """Of the news, those whose customer has an address, or was not yet said to have none. Two statements."""
    asked = {each.id: (each.subject("customer"), nobody(each.subject("customer"), NEWS[each.name][0])) for each in news}
    somebody, written = reached({customer for customer, _key in asked.values()}), said({key for _customer, key in asked.values()})
    return {event for event, (customer, key) in asked.items() if customer in somebody or key not in written}


@consumer("orders.letters", events=list(NEWS), outbound=True, concerns=to_somebody)
def letters(news: News) -> None:
    """Write what this news asks for, once."""
    _kind, subject, _compose = NEWS[news.name]
    write(news.id, news.name, news.subject(subject), news.subject("customer"), news.at)


@attachment("invoice")
def invoice_file(invoice_id: int) -> tuple[str, bytes]:
    """The invoice on paper."""
    found = Invoice.objects.select_related("customer").prefetch_related("lines", "taxes", "customer__addresses").get(pk=invoice_id)
    return found.number, pdf(PAPER, invoice_data(found, company(), tax_notes(found)))


@attachment("reminder")
def reminder_file(notice_id: int) -> tuple[str, bytes]:
    """The reminder on paper."""
    found = DunningNotice.objects.select_related("account__payer").prefetch_related("items__invoice", "account__payer__addresses").get(pk=notice_id)
    return found.number, pdf(PAPER, reminder_data(found, company()))


@attachment("balance")
def balance_file(confirmation_id: int) -> tuple[str, bytes]:
    """The statement of the account at the end of the day that is to be confirmed."""
    found = BalanceConfirmation.objects.select_related("account__payer").prefetch_related("account__payer__addresses").get(pk=confirmation_id)
    statement = account_statement(found.account_id, found.day - timedelta(days=STATEMENT_DAYS), found.day)
    return f"statement-{found.day}", pdf(STATEMENT, statement_data(found.account, statement, company()))
