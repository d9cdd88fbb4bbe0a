"""Rows as one JSON text: `json_to_recordset(…)` and `INSERT … SELECT` from it, the same statement for 1 and 1,000 rows.

Used on the write path (WRITE_PATH.md). One parameter a relation costs a quarter of one array a column, in the client and
in the server. Inserts of several rooms become one statement by `together`; each room still owns its SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec

Columns = tuple[tuple[str, str], ...]

_encoder = msgspec.json.Encoder(decimal_format="string")
# What JSON has no form for travels as text.
TRAVELS = {"jsonb": "text", "bytea": "text"}
ARRIVES = {"jsonb": "{}::jsonb", "bytea": "decode({}, 'base64')"}


class Part(NamedTuple):
    """One INSERT with its parameters; `name` is that of its relation and its parameter, unique within a statement."""

    name: str
    sql: str
    parameters: dict[str, Any]


def relation(name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, dict[str, Any]]:
    """("json_to_recordset(…) AS name(col type, …)", parameters): `columns` maps a column to its PostgreSQL type.

    Rows are in the columns' order; an array column takes a sequence. No jsonb, no bytea here: `insert` knows them.
    """
    return _relation(name, tuple(columns.items())), {name: _text(columns, rows)}


def insert(name: str, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], clause: str = "") -> Part:
    """INSERT INTO table (…) SELECT … FROM json_to_recordset(…) `clause`. jsonb values come as JSON text."""
    return Part(name, _insert(name, table, tuple(columns.items()), clause), {name: _text(columns, rows)})


def together(parts: Sequence[Part]) -> tuple[str, dict[str, Any]]:
    """(sql, parameters) of all parts in one statement. They must not need each other's rows: PostgreSQL promises no order."""
    *others, last = parts
    sql = f"WITH {', '.join(f'{part.name} AS ({part.sql})' for part in others)} {last.sql}" if others else last.sql
    return sql, {key: value for part in parts for key, value in part.parameters.items()}


def _text(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> str:
    return _encoder.encode([dict(zip(columns, row, strict=True)) for row in rows]).decode()


@cache
def _relation(name: str, columns: Columns) -> str:
    typed = ", ".join(f"{column} {kind}" for column, kind in columns)
    return f"json_to_recordset(%({name})s::json) AS {name}({typed})"


@cache
def _insert(name: str, table: str, columns: Columns, clause: str) -> str:
    values = ", ".join(ARRIVES.get(kind, "{}").format(column) for column, kind in columns)
    source = _relation(name, tuple((column, TRAVELS.get(kind, kind)) for column, kind in columns))
    return f"INSERT INTO {table} ({', '.join(column for column, _kind in columns)}) SELECT {values} FROM {source} {clause}".rstrip()
