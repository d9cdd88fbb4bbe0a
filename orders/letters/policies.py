"""Who sees mail to customers, sends it again, says who gets what; the row filter says whose."""

from oms.accounts.policies import policy
from orders.service.policies import STAFF, not_visible

policy("letters.see", STAFF)
policy("letters.send_again", STAFF, unless=not_visible)
policy("letters.set_rules", STAFF, unless=not_visible)
