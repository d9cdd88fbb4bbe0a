"""Cards and debits by a payment provider: asked, authorised, captured, paid out to the bank; never paid before the bank says so."""
