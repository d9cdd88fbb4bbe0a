"""Who may look at stock for alerts: the worker alone. Reading and acting have their policies in stock and transfers."""

from oms.accounts.policies import policy

policy("stock.refresh_alerts", set())
