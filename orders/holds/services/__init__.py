"""Writes of holds: `opening` the parts, `credit` what the account says, `holding` what people do."""

from orders.holds.services.credit import (
    fit_credit,
    gate,
    gates,
    hold_if_refused,
    kind_of,
    needed_of,
    put_back,
    settle_credit,
)
from orders.holds.services.holding import place_hold, release_hold
from orders.holds.services.opening import NewHold, close_holds, held, open_holds
from orders.holds.services.prepaying import settle_prepayment
from orders.holds.services.quota import QuotaRow, charge_again, fit_quota, set_quotas, settle_quota, take

__all__ = [
    "NewHold", "QuotaRow", "charge_again", "close_holds", "fit_credit", "fit_quota", "gate", "gates", "held", "hold_if_refused", "kind_of", "needed_of", "open_holds", "place_hold", "put_back",
    "release_hold", "set_quotas", "settle_credit", "settle_prepayment", "settle_quota",
    "take",
]  # fmt: skip
