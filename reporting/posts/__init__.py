"""Posts: who holds them, what is with them, and how one passes to somebody else."""
