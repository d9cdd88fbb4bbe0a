"""Rows as arrays: the text of `INSERT … SELECT … FROM unnest(…)`, so that a statement costs the same for 1 and 100 rows.

Used on the write path (WRITE_PATH.md): the rows travel as one array a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def unnest(
    name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> tuple[str, dict[str, Any]]:
    """("unnest(…) AS name(col, …)", parameters): `columns` maps a column to its PostgreSQL type; rows are in its order."""
    arrays = ", ".join(f"%({name}_{column})s::{kind}[]" for column, kind in columns.items())
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    parameters = {f"{name}_{column}": list(values) for column, values in zip(columns, by_column, strict=True)}
    return f"unnest({arrays}) AS {name}({', '.join(columns)})", parameters


def insert(
    name: str, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], returning: str = ""
) -> tuple[str, dict[str, Any]]:
    """("INSERT INTO table (…) SELECT … FROM unnest(…)", parameters). jsonb columns travel as text."""
    types = {column: "text" if kind == "jsonb" else kind for column, kind in columns.items()}
    source, parameters = unnest(name, types, rows)
    values = ", ".join(f"{c}::jsonb" if kind == "jsonb" else c for c, kind in columns.items())
    sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}"
    return sql + (f" RETURNING {returning}" if returning else ""), parameters
