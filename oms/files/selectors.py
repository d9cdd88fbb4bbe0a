"""Reads of imports: what became of a file's rows, which were refused and why, what the same bytes did before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Min, QuerySet

from oms.files.choices import DONE_STATES, OPEN_STATES, REFUSED, FileState, RowState
from oms.files.models import ImportFile, ImportRow


@dataclass(frozen=True)
class Counts:
    """Rows of a file by what became of them. `create` and `change` are still to be done."""

    rows: int
    create: int
    change: int
    created: int
    changed: int
    same: int
    rejected: int


def counts(file_id: int) -> Counts:
    """What became of the file's rows. One statement."""
    found = dict(ImportRow.objects.filter(file_id=file_id).values_list("state").annotate(n=Count("pk")))
    by = {state: found.get(state, 0) for state in RowState.values}
    return Counts(
        sum(by.values()), by[RowState.CREATE], by[RowState.CHANGE], by[RowState.CREATED], by[RowState.CHANGED], by[RowState.SAME],
        by[RowState.BAD] + by[RowState.REJECTED],
    )  # fmt: skip


class Refused(NamedTuple):
    """One reason why a row was not brought in; `cell` is what stood in the column; `name` is what the file calls it."""

    row: int
    column: str
    cell: str
    reason: str
    name: str = ""


def refused(file: ImportFile) -> Iterator[Refused]:
    """Every reason of every refused row, by row."""
    places = {name: n for n, names in enumerate(file.header) for name in names.split()}
    rows = ImportRow.objects.filter(file=file, state__in=REFUSED).order_by("number").values_list("number", "cells", "errors")
    for number, cells, errors in rows.iterator(chunk_size=2_000):
        for column, reason in errors:
            place = places.get(column, len(cells))
            name = file.names[place] if place < len(file.names) else ""
            yield Refused(number, column, cells[place] if place < len(cells) else "", reason, name)


SUMMARY = """
SELECT state, count(*), count(DISTINCT document) FROM oms_importrow WHERE file_id = %s GROUP BY state
"""


def documents(file_id: int) -> dict[str, tuple[int, int]]:
    """State → (rows, documents) of a run. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SUMMARY, [file_id])
        return {state: (rows, count) for state, rows, count in cursor.fetchall()}


def results(file_id: int, limit: int) -> list[str]:
    """The first `limit` of what a run made, by row."""
    made = ImportRow.objects.filter(file_id=file_id, state=RowState.CREATED).exclude(result="")
    return list(made.values_list("result", flat=True).annotate(first=Min("number")).order_by("first")[:limit])


def runs_of(user: Any, format_name: str) -> QuerySet[ImportFile]:
    """The runs a person uploaded or started, newest first, without their bytes."""
    return ImportFile.objects.filter(format=format_name, by_id=user.pk).defer("content", "sample").order_by("-pk")


def open_run(format_name: str, sha256: bytes, history: bool) -> ImportFile | None:
    """The run of these bytes that is not done yet."""
    found = ImportFile.objects.filter(format=format_name, sha256=sha256, history=history, state__in=OPEN_STATES)
    return found.defer("content").first()


def done_before(format_name: str, sha256: bytes) -> frozenset[int]:
    """The rows that earlier, finished runs of the same bytes brought in."""
    done = ImportRow.objects.filter(
        file__format=format_name, file__sha256=sha256, file__state=FileState.DONE, state__in=set(DONE_STATES.values())
    )
    return frozenset(done.values_list("number", flat=True))


NEXT = """
SELECT number, document, cells, state, result FROM oms_importrow
WHERE file_id = %(file)s AND state = ANY(%(states)s) AND document > %(after)s AND document <= (
    SELECT max(document) FROM (
        SELECT document FROM oms_importrow WHERE file_id = %(file)s AND state = ANY(%(states)s) AND document > %(after)s
        ORDER BY document, number LIMIT %(limit)s
    ) AS first
)
ORDER BY document, number
"""


class Staged(NamedTuple):
    number: int
    document: int
    cells: list[str]
    state: str
    result: str


def next_rows(file_id: int, states: Collection[str], after: int, limit: int) -> list[Staged]:
    """The next rows in these states after document `after`: about `limit`, whole documents. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"file": file_id, "states": [str(s) for s in states], "after": after, "limit": limit})
        return [Staged(*row) for row in cursor.fetchall()]


def rows_of(file_id: int, documents: Collection[int]) -> list[Staged]:
    """All rows of these documents."""
    found = ImportRow.objects.filter(file_id=file_id, document__in=documents).order_by("document", "number")
    return [Staged(*row) for row in found.values_list(*Staged._fields)]
