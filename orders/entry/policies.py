"""Who may enter orders, override prices, and bring in history (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("orders.submit", {"sales", "manager", "partner"})
policy("orders.override_price", {"sales", "approver", "manager"})
policy("orders.cancel", {"sales", "manager", "partner"})
policy("orders.enter_history", {"administrator", "manager"})
