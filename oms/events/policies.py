"""Who may have given-up work tried again."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("outbox.revive", {Role.MANAGER, Role.ADMINISTRATOR})
