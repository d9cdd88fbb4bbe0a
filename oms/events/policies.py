"""Who may have given-up work tried again, and who looks into the admin (each of its pages narrows that further)."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("outbox.revive", {Role.MANAGER, Role.ADMINISTRATOR})
policy("master.view", {Role.ADMINISTRATOR, Role.MANAGER, Role.FINANCE})
