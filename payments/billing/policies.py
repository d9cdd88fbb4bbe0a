"""Who sees invoices and what is owed; row by row the customer filter decides (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("payments.view_invoices", {"sales", "approver", "manager", "finance", "partner"})
policy("payments.view_receivables", {"sales", "approver", "manager", "finance"})
policy("payments.own_statement", {"partner"})
policy("payments.refresh_overdue", {"finance"})
policy("payments.propose_credit", {"finance"})
policy("payments.confirm_credit", {"manager"})
policy("payments.propose_write_off", {"finance"})
policy("payments.confirm_write_off", {"finance", "manager"})
policy("payments.propose_refund", {"finance"})
policy("payments.confirm_refund", {"manager"})
policy("payments.charge_fee", {"finance"})
policy("payments.bring_invoices", {"finance"})
policy("payments.dispute", {"sales", "manager", "finance", "partner"})
policy("payments.settle_dispute", {"finance"})
policy("payments.dun", {"finance"})
policy("payments.close_month", {"finance"})
policy("payments.propose_reopen_month", {"finance"})
policy("payments.confirm_reopen_month", {"finance", "manager"})
