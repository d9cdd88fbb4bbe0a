"""The form of a problem: something that waits for a person, derived from state, never stored (PRODUCT.md section 9).

A room's `problems` module lists `PROBLEMS`; the inbox is one UNION ALL over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

COLUMNS = "subject_kind, subject_id, number, customer_id, location_id, since, amount, currency, facts"


@dataclass(frozen=True)
class ProblemKind:
    """`sql` selects COLUMNS of open rows only, behind a partial index: subject_kind text, subject_id bigint, number text
    (what people call it), customer_id and location_id bigint or NULL (the row filter), since timestamptz, amount numeric
    or NULL with its currency text, facts jsonb. `sentence(facts)` says what is wrong, `action` what to do next, `page` where
    (the name of a URL that takes the number); `roles` may clear it, and `clears` says what would.
    """

    code: str
    label: Any
    sql: str
    sentence: Callable[[Mapping[str, Any]], str]
    action: Any
    page: str
    roles: frozenset[str]
    clears: Any = ""
