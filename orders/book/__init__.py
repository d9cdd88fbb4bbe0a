"""The order book: what was ordered, how far it got, and the only doors to change that."""
