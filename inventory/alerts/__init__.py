"""What stock wants attention: running low, running out, lying still, expiring; and who could help from another location."""
