"""Who sees invoices and what is owed; row by row the customer filter decides (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("payments.view_invoices", {"sales", "approver", "manager", "finance", "partner"})
policy("payments.view_receivables", {"sales", "approver", "manager", "finance"})
policy("payments.refresh_overdue", {"finance"})
