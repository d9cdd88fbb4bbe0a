"""Returns: goods come back, are looked at, put back, repaired or scrapped, and are credited, refunded or replaced."""
