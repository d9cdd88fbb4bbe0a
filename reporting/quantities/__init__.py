"""From ordered to paid: every step in quantities and money, every gap with its reason."""
