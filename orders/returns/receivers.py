"""News for returns: what is settled is credited, at once or when its invoice is there."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from oms.kernel.errors import Conflict
from orders.returns.selectors import uncredited
from orders.returns.services import credit_settled


@consumer("orders.returns.credit", events=["return.settled", "invoice.issued"])
def credit(news: News) -> None:
    """Write the credit notes of the return, or of those that waited for this invoice. What waits on is a problem of finance."""
    orders = [obj for kind, obj in news.subjects if kind == "order"]
    for return_id in uncredited(orders):
        try:
            credit_settled(return_id, by=system_user(), at=news.at)
        except Conflict as error:
            if error.code != "not_invoiced":
                raise
