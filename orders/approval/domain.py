"""Pure policy: which orders a version of the rules approves by itself, and who else may decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

# The rules of a version: {field: (how a text is read, least, most)}; an empty `second_above` means one person is enough.
RULES: dict[str, tuple[type, Decimal | int, Decimal | int]] = {
    "auto_limit": (Decimal, Decimal(0), Decimal(10) ** 12), "auto_max_discount": (Decimal, Decimal(0), Decimal(1)),
    "minimum_margin": (Decimal, Decimal(0), Decimal(1)), "approver_limit": (Decimal, Decimal(0), Decimal(10) ** 12),
    "approver_max_discount": (Decimal, Decimal(0), Decimal(1)), "second_above": (Decimal, Decimal(0), Decimal(10) ** 12),
    "together_hours": (int, 0, 24 * 31), "escalate_hours": (int, 1, 24 * 31), "claim_days": (int, 1, 60),
}  # fmt: skip


ANY = "*"
CLASSES = range(10)


@dataclass(frozen=True)
class Limit:
    """Other limits for customers of a class (None: any) in a region and below ("" : anywhere), by the region's code."""

    customer_class: int | None
    region: str
    auto_limit: Decimal
    approver_limit: Decimal

    def __str__(self) -> str:
        klass = ANY if self.customer_class is None else self.customer_class
        return f"{klass} {self.region or ANY} {self.auto_limit.normalize():f} {self.approver_limit.normalize():f}"


def read_limits(text: str) -> tuple[list[Limit], list[int]]:
    """(limits, numbers of the lines that are none) of a text with one a line: class, region, itself up to, approver up to.

    `*` stands for any class, or anywhere; not for both. The same class and region twice is wrong the second time.
    """
    found: dict[tuple[int | None, str], Limit] = {}
    wrong = []
    for n, line in enumerate(text.splitlines(), 1):
        parts = line.replace(",", " ").split()
        if not parts:
            continue
        try:
            klass, region, auto, approver = parts
            limit = Limit(None if klass == ANY else int(klass), "" if region == ANY else region.upper(), Decimal(auto), Decimal(approver))
            least, most = sorted((limit.auto_limit, limit.approver_limit))
            known = limit.customer_class is None or limit.customer_class in CLASSES
            if not (known and (klass, region) != (ANY, ANY) and least >= 0 and most <= 10**12) or (limit.customer_class, limit.region) in found:
                raise ValueError(line)
        except (ValueError, InvalidOperation):
            wrong.append(n)
            continue
        found[limit.customer_class, limit.region] = limit
    return list(found.values()), wrong


def fitting(limits: Iterable[Limit], customer_class: int | None, up: Sequence[str]) -> Limit | None:
    """The limit for a customer: of the nearest region, then of the class. `up` are the codes of its regions, its own first."""
    def nearness(limit: Limit) -> tuple[int, bool]:
        return (up.index(limit.region) if limit.region else len(up), limit.customer_class is None)

    fit = [x for x in limits if x.customer_class in (None, customer_class) and (not x.region or x.region in up)]
    return min(fit, key=nearness, default=None)


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


def limited(band: Band, limit: Limit | None) -> Band:
    """The band with the limits that a customer has of its own."""
    return band if limit is None else replace(band, auto_limit=limit.auto_limit, approver_limit=limit.approver_limit)


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
