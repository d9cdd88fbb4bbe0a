"""A format written out: the file that the same format reads back as nothing new."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, TypeVar

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.files.cells import harmless
from oms.files.formats import Format
from oms.files.selectors import Refused
from oms.kernel.errors import Invalid

T = TypeVar("T")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """The file to write; it is there when all of it is written, and until then what was there before stays."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", newline="", encoding="utf-8") as target:
            yield target
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def export(entry: Format, target: TextIO, *, by: Any) -> int:
    """Write all there is of a format as CSV; returns the rows. Raises Forbidden, Invalid `not_exported`."""
    authorize(by, entry.verb)
    if entry.export is None:
        raise Invalid(_("%(name)s is not exported.") % {"name": entry.name}, code="not_exported")
    writer = csv.writer(target)
    writer.writerow([column.name for column in entry.columns])
    rows = 0
    for values in entry.export():
        writer.writerow([_cell(column, values.get(column.name, column.default)) for column in entry.columns])
        rows += 1
    return rows


def _cell(column: Any, value: Any) -> str:
    """Text is made harmless; numbers and days are typed and stay as they are."""
    text = column.plain(value)
    return harmless(text) if column.kind == "text" else text


def batched(rows: Iterable[T], size: int = 1_000) -> Iterator[list[T]]:
    """Lists of up to `size` rows, for exports that read what belongs to them together."""
    rows = iter(rows)
    while some := list(islice(rows, size)):
        yield some


def write_refused(target: TextIO, name: str, rows: Iterable[Refused]) -> int:
    """The file of the refused rows: file, row, column, what stood there, reason. Returns how many reasons."""
    writer = csv.writer(target)
    writer.writerow(["file", "row", "column", "cell", "reason"])
    count = 0
    for refused in rows:
        writer.writerow([harmless(cell) for cell in (name, refused.row, refused.name or refused.column, refused.cell, refused.reason)])
        count += 1
    return count
