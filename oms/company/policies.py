"""Who may set the company up: the system (demo, import). Single master data is edited in the admin."""

from oms.accounts.policies import policy

policy("company.setup", set())
policy("company.write_calendars", {"administrator"})
