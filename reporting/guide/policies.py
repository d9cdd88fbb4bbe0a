"""Help is for everybody on the staff."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("reporting.see_guide", frozenset(Role) - {Role.PARTNER})
