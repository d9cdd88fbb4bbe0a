"""Deep tests, by `make soak`: long, seeded, skipped elsewhere."""
