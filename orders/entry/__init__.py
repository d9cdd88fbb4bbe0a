"""Entry: the hint is the commit. `quote` and `submit` are one function, with and without writing."""
