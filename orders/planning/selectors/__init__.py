"""Reads of planning: lanes, `place`, and what is planned and promised now."""

from orders.planning.selectors.impact import Impact, impacts_of
from orders.planning.selectors.live import Due, due_at, due_lines, last_promises, live_lines
from orders.planning.selectors.network import LaneRow, Network, network
from orders.planning.selectors.placing import NOTHING, Ask, AskLine, Placed, PlacedRow, Told, place, place_on
from orders.planning.selectors.rules import by_rank

__all__ = [
    "NOTHING",
    "Ask",
    "AskLine",
    "Due",
    "Impact",
    "LaneRow",
    "Network",
    "Placed",
    "PlacedRow",
    "Told",
    "by_rank",
    "due_at",
    "due_lines",
    "impacts_of",
    "last_promises",
    "live_lines",
    "network",
    "place",
    "place_on",
]
