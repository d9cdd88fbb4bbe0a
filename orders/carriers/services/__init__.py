"""Use cases of carriers: give a shipment to one and take it back, take what they tell, write what they charge."""

from orders.carriers.services.booking import CARRY_OUT, ask_carrier, carry_out, give_up, settle
from orders.carriers.services.rates import RateRow, write_rates
from orders.carriers.services.tracking import follow, take_tracking

__all__ = ["CARRY_OUT", "RateRow", "ask_carrier", "carry_out", "follow", "give_up", "settle", "take_tracking", "write_rates"]
