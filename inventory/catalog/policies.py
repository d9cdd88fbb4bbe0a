"""Who may change what is sold and where it lies. Single master data is edited in the admin, imports act as the system."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("catalog.upsert_products", {Role.ADMINISTRATOR})
policy("catalog.upsert_locations", {Role.ADMINISTRATOR})
policy("catalog.assign_staff", {Role.ADMINISTRATOR})
policy("catalog.set_substitutes", {Role.ADMINISTRATOR})
policy("catalog.set_reorder_level", {Role.MANAGER})
