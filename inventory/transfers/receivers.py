"""Tells stock what requested transfers hold at their sources."""

from inventory.stock.bookings import register
from inventory.transfers.selectors import live_bookings

register(live_bookings)
