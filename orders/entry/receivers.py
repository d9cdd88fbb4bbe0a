"""News that may end a hold: money came, terms were confirmed, a tax rule, lane or policy was added."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from oms.jobs.services import enqueue
from orders.entry.services import recheck
from orders.holds.selectors import held_by_account

# Nouns of master data that holds wait for (events of the admin).
NOUNS = frozenset({"oms.taxrule", "orders.lane", "customers.address", "payments.creditaccount", "orders.quota"})


@consumer("orders.holds", events=["payment.applied", "credit.terms_confirmed", "credit.opened", "credit.rules_changed"])
def account_changed(news: News) -> None:
    """Look at the orders that this credit account holds again."""
    for kind, account_id in news.subjects:
        if kind == "credit_account":
            for order_id in held_by_account(account_id):
                recheck(order_id, by=system_user())


@consumer("orders.holds_undone", events=["payment.reversed", "payment.bounced", "payment.deposit_freed"])
def money_gone(news: News) -> None:
    """Look at the orders again that this money was paid ahead for."""
    for order_id in sorted({found for kind, found in news.subjects if kind == "order"}):
        recheck(order_id, by=system_user())


@consumer("orders.holds_data", events=["master.added", "master.changed", "policy.activated", "quota.set"])
def data_changed(news: News) -> None:
    """Have every waiting hold looked at, each order in a transaction of its own."""
    if news.name in ("policy.activated", "quota.set") or news.data.get("noun") in NOUNS:
        enqueue("holds.recheck", f"event-{news.id}", by=system_user())
