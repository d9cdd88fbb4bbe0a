"""Who may plan (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("orders.plan", {"manager"})
policy("orders.edit_ranking", {"manager"})
policy("orders.raise_criticality", {"sales", "approver", "manager"})
policy("planning.write_lanes", {"administrator"})
