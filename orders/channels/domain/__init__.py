"""What every partner's message becomes before it is an order, and what may be wrong with it. Pure.

A format's adapter reads bytes into `Read` messages. Amounts are net and in the message's currency; nothing is corrected
here: what does not add up is a `Finding` that says both figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Finding:
    """Something wrong: `code` names the rule, `where` the place (segment, path, line), `facts` its figures as text.

    `reply` is what the format's acknowledgement says of it: (level, segment tag, ordinal in the message, element, code).
    """

    code: str
    where: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    reply: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """How the sender names a product: `scheme` is seller, buyer, gtin, shop, manufacturer or "" (not said)."""

    scheme: str
    code: str


@dataclass(frozen=True)
class Party:
    """A party or place as the message says; `code` is the sender's name for it, "" when only an address is given."""

    code: str = ""
    name: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    country: str = ""

    @property
    def addressed(self) -> bool:
        """Whether there is enough of an address to deliver to."""
        return bool(self.city and (self.street or self.postal_code))


@dataclass(frozen=True)
class OrderedLine:
    """One line: `price` is net per `basis` units (None: not said), `discount` an amount off the line, `net` as stated.

    `number` is the sender's own; a later change names it again.
    """

    number: str
    references: tuple[Reference, ...]
    quantity: Decimal
    unit: str = ""
    price: Decimal | None = None
    basis: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    net: Decimal | None = None
    description: str = ""
    requested_date: date | None = None

    @property
    def computed(self) -> Decimal | None:
        """quantity × price ÷ basis − discount, unrounded; None without a price."""
        return None if self.price is None else self.quantity * self.price / self.basis - self.discount


@dataclass(frozen=True)
class Charge:
    """Freight or a fee; an allowance is negative."""

    description: str
    amount: Decimal


@dataclass(frozen=True)
class Stated:
    """What the message says of itself, None where it does not: how many lines, the sum of quantities, sums of money."""

    lines: int | None = None
    quantity: Decimal | None = None
    lines_net: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None


@dataclass(frozen=True)
class OrderMessage:
    """An order, a change of one (the lines as they shall be), its cancellation, or a return. `number` is the sender's.

    `as_of` orders the states a shop reports ("" where a message is no state). `returned` are {line: units that come back}.
    """

    kind: str
    number: str
    customer_po: str = ""
    as_of: str = ""
    ordered_on: date | None = None
    currency: str = ""
    buyer: Party = Party()
    ship_to: Party = Party()
    payer: Party = Party()
    lines: tuple[OrderedLine, ...] = ()
    charges: tuple[Charge, ...] = ()
    requested_date: date | None = None
    cancel_after: date | None = None
    instructions: str = ""
    notes: str = ""
    reason: str = ""
    stated: Stated = Stated()
    returned: Mapping[str, Decimal] = field(default_factory=dict)


def count(quantity: Decimal) -> str:
    """A quantity without needless zeros or exponent."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


ORDER, CHANGE, CANCEL, RETURN, OTHER = "order", "change", "cancel", "return", "other"


@dataclass(frozen=True)
class Read:
    """One message found in what arrived; `order` is None when it could not be read that far.

    `reference` is its control number, `name` what it calls itself (850, ORDERS:D:96A, orders/create). `envelope` and
    `group` are positions of what it came in, for the acknowledgement. `nothing` says that nothing is asked of us, and why.
    """

    reference: str
    name: str
    order: OrderMessage | None
    findings: tuple[Finding, ...] = ()
    envelope: int = 0
    group: int = 0
    nothing: str = ""
    test: bool = False


@dataclass(frozen=True)
class Envelope:
    """One interchange: whose, with which number, what is wrong with it as a whole; `groups` are what its replies need."""

    sender: str
    recipient: str
    control: str
    findings: tuple[Finding, ...] = ()
    groups: tuple[Mapping[str, str], ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """Everything in one file or request. `findings` are of the whole: then there may be no message at all."""

    messages: tuple[Read, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Setting:
    """What reading depends on: the name of the sender's charset where the format does not say, and which event it is."""

    charset: str = ""
    topic: str = ""
    name: str = ""


@dataclass(frozen=True)
class Written:
    """A message of ours: kind (997, 855, CONTRL …), its control number, and its bytes."""

    kind: str
    control: str
    content_type: str
    body: bytes
