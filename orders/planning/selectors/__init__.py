"""Reads of planning: lanes, `place`, and what is planned and promised now."""

from orders.planning.selectors.live import Due, due_lines, last_promises, live_lines
from orders.planning.selectors.network import LaneRow, Network, network
from orders.planning.selectors.placing import NOTHING, Ask, AskLine, Placed, PlacedRow, Told, place, place_on

__all__ = [
    "NOTHING",
    "Ask",
    "AskLine",
    "Due",
    "LaneRow",
    "Network",
    "Placed",
    "PlacedRow",
    "Told",
    "due_lines",
    "last_promises",
    "live_lines",
    "network",
    "place",
    "place_on",
]
