"""Credit accounts and their reservation ledger: who may owe how much, and what of it is used by what."""
