"""Who may bring in price lists: the system; persons propose and confirm (RELIABILITY.md section 3)."""

from oms.accounts.policies import policy

policy("pricing.import", set())
