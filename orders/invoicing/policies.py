"""Who may issue an invoice by hand (RELIABILITY.md section 3); normally the system does it from the shipment."""

from oms.accounts.policies import policy

policy("orders.invoice", {"finance"})
policy("orders.propose_cancel_invoice", {"finance"})
policy("orders.cancel_invoice", {"manager"})
policy("orders.view_close", {"finance", "manager"})
