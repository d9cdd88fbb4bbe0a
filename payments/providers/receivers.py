"""A payment that finance reversed was tied to the wrong line of the bank: its charge lies with the provider again."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from payments.providers.services import untie_charge


@consumer("payments.providers", events=["payment.reversed"])
def untie(news: News) -> None:
    """Of payments that no charge is paid by, and of charges that were returned, nothing."""
    untie_charge(news.subject("payment"), by=system_user())
