"""Who may look at posts; the row filter says at which. Handing over is `territory.hand_over`."""

from oms.accounts.policies import policy

policy("reporting.see_posts", {"approver", "manager", "finance"})
