"""Who may bring in price lists: the system; persons propose and confirm (RELIABILITY.md section 3). Who reads a customer's prices."""

from oms.accounts.policies import policy

policy("pricing.import", set())
policy("pricing.view", {"sales", "approver", "manager", "finance", "partner"})
