"""Writes of credit: `moves` are the parts that post to an account, `terms` the use cases that change its limit."""

from payments.credit.services.moves import (
    Move,
    force_reserve,
    move,
    move_many,
    refusal,
    release_reservation,
    reserve,
    reserving,
)
from payments.credit.services.terms import (
    AccountRow,
    block_account,
    confirm_terms,
    join_accounts,
    lower_limit,
    open_accounts,
    propose_terms,
    set_terms,
)

__all__ = [
    "AccountRow",
    "Move",
    "block_account",
    "confirm_terms",
    "force_reserve",
    "join_accounts",
    "lower_limit",
    "move",
    "move_many",
    "open_accounts",
    "propose_terms",
    "refusal",
    "release_reservation",
    "reserve",
    "reserving",
    "set_terms",
]
