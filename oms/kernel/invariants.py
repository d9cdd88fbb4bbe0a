"""The form of an invariant: a statement that must hold, and SQL that returns the rows for which it does not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """`code` as in RELIABILITY.md section 1 (I1 …); `sql` returns 0 rows when `statement` is true.

    `touched`, where given, is the same SQL narrowed by `%(since)s` (timestamptz) to rows changed since then.
    """

    code: str
    statement: str
    sql: str
    touched: str = ""
