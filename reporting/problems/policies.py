"""Everybody on the staff sees the inbox; each sees what the row filter and the roles of the kinds leave."""

from oms.accounts.choices import Role
from oms.accounts.policies import policy

policy("reporting.see_problems", frozenset(Role) - {Role.PARTNER})
policy("reporting.mark_problem", frozenset(Role) - {Role.PARTNER})
policy("reporting.pass_on_claims", set())
