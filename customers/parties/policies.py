"""Who may look at customers (RELIABILITY.md section 3); the row filter says which."""

from oms.accounts.policies import policy

policy("customers.view", {"sales", "approver", "manager", "finance"})
policy("customers.upsert", {"administrator"})
policy("customers.assign", {"manager"})
