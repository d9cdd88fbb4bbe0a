"""The kinds of change that take two persons. A room's `changes` module registers its own; all are collected once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from oms.changes.models import ChangeRequest
from oms.kernel.rooms import modules


@dataclass(frozen=True)
class ChangeKind:
    """`propose` and `confirm` are verbs of `authorize`; `apply(request)` writes, inside the confirming command, and raises
    Stale when what stood there `before` has changed."""

    code: str
    label: Any
    propose: str
    confirm: str
    apply: Callable[[ChangeRequest], Any]


_kinds: dict[str, ChangeKind] = {}


def change_kind(code: str, label: Any, *, propose: str, confirm: str) -> Callable[[Callable[[ChangeRequest], Any]], Callable[[ChangeRequest], Any]]:
    """Register the function that writes a confirmed change of this kind."""

    def register(apply: Callable[[ChangeRequest], Any]) -> Callable[[ChangeRequest], Any]:
        assert code not in _kinds, f"two kinds of change are named {code}"
        _kinds[code] = ChangeKind(code, label, propose, confirm, apply)
        return apply

    return register


@cache
def _load() -> None:
    modules("changes")


def kinds() -> dict[str, ChangeKind]:
    """Every kind by code, all rooms loaded."""
    _load()
    return _kinds
