"""Adjustments: what they are worth, who may post them, and the second person above the location's limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Adjustment
from oms.accounts.policies import authorize, who_may
from oms.events.services import current
from oms.kernel.errors import Forbidden, Invalid, NotFound

if TYPE_CHECKING:
    from inventory.stock.services.facts import Change

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Worth:
    """What an adjustment moves at standard cost, up or down; above `limit` a second person confirms, None: facts of a system."""

    amount: Decimal
    limit: Decimal | None

    @property
    def above(self) -> bool:
        return self.limit is not None and self.amount > self.limit


def worth_of(location_id: int, rows: Sequence[Change], by: Any) -> Worth:
    """What the changes are worth, and the limit that holds for `by`. Two statements. Raises NotFound `unknown_stock`."""
    costs = dict(Product.objects.filter(pk__in={row.product_id for row in rows}).values_list("pk", "standard_cost"))
    limit = StorageLocation.objects.filter(pk=location_id).values_list("adjustment_limit", flat=True).first()
    if limit is None or any(row.product_id not in costs for row in rows):
        raise NotFound(_("There is no such product or location."), code="unknown_stock")
    amount = sum((abs(row.delta) * costs[row.product_id] for row in rows), Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    return Worth(amount, None if by.is_system else limit)


def checked(location_id: int, rows: Sequence[Change], reason: str, by: Any, proposed_by_id: int | None) -> Worth:
    """Part: that this may be posted by `by`. Raises Forbidden (`second_person`, other location), Invalid, NotFound."""
    if proposed_by_id is None:
        authorize(by, "stock.adjust", location_id)
    else:
        authorize(by, "stock.confirm_adjustment")
    if not reason.strip():
        raise Invalid(_("Say why the stock is adjusted."), code="reason_missing")
    if not rows or any(row.delta == 0 for row in rows):
        raise Invalid(_("An adjustment changes something."), code="quantity_invalid")
    worth = worth_of(location_id, rows, by)
    if worth.above and proposed_by_id in (None, by.pk):
        raise Forbidden(
            _("An adjustment worth %(amount)s is above %(limit)s: a second person confirms it.")
            % {"amount": worth.amount, "limit": worth.limit},
            code="second_person", amount=worth.amount, limit=worth.limit, who=who_may("stock.confirm_adjustment"),
            clears=_("Propose it; a manager confirms it."),
        )  # fmt: skip
    return worth


def record(location_id: int, reason: str, worth: Worth, movements: Sequence[int], proposed_by_id: int | None, event_id: int) -> None:
    """Part: the adjustment's document, beside its movements."""
    command = current()
    Adjustment.objects.create(
        location_id=location_id, reason=reason.strip()[:30], amount=worth.amount, amount_limit=worth.limit, movements=list(movements),
        by_id=command.by.pk, proposed_by_id=proposed_by_id, at=command.at, event_id=event_id,
    )  # fmt: skip
