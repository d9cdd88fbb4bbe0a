"""Writes of transfers: ask for one, ship, receive, and clear what differs."""

from inventory.transfers.services.differences import correct_shipped, give_up, propose_give_up
from inventory.transfers.services.facts import Arrived, Sent, close_transfer, receive_transfer, ship_transfer
from inventory.transfers.services.requests import Wanted, cancel_transfer, move_arrival, request_transfer

__all__ = [
    "Arrived", "Sent", "Wanted", "cancel_transfer", "close_transfer", "correct_shipped", "give_up", "move_arrival",
    "propose_give_up", "receive_transfer", "request_transfer", "ship_transfer",
]  # fmt: skip
