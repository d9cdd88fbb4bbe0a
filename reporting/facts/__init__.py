"""Daily figures per post, product family and customer, booked by period, recomputed by `verify` from the ledgers."""
