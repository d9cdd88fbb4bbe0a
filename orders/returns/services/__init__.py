"""Writes of returns: asked for and allowed (requesting), received and disposed of (receiving), settled (settling)."""

from orders.returns.services.crediting import credit_settled
from orders.returns.services.receiving import Came, Disposed, dispose, finish_repair, inspect, receive_return
from orders.returns.services.requesting import (
    Allowed,
    Item,
    authorise,
    request_return,
    send_return,
    withdraw_return,
)
from orders.returns.services.settling import Settled, settle

__all__ = [
    "Allowed", "Came", "Disposed", "Item", "Settled", "authorise", "credit_settled", "dispose", "finish_repair", "inspect", "receive_return",
    "request_return", "send_return", "settle", "withdraw_return",
]  # fmt: skip
