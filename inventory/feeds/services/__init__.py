"""Writes of feeds: `receiving` keeps what arrives in its sequence, `applying` posts it, `repairing` clears what waits."""

from inventory.feeds.services.applying import register, run_feed
from inventory.feeds.services.receiving import MOST_MESSAGES, Sent, receive_messages
from inventory.feeds.services.repairing import (
    discard_message,
    replay_message,
    reset_feed,
    set_code,
    settle_ignored,
    skip_gap,
)

__all__ = [
    "MOST_MESSAGES", "Sent", "discard_message", "receive_messages", "register", "replay_message", "reset_feed", "run_feed", "set_code", "settle_ignored", "skip_gap",
]  # fmt: skip
