"""Everybody who works on orders keeps views of their own; who sees an order's business writes notes on it."""

from __future__ import annotations

from oms.accounts.policies import policy

policy("orders.keep_view", {"sales", "approver", "manager", "finance", "warehouse", "partner", "administrator"})
policy("orders.note", {"sales", "approver", "manager", "finance", "partner"})
policy("orders.see_confirmation", {"sales", "approver", "manager", "finance", "partner"})
