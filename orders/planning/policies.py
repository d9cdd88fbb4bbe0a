"""Who may plan (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("orders.plan", {"manager"})
