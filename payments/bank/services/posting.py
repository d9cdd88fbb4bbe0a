"""Certain matches post by themselves, for customers who are set so, and proposals that finance chose from a page; each in its own
transaction, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.kernel.errors import Conflict, Invalid, NotFound, Stale
from payments.bank.domain import Proposal, divided
from payments.bank.models import BankLine
from payments.bank.selectors import customers_that_post, propose
from payments.bank.services.applying import apply_line

ROUNDS = 5
MOST_CHOSEN = 200


@dataclass
class Posted:
    """What the rule did: payments made, lines left to people, and those somebody was faster with."""

    posted: int = 0
    left: int = 0
    lost: int = 0


def post_certain(lines: Sequence[BankLine], *, by: Any, progress: Callable[[int, int], None] | None = None) -> Posted:
    """Post what is certain enough for its customer; what is taken narrows what is left, so look again until nothing moves.

    A line that is matched already is passed over: asked twice, the effect is there once.
    """
    limits, result, waiting = customers_that_post(), Posted(), list(lines)
    if not limits:
        return Posted(left=len(waiting))
    for _n in range(ROUNDS):
        ready = [(line, p) for line, p in _best(waiting) if p.certain and p.score >= limits.get(p.customer_id, 101)]
        done = set()
        for n, (line, p) in enumerate(ready):
            if _post(line, p, by):
                done.add(line.pk)
                result.posted += 1
            else:
                result.lost += 1
            if progress is not None:
                progress(n + 1, len(waiting))
        waiting = [line for line in waiting if line.pk not in done]
        if not done:
            break
    result.left = len(waiting)
    return result


class Chosen(NamedTuple):
    """A proposal that a person took, as it was shown: of a line with so much to match, who pays what, which discounts were kept."""

    line_id: int
    unmatched: Decimal
    customer_id: int
    allocations: tuple[tuple[int, Decimal], ...]
    discounts: tuple[tuple[int, Decimal], ...] = ()


def post_chosen(chosen: Sequence[Chosen], *, by: Any) -> Posted:
    """Post proposals as they were shown, each in its own transaction; `lost` are those whose line or invoices moved meanwhile.

    Raises Forbidden; Invalid `nothing_chosen`, `too_many`.
    """
    authorize(by, "payments.apply")
    if not chosen:
        raise Invalid(_("Choose at least one line."), code="nothing_chosen")
    if len(chosen) > MOST_CHOSEN:
        raise Invalid(_("At most %(n)s lines at once.") % {"n": MOST_CHOSEN}, code="too_many")
    result = Posted()
    for one in chosen:
        allocations, deposits = divided(one.allocations)
        try:
            apply_line(one.line_id, one.customer_id, allocations, by=by, unmatched=one.unmatched, discounts=dict(one.discounts), deposits=deposits)
        except (Conflict, Stale, Invalid, NotFound):
            result.lost += 1
        else:
            result.posted += 1
    return result


def _best(lines: Sequence[BankLine]) -> list[tuple[BankLine, Proposal]]:
    found = propose(lines) if lines else {}
    return [(line, found[line.pk][0]) for line in lines if found.get(line.pk)]


def _post(line: BankLine, p: Proposal, by: Any) -> bool:
    """Apply one proposal; False when the line or the invoices moved meanwhile."""
    try:
        allocations, deposits = divided(p.allocations)
        apply_line(line.pk, p.customer_id, allocations, by=by, unmatched=line.unmatched, discounts=dict(p.discounts), deposits=deposits)
    except (Conflict, Stale):
        return False
    return True
