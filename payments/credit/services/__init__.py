"""Writes of credit: `moves` are the parts that post to an account, `terms` the use cases that change its limit."""

from payments.credit.services.moves import Move, force_reserve, move, release_reservation, reserve
from payments.credit.services.terms import (
    AccountRow,
    block_account,
    confirm_terms,
    lower_limit,
    open_accounts,
    propose_terms,
)

__all__ = [
    "AccountRow",
    "Move",
    "block_account",
    "confirm_terms",
    "force_reserve",
    "lower_limit",
    "move",
    "open_accounts",
    "propose_terms",
    "release_reservation",
    "reserve",
]
