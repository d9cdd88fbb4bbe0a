"""Mail leaves by the system; who may look at it or send it again is for the rooms above, by the row filter."""

from oms.accounts.policies import policy

policy("mail.send", set())
