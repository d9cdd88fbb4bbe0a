"""Whether a message agrees with itself: its lines with its sums, its counts with its lines. Nothing is made to fit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from oms.kernel.money import half_up
from orders.channels.domain import CANCEL, ORDER, RETURN, Finding, OrderMessage, count

MOST_LINES = 5_000
CENTS = 2
HASH_SIZE = Decimal(10) ** 10


def places(amount: Decimal) -> int:
    """Decimals the sender wrote, at least two, so that 825 and 825.00 are compared alike."""
    exponent = amount.as_tuple().exponent
    return max(CENTS, -exponent) if isinstance(exponent, int) else CENTS


def differs(stated: Decimal, computed: Decimal) -> bool:
    """Whether `computed`, rounded as finely as `stated` is written, is another amount."""
    return half_up(computed, places(stated)) != stated


def difference(code: str, where: str, stated: Decimal, computed: Decimal, **facts: str) -> Finding:
    """A finding with both figures and what lies between them."""
    computed = half_up(computed, places(stated))
    figures = {"stated": plain(stated), "computed": plain(computed), "difference": plain(computed - stated)}
    return Finding(code, where, {**figures, **facts})


def plain(amount: Decimal) -> str:
    """The amount without exponent, with at least two decimals where it has any."""
    whole = amount == amount.to_integral_value() and amount.as_tuple().exponent == 0
    return format(amount, "f") if whole else format(half_up(amount, places(amount)), "f")


def check(order: OrderMessage) -> Iterator[Finding]:
    """Every way in which the message contradicts itself."""
    stated = order.stated
    for line in order.lines:
        if line.net is not None and line.computed is not None and differs(line.net, line.computed):
            yield difference("line_sum", f"lines.{line.number}", line.net, line.computed, line=line.number)
    if stated.lines is not None and stated.lines != len(order.lines):
        yield Finding("line_count", "", {"stated": str(stated.lines), "computed": str(len(order.lines))})
    if stated.quantity is not None:
        yield from quantity_sum(order, stated.quantity)
    nets = [line.computed if line.net is None else line.net for line in order.lines]
    known = [net for net in nets if net is not None]
    if len(known) < len(nets) or not nets:
        return
    total = sum(known, Decimal(0))
    if stated.lines_net is not None and differs(stated.lines_net, total):
        yield difference("lines_total", "", stated.lines_net, total)
    else:
        total = total if stated.lines_net is None else stated.lines_net
    total += sum((charge.amount for charge in order.charges), Decimal(0))
    if stated.net is not None and differs(stated.net, total):
        yield difference("net_total", "", stated.net, total)
    if stated.total is not None and stated.tax is not None:
        base = stated.net if stated.net is not None else total
        if differs(stated.total, base + stated.tax):
            yield difference("total", "", stated.total, base + stated.tax)


def quantity_sum(order: OrderMessage, stated: Decimal) -> Iterator[Finding]:
    """X12's hash total ignores decimal points and keeps ten digits; most senders just add. Either is right."""
    added = sum((line.quantity for line in order.lines), Decimal(0))
    pointless = sum((Decimal("".join(map(str, line.quantity.as_tuple().digits))) for line in order.lines), Decimal(0))
    if stated not in (added, added % HASH_SIZE, pointless, pointless % HASH_SIZE):
        yield Finding("quantity_sum", "", {"stated": count(stated), "computed": count(added)})


def expected(order: OrderMessage) -> tuple[Decimal | None, Decimal | None]:
    """(net, total) that the sender reckons with: as stated, else the net of lines that all have a price; (None, None)."""
    net = order.stated.net
    if net is None:
        nets = [line.computed if line.net is None else line.net for line in order.lines]
        known = [half_up(n, CENTS) for n in nets if n is not None]
        if known and len(known) == len(nets):
            net = sum(known, Decimal(0)) + sum((charge.amount for charge in order.charges), Decimal(0))
    return net, order.stated.total


LONGEST = {"number": 60, "customer_po": 60}


def complete(order: OrderMessage) -> Iterator[Finding]:
    """What an order must have before it can be entered, whatever its format."""
    for name, most in LONGEST.items():
        value = getattr(order, name)
        if len(value) > most:
            yield Finding("too_long", name, {"value": value[:80], "most": str(most)})
    if not order.number.strip():
        yield Finding("number_missing", "number", {"value": ""})
    if order.kind in (CANCEL, RETURN):
        return
    if not order.lines:
        yield Finding("no_lines", "lines", {})
    if len(order.lines) > MOST_LINES:
        yield Finding("too_many_lines", "lines", {"count": str(len(order.lines)), "most": str(MOST_LINES)})
    for line in order.lines:
        if line.quantity < 0 or (not line.quantity and order.kind == ORDER):
            yield Finding("quantity_missing", f"lines.{line.number}", {"line": line.number})
        if not line.references and line.quantity:
            yield Finding("no_reference", f"lines.{line.number}", {"line": line.number})
        if line.computed is not None and line.computed < 0:
            yield Finding("price_negative", f"lines.{line.number}", {"line": line.number})
