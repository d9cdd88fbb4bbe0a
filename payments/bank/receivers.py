"""News of the bank: a statement came in, so what is certain may post."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from oms.jobs.services import enqueue


@consumer("payments.matching", events=["bank.statement_imported"])
def match_statement(news: News) -> None:
    """Ask for the work once a statement."""
    statement = news.subject("bank_statement")
    enqueue("payments.match", str(statement), params={"statement": statement}, by=system_user())
