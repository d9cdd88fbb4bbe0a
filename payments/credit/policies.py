"""Who may change limits and blocks (RELIABILITY.md section 3): lowering and blocking is for finance alone; raising
and unblocking is proposed by one person and confirmed by another one of finance."""

from oms.accounts.policies import policy

policy("payments.view_credit", {"sales", "approver", "manager", "finance"})
policy("payments.open_account", {"finance"})
policy("payments.lower_limit", {"finance"})
policy("payments.block_account", {"finance"})
policy("payments.propose_terms", {"sales", "manager", "finance"})
policy("payments.confirm_terms", {"finance"})
