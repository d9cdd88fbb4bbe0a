"""The inbox of problems: everything that waits for a person, derived from state; only marks on it are kept."""
