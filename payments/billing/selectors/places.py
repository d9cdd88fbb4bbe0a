"""What is owed by post and by territory: the customers' rows added up by who owns them today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from customers.parties.models import Customer
from payments.billing.selectors.documents import Aged

PLACES = {"post": ("post__code", "post__name"), "territory": ("post__territory__code", "post__territory__name")}
AMOUNTS = ("not_due", "to_30", "to_60", "to_90", "older", "unapplied")


def places_of(rows: Sequence[Aged], by: str) -> dict[int, tuple[str, str]]:
    """Customer id → (code, name) of its post or its post's territory (`by` a key of PLACES). One statement."""
    ids = {row.customer_id for row in rows}
    return {pk: (code, name) for pk, code, name in Customer.objects.filter(pk__in=ids).values_list("pk", *PLACES[by])}


def within(rows: Sequence[Aged], by: str, code: str) -> list[Aged]:
    """The rows of the customers of one post or territory."""
    places = places_of(rows, by)
    return [row for row in rows if places[row.customer_id][0] == code]


def added_up(rows: Sequence[Aged], by: str) -> list[Aged]:
    """One row a post or territory and currency, by name: sums, the oldest due date, `code` and `name` of the place.

    The rows add up to the customers' in every column.
    """
    places = places_of(rows, by)
    found: dict[tuple[str, str], Aged] = {}
    for row in rows:
        code, name = places[row.customer_id]
        held = found.get((code, row.currency))
        if held is None:
            found[code, row.currency] = replace(row, customer_id=0, account_id=0, code=code, name=name)
            continue
        days = [day for day in (held.oldest, row.oldest) if day]
        found[code, row.currency] = replace(
            held, oldest=min(days, default=None), **{field: getattr(held, field) + getattr(row, field) for field in AMOUNTS}
        )
    return sorted(found.values(), key=lambda row: (row.name, row.currency))
