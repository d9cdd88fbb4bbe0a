"""News for returns: what is settled is credited, at once or when its invoice is there; what a warehouse tells of returns."""

from __future__ import annotations

from typing import Any

from inventory.feeds.choices import FeedKind
from inventory.feeds.domain import Finding
from inventory.feeds.selectors import Meant
from inventory.feeds.services import register as register_poster
from inventory.feeds.services.applying import Held, Outcome
from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from oms.kernel.errors import Conflict
from orders.returns.models import Return
from orders.returns.selectors import uncredited
from orders.returns.services import Came, credit_settled, receive_return


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


@register_poster(FeedKind.RETURNED)
def returned(said: Meant, by: Any, source: str) -> Outcome:
    """Goods of a return are here, each product on its lines in their order; what is beyond is the last line's."""
    found = Return.objects.filter(number=said.fact.returned, location_id=said.location_id).first()
    if found is None:
        raise Held([Finding("unknown_document", {"value": said.fact.returned or "–"})])
    lines = list(found.lines.select_related("line").order_by("pk"))
    came: dict[int, Came] = {}
    for row in said.rows:
        mine = [line for line in lines if line.line.product_id == row.product_id]
        if not mine:
            raise Held([Finding("not_in_document", {"document": found.number, "value": row.sku})])
        left = row.quantity
        for line in mine:
            part = left if line is mine[-1] else min(left, line.expected - (came[line.pk].quantity if line.pk in came else 0))
            if part > 0:
                came[line.pk] = Came((came[line.pk].quantity if line.pk in came else 0) + part, row.row.bin, row.row.lot or None)
                left -= part
    receive_return(found.pk, came, by=by, source=source)
    return {"rows": len(came), "returns": [found.number]}
