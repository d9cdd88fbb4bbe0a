"""Help: what each figure counts and what it does not, a guide for each role, the keys."""
