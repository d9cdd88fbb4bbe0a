"""Who may change limits and blocks (RELIABILITY.md section 3): lowering and blocking finance alone."""

from oms.accounts.policies import policy

policy("payments.view_credit", {"sales", "approver", "manager", "finance"})
policy("payments.lower_limit", {"finance"})
