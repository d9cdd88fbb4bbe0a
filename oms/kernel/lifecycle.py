"""A lifecycle is a table of allowed edges; Python and the database's trigger are made from the same table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oms.kernel.errors import Conflict


@dataclass(frozen=True)
class Lifecycle:
    """`edges` maps a status to those it may move to; `initial` are the statuses a row may be born in."""

    noun: str
    edges: Mapping[str, frozenset[str]]
    initial: frozenset[str]

    def check(self, source: str, target: str) -> None:
        """Raises Conflict `illegal_transition` unless source → target is in the table."""
        if target not in self.edges.get(source, frozenset()):
            raise Conflict(
                f"{self.noun}: {source} cannot become {target}",
                code="illegal_transition",
                source=source,
                target=target,
                allowed=sorted(self.edges.get(source, frozenset())),
            )

    def pairs(self) -> list[tuple[str, str]]:
        """Every allowed (source, target), sorted; births as ("", target)."""
        births = [("", s) for s in self.initial]
        return sorted(births + [(s, t) for s, targets in self.edges.items() for t in targets])

    def sql_values(self) -> str:
        """The edges as the body of a SQL VALUES list."""
        return ", ".join(f"('{s}', '{t}')" for s, t in self.pairs())
