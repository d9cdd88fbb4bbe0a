"""Who charges cards and debits: finance."""

from oms.accounts.policies import policy

policy("payments.charge", {"finance"})
policy("payments.view_charges", {"finance", "manager"})
policy("payments.carry_out_charge", set())
