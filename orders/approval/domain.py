"""Pure policy: which orders a version of the rules approves by itself, and who else may decide."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Band:
    """One version of the rules; amounts are order nets in company currency, discount and margin are shares."""

    version: int
    auto_limit: Decimal
    auto_max_discount: Decimal
    minimum_margin: Decimal
    approver_limit: Decimal


@dataclass(frozen=True)
class Asked:
    """What the policy looks at: net and cost of the order, the largest discount, and whether a hold is open."""

    net: Decimal
    cost: Decimal
    discount: Decimal
    held: bool

    @property
    def margin(self) -> Decimal:
        """Share of the net left after cost; 1 for an order worth nothing."""
        return (self.net - self.cost) / self.net if self.net else Decimal(1)


def approves_itself(band: Band, asked: Asked) -> bool:
    """Whether the band approves the order in its submission's own transaction (PRODUCT.md section 2)."""
    return (
        not asked.held
        and asked.net <= band.auto_limit
        and asked.discount <= band.auto_max_discount
        and asked.margin >= band.minimum_margin
    )


def below_margin(band: Band, asked: Asked) -> bool:
    """Whether the order earns less than the policy's floor: opens the margin hold."""
    return asked.margin < band.minimum_margin


def deciding_role(band: Band, net: Decimal) -> str:
    """The lowest role that may decide an order of this net."""
    return "approver" if net <= band.approver_limit else "manager"
