"""Changes that take two persons: one proposes, another confirms, and only then does anything happen."""
