"""The practice company's figures, counted, and targets for its sales posts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from customers.territory.models import Post
from oms.events.services import command
from oms.events.tasks import drain_all
from reporting.facts.services import count_marked, write_target

STEP = 95
TARGETS = {"FR-SALES": 30_000, "DE-SALES": 24_000, "IT-SALES": 8_000}


def fill(by: Any) -> None:
    """Everything that happened is counted; each sales post has a target for this month and the last two."""
    drain_all()
    while count_marked(by=by, limit=500):
        pass
    posts = dict(Post.objects.values_list("code", "pk"))
    month = date.today().replace(day=1)
    with command("demo.targets", by=by):
        for _back in range(3):
            for code, amount in TARGETS.items():
                for measure, share in (("delivered", Decimal(1)), ("collected", Decimal("0.8"))):
                    write_target(month, posts[code], "", measure, "EUR", amount * share)
            month = previous(month)


def previous(month: date) -> date:
    """The first day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
