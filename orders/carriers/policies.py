"""Who gives shipments to carriers: the warehouse they leave from; who sees what carriers cost and keep: managers."""

from oms.accounts.policies import policy
from orders.fulfilment.policies import other_location

policy("carriers.book", {"warehouse"}, unless=other_location)
policy("carriers.view", {"manager", "warehouse"})
policy("carriers.write_rates", {"manager", "administrator"})
policy("carriers.carry_out", set())
policy("carriers.track", set())
