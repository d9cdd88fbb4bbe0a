"""Writes of cases: `opening` makes them, `talking` says things and gives them to people, `deciding` ends, reopens, merges, links."""

from orders.service.services.deciding import link_cases, merge_case, reopen_case, resolve_case
from orders.service.services.opening import NewCase, NewFile, classify_case, open_case
from orders.service.services.talking import assign_case, pass_on_cases, say

__all__ = [
    "NewCase", "NewFile", "assign_case", "classify_case", "link_cases", "merge_case", "open_case", "pass_on_cases", "reopen_case", "resolve_case", "say",
]  # fmt: skip
