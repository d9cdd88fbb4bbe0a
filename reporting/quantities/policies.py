"""Who may read the comparison; the row filter says whose orders."""

from oms.accounts.policies import policy

policy("reporting.see_quantities", {"sales", "approver", "manager", "finance"})
