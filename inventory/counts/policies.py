"""Who counts: the staff of the location (stock.count); managers read, and look at what is worth much."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("counts.read", {Role.WAREHOUSE, Role.MANAGER})
policy("counts.review", {Role.MANAGER})
