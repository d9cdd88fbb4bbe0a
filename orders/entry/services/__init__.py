"""Writes of entry: `submission` makes orders, `alternatives` says what to offer instead, `drafts` keep what is typed, `steps` take back and reopen."""

from orders.entry.services.alternatives import alternatives
from orders.entry.services.amend import amend, preview
from orders.entry.services.drafts import copy, discard, save_draft
from orders.entry.services.recheck import recheck
from orders.entry.services.steps import cancel, cancel_rest, recall, reopen
from orders.entry.services.submission import Key, Replayed, quote, submit
from orders.entry.services.templates import drop_template, keep_template

__all__ = ["Key", "Replayed", "alternatives", "amend", "cancel", "cancel_rest", "copy", "discard", "drop_template", "keep_template", "preview", "quote", "recall", "recheck", "reopen", "save_draft", "submit"]
