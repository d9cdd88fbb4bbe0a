"""Everybody may search; each finds what their pages show."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("reporting.search", frozenset(Role) - {Role.ADMINISTRATOR})
