"""One door for "may this actor do this": `authorize(actor, verb, obj)`.

Rooms register a verb with the roles that may use it and, where the object matters, a `rules` predicate.
Closed by default: an unknown verb or an inactive actor is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.kernel.errors import Forbidden
from oms.kernel.rooms import modules

Predicate = Callable[[Any, Any], "Forbidden | None"]


@dataclass(frozen=True)
class Policy:
    """`roles` may do `verb`; `unless(actor, obj)` returns the refusal for this object, or None."""

    verb: str
    roles: frozenset[str]
    unless: Predicate | None = None


_policies: dict[str, Policy] = {}


def policy(verb: str, roles: Iterable[str], unless: Predicate | None = None) -> Policy:
    """Register who may do `verb` (once a verb; at import of a room's `policies` module)."""
    assert verb not in _policies, f"{verb} has two policies"
    _policies[verb] = Policy(verb, frozenset(roles), unless)
    return _policies[verb]


@cache
def _load() -> None:
    modules("policies")


def registered() -> dict[str, Policy]:
    """Every verb with its policy, all rooms loaded."""
    _load()
    return _policies


def who_may(verb: str) -> str:
    """The roles that may do `verb`, for refusals: "approver, manager"."""
    return ", ".join(str(Role(r).label) for r in sorted(registered()[verb].roles))


def refusal(actor: Any, verb: str, obj: Any = None) -> Forbidden | None:
    """Why `actor` may not do `verb` to `obj`, or None when allowed. System actors may do everything but approve."""
    rule = registered().get(verb)
    if rule is None:
        raise LookupError(f"no policy for {verb}")
    if not actor.is_active:
        return Forbidden(_("This account is closed."), code="account_closed", verb=verb)
    if not actor.is_system and not rule.roles.intersection(actor.roles):
        return Forbidden(
            _("Your role may not do this (%(verb)s).") % {"verb": verb},
            code="role",
            verb=verb,
            who=who_may(verb),
            clears=_("Ask one of: %(who)s.") % {"who": who_may(verb)},
        )
    return rule.unless(actor, obj) if rule.unless else None


def authorize(actor: Any, verb: str, obj: Any = None) -> None:
    """Raise Forbidden unless `actor` may do `verb` to `obj` (RELIABILITY.md section 3)."""
    error = refusal(actor, verb, obj)
    if error is not None:
        raise error


def may(actor: Any, verb: str, obj: Any = None) -> bool:
    """Whether `authorize` would pass; for showing buttons."""
    return refusal(actor, verb, obj) is None
