"""Holds beside the status: opened by what is wrong, released by who may, read by every step they stop."""
