"""A post handed over, a customer at another post: cases given to who no longer sees the customer go on to the next."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer_of_many
from orders.service.services import pass_on_cases


@consumer_of_many("orders.cases", events=["post.handed_over", "customer.assigned"])
def cases(news: list[News]) -> None:
    """Pass on what was left behind."""
    pass_on_cases(by=system_user())
