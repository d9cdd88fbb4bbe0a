"""Writes of channels: `receiving` keeps what arrives, `entering` makes orders of it, `repairing` clears what waits, `answering` replies."""

from orders.channels.services.answering import answer_order, take_reply
from orders.channels.services.entering import enter
from orders.channels.services.folder import Taken, look
from orders.channels.services.partners import connect, name_actor
from orders.channels.services.receiving import MOST_BYTES, Received, receive
from orders.channels.services.repairing import correct, discard, map_reference, replay, set_references, waive
from orders.channels.services.webhooks import due_endpoints, new_secret, note, send_again, send_to

__all__ = [
    "MOST_BYTES", "Received", "Taken", "answer_order", "connect", "correct", "discard", "due_endpoints", "enter", "look", "map_reference", "name_actor", "new_secret",
    "note", "receive", "replay", "send_again", "send_to",
    "set_references", "take_reply", "waive",
]  # fmt: skip
