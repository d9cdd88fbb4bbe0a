"""Who may have tables mailed: whoever works here, to themselves alone."""

from oms.accounts.policies import policy

policy("reporting.schedule", {"sales", "approver", "manager", "finance", "warehouse", "administrator"})
policy("reporting.send_scheduled", set())
