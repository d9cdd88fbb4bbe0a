"""Pure policy: which orders a version of the rules approves by itself, and who else may decide."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# The rules of a version: {field: (how a text is read, least, most)}; an empty `second_above` means one person is enough.
RULES: dict[str, tuple[type, Decimal | int, Decimal | int]] = {
    "auto_limit": (Decimal, Decimal(0), Decimal(10) ** 12), "auto_max_discount": (Decimal, Decimal(0), Decimal(1)),
    "minimum_margin": (Decimal, Decimal(0), Decimal(1)), "approver_limit": (Decimal, Decimal(0), Decimal(10) ** 12),
    "approver_max_discount": (Decimal, Decimal(0), Decimal(1)), "second_above": (Decimal, Decimal(0), Decimal(10) ** 12),
    "together_hours": (int, 0, 24 * 31), "escalate_hours": (int, 1, 24 * 31), "claim_days": (int, 1, 60),
}  # fmt: skip


@dataclass(frozen=True)
class Band:
    """One version of the rules; amounts are order nets in company currency, discount and margin are shares."""

    version: int
    auto_limit: Decimal
    auto_max_discount: Decimal
    minimum_margin: Decimal
    approver_limit: Decimal
    approver_max_discount: Decimal = Decimal(1)
    second_above: Decimal | None = None


@dataclass(frozen=True)
class Asked:
    """What the policy looks at: net and cost of the order, the largest discount, and whether a hold is open.

    `together` is the net of the customer's other orders that count with it (PRODUCT.md section 2: within 24 h).
    """

    net: Decimal
    cost: Decimal
    discount: Decimal
    held: bool
    together: Decimal = Decimal(0)

    @property
    def margin(self) -> Decimal:
        """Share of the net left after cost; 1 for an order worth nothing."""
        return (self.net - self.cost) / self.net if self.net else Decimal(1)


def approves_itself(band: Band, asked: Asked) -> bool:
    """Whether the band approves the order in its submission's own transaction (PRODUCT.md section 2)."""
    return (
        not asked.held
        and asked.net + asked.together <= band.auto_limit
        and asked.discount <= band.auto_max_discount
        and asked.margin >= band.minimum_margin
    )


def below_margin(band: Band, asked: Asked) -> bool:
    """Whether the order earns less than the policy's floor: opens the margin hold."""
    return asked.margin < band.minimum_margin


def deciding_role(band: Band, net: Decimal, discount: Decimal = Decimal(0)) -> str:
    """The lowest role that may decide orders of this net together, with this largest discount."""
    return "approver" if net <= band.approver_limit and discount <= band.approver_max_discount else "manager"


def needs_second(band: Band, net: Decimal) -> bool:
    """Whether a second person has to approve orders of this net together."""
    return band.second_above is not None and net > band.second_above


def decided_by(band: Band, asked: Asked) -> str:
    """Who decides such an order under a version of the rules: "policy", "approver", "manager" or "two persons"."""
    if approves_itself(band, asked):
        return "policy"
    if needs_second(band, asked.net + asked.together):
        return "two persons"
    return deciding_role(band, asked.net + asked.together, asked.discount)
