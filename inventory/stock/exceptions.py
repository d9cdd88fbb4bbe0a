"""Stock's own refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from oms.kernel.errors import Conflict


class BelowAllocated(Conflict):
    """A fact would leave less on hand than is allocated or blocked: allocations must be released first.

    `data["rows"]`: {balance_id, product_id, product, location_id, location, bin, lot, on_hand, allocated, blocked,
    missing}; the caller that knows the orders releases `missing` units and posts again.
    """

    default_code = "below_allocated"

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        first = rows[0]
        super().__init__(
            _("%(product)s at %(location)s: %(missing)s units fewer than orders hold there.") % first,
            rows=list(rows),
            clears=_("Release the allocations first; the fact is posted with them."),
        )


def short(rows: Sequence[Mapping[str, Any]]) -> Conflict:
    """Conflict `short`; rows: {product_id, product, location_id, location, asked, available}."""
    first = rows[0]
    return Conflict(
        _("%(product)s at %(location)s: %(asked)s asked, %(available)s free.") % first,
        code="short",
        rows=list(rows),
        clears=_("Take less, another location or a later day."),
    )


def stale_availability(rows: Sequence[Mapping[str, Any]]) -> Conflict:
    """Conflict `stale_availability`; rows: {availability_id, product_id, location_id}, ids None when the cell is gone."""
    return Conflict(
        _("The stock changed while the dates were worked out."),
        code="stale_availability",
        rows=list(rows),
        clears=_("Ask again; the dates are worked out anew."),
    )
