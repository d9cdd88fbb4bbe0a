"""Who collects (RELIABILITY.md section 3): sales give receipts for their own customers, finance banks them."""

from oms.accounts.policies import policy

policy("payments.issue_receipt", {"sales"})
policy("payments.view_receipts", {"sales", "manager", "finance"})
policy("payments.bank_receipt", {"finance"})
policy("payments.propose_loss", {"finance"})
policy("payments.confirm_loss", {"manager"})
