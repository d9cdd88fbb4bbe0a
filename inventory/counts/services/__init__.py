"""Writes of counts: open a sheet, key what was counted, post it, look at it again."""

from inventory.counts.services.posting import post_sheet, review_sheet
from inventory.counts.services.sheets import Found, Scope, cancel_sheet, key_counts, open_sheet

__all__ = ["Found", "Scope", "cancel_sheet", "key_counts", "open_sheet", "post_sheet", "review_sheet"]
