"""A post handed over, a customer at another post: what its former owner had claimed goes on to the next."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer_of_many
from reporting.problems.services import pass_on_claims


@consumer_of_many("reporting.claims", events=["post.handed_over", "customer.assigned"])
def claims(news: list[News]) -> None:
    """Pass on what was left behind."""
    pass_on_claims(by=system_user())
