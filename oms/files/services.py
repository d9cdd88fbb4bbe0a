"""The one pipeline of all imports: stage the raw rows, check all, apply by batch; each step can be killed and run again.

stage: the file and its rows as text, by COPY. check: cells, keys, documents, then the format, set-wise; nothing but the
staging is written. apply: whole batches, each one command together with the marks on its rows, under the run's lock;
a batch that a guard refuses runs again halved, so that only bad rows are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import DataError, IntegrityError, connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, historic, use_case
from oms.files.adapters import csv_rows, xlsx_rows
from oms.files.cells import CellError, shown
from oms.files.choices import DECIDED, DONE_STATES, PENDING, FileState, RowState
from oms.files.domain import Layout
from oms.files.formats import Column, Context, Document, Format, Row, named, refuse_history
from oms.files.locks import lock_file
from oms.files.models import ImportFile, ImportRow
from oms.files.selectors import Counts, Staged, counts, done_before, next_rows, open_run, rows_of
from oms.kernel.errors import Invalid, OMSError, Unavailable
from oms.kernel.sqlrows import relation

MAX_BYTES = 64 * 2**20
MAX_ROWS = 500_000
COPY_CHUNK = 20_000
FORMULAS = ("=", "\uff1d")
HISTORY_VERB = "orders.enter_history"

Progress = Callable[[int], None]


def stage(format_name: str, name: str, data: bytes, *, by: Any, history: bool = False, kind: str = "csv", encoding: str = "utf-8") -> ImportFile:
    """Read a file into the staging and return its run; the same bytes, not done yet, are the run they were.

    `kind` is csv or xlsx. Raises Forbidden, Invalid (`file_too_large`, `file_empty`, `columns`, `encoding`, `csv`, `xlsx` …):
    then nothing is kept.
    """
    entry = named(format_name)
    authorize(by, entry.verb)
    if history:
        authorize(by, HISTORY_VERB)
    refuse_too_large(data)
    sha256 = hashlib.sha256(data).digest()
    known = open_run(format_name, sha256, history)
    if known is not None and known.state != FileState.STAGING:
        return known
    rows = raw_rows(data, kind, encoding)
    header = check_header(entry, rows)
    numbered = numbered_rows(rows)
    file = _open(known, format_name, name, sha256, data, header, history, by=by)
    copy_rows(file, entry, numbered, by=by)
    return file


def refuse_too_large(data: bytes) -> None:
    """Raise Invalid `file_too_large` beyond MAX_BYTES."""
    if len(data) > MAX_BYTES:
        raise Invalid(_("The file has %(mb)s MB; at most %(most)s MB are read.") % {"mb": len(data) // 2**20, "most": MAX_BYTES // 2**20},
                      code="file_too_large")


def raw_rows(data: bytes, kind: str, encoding: str) -> list[list[str]]:
    """Every row of a file as text. Raises Invalid (`encoding`, `csv`, `xlsx` …) with the row at fault."""
    return list(xlsx_rows(data) if kind == "xlsx" else csv_rows(data, encoding))


def numbered_rows(rows: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    """The rows below the header that are not blank, as a spreadsheet numbers them. Raises Invalid `file_empty`, `file_too_large`."""
    numbered = [(n, cells) for n, cells in enumerate(rows[1:], start=2) if any(cell.strip() for cell in cells)]
    if not numbered:
        raise Invalid(_("The file has no rows below its header."), code="file_empty")
    if len(numbered) > MAX_ROWS:
        raise Invalid(_("The file has %(n)s rows; at most %(most)s are read.") % {"n": len(numbered), "most": MAX_ROWS}, code="file_too_large")
    return numbered


def copy_rows(file: ImportFile, entry: Format, numbered: Sequence[tuple[int, list[str]]], *, by: Any) -> None:
    """Stage the raw rows of a run; it is STAGED afterwards."""
    staged = _documents(entry, file.header, numbered)
    for start in range(0, len(staged), COPY_CHUNK):
        _copy(file.pk, staged[start : start + COPY_CHUNK], by=by)
    move(file.pk, FileState.STAGED, by=by)
    file.state = FileState.STAGED


def check_header(entry: Format, rows: Sequence[Sequence[str]]) -> list[str]:
    """The columns the file has. Raises Invalid `columns` naming all that are unknown, twice or missing."""
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise Invalid(_("The file is empty: its first row names the columns."), code="file_empty")
    header = [cell.strip().lower() for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    problems = [(_("unknown"), [h or "“”" for h in header if h not in entry.by_name]),
                (_("twice"), sorted({h for h in header if header.count(h) > 1})),
                (_("missing"), [c.name for c in entry.columns if c.required and c.name not in header])]
    said = "; ".join(f"{what}: {', '.join(names[:20])}" for what, names in problems if names)
    if said:
        raise Invalid(
            _("Row 1: the columns are not those of %(format)s (%(said)s).") % {"format": entry.name, "said": said}, code="columns", row=1,
            clears=_("Columns of this format: %(names)s.") % {"names": ", ".join(c.name for c in entry.columns)},
        )  # fmt: skip
    return header


def _documents(entry: Format, header: Sequence[str], numbered: Iterable[tuple[int, list[str]]]) -> list[tuple[int, int, list[str]]]:
    """(row, document, cells): rows with the same value in the document's column share its first row's number.

    A file without that column (its value stands for all rows) is one document.
    """
    place = next((n for n, names in enumerate(header) if entry.document in names.split()), -1) if entry.document else -1
    if entry.document and place < 0:
        numbered = list(numbered)
        return [(number, numbered[0][0], cells) for number, cells in numbered]
    first: dict[str, int] = {}
    staged = []
    for number, cells in numbered:
        key = cells[place].strip() if entry.document and place < len(cells) else ""
        staged.append((number, first.setdefault(key, number) if key else number, cells))
    return staged


@use_case("files.open")
def _open(
    known: ImportFile | None, format_name: str, name: str, sha256: bytes, data: bytes, header: list[str], history: bool,
    *, by: Any, at: datetime | None = None,
) -> ImportFile:  # fmt: skip
    """A fresh run, or the one whose staging was killed, emptied. Two at once: the second finds the first's."""
    if known is not None:
        ImportRow.objects.filter(file=lock_file(known.pk)).delete()
        return known
    try:
        file = ImportFile.objects.create(format=format_name, name=name[-200:], sha256=sha256, content=data, header=header,
                                         history=history, by_id=by.pk)
    except IntegrityError as error:
        raise Unavailable(_("The same file is being read right now."), code="busy", retry_after=5) from error
    current().event("file.opened", [("import", file.pk)], {"format": format_name, "sha256": sha256.hex(), "history": history})
    return file


@use_case("files.stage")
def _copy(file_id: int, rows: Sequence[tuple[int, int, list[str]]], *, by: Any, at: datetime | None = None) -> None:
    """Write raw rows by COPY."""
    with connection.cursor() as cursor, cursor.copy("COPY oms_importrow (file_id, number, document, cells) FROM STDIN") as copy:
        for number, document, cells in rows:
            copy.write_row((file_id, number, document, cells))


@use_case("files.move")
def move(file_id: int, state: str, *, by: Any, at: datetime | None = None) -> None:
    """The run's next state; the last one is an event with the counts."""
    file = lock_file(file_id)
    done = state == FileState.DONE
    ImportFile.objects.filter(pk=file_id).update(state=state, **({"finished_at": Now()} if done else {}))
    if done:
        current().event("file.applied", [("import", file_id)], {"format": file.format, "sha256": bytes(file.sha256).hex(),
                                                               "history": file.history, "counts": vars(counts(file_id))})


def context_of(file: ImportFile, by: Any) -> Context:
    """What the format is told of the run."""
    sha256 = bytes(file.sha256)
    return Context(by, sha256, file.history, tuple(file.header), done_before(file.format, sha256), Layout(**file.layout), file.sender)


def check(file: ImportFile, *, by: Any, progress: Progress = lambda n: None) -> Counts:
    """Check every row that is not brought in yet; writes only the staging. Returns the counts by what would be done."""
    entry, context = named(file.format), context_of(file, by)
    seen: dict[tuple[Any, ...], int] = {}
    after = 0
    while staged := next_rows(file.pk, RowState.values, after, entry.batch):
        decided = {row.document for row in staged if row.state in DECIDED}
        documents = parse(entry, file.header, [row for row in staged if row.document not in decided], context, seen)
        sound = [d for d in documents if d.good]
        if sound:
            entry.check(sound, context)
            if not context.history:
                refuse_history(entry, file.header, sound)
        _record(file.pk, documents, by=by)
        after = staged[-1].document
        progress(len(staged))
    move(file.pk, FileState.CHECKED, by=by)
    return counts(file.pk)


def parse(
    entry: Format, header: Sequence[str], staged: Iterable[Staged], context: Context, seen: dict[tuple[Any, ...], int] | None = None
) -> list[Document]:  # fmt: skip
    """Typed documents from raw rows, with the errors of their cells, keys (against `seen`) and heads."""
    documents = []
    seen = {} if seen is None else seen
    columns = [[entry.by_name[name] for name in names.split()] for names in header]
    constants = {name: entry.by_name[name].parse(text, context) for name, text in context.layout.constants.items()}
    for _number, group in groupby(staged, key=lambda row: row.document):
        rows = [parse_row(columns, s, context, constants, entry.formulas) for s in group]
        if entry.head:
            _check_head(entry, rows)
        for row in rows if entry.key else ():
            key = tuple(row.cells.get(name) for name in entry.key)
            if not row.errors and seen.setdefault(key, row.number) != row.number:
                named_by = ", ".join(str(part) for part in key if part not in (None, ""))
                row.refuse(entry.key[0], _("%(key)s is in row %(row)s already.") % {"key": named_by, "row": seen[key]})
        documents.append(Document(rows))
    return documents


def parse_row(columns: Sequence[Sequence[Column]], staged: Staged, context: Context, constants: Mapping[str, Any], formulas: bool = True) -> Row:
    """One typed row, with what stands for all rows; a row with more or fewer cells than the header has is wrong as a whole."""
    cells = staged.cells
    row = Row(staged.number, cells, dict(constants), result=staged.result)
    if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
        row.refuse("", _("has %(n)s cells; the header has %(columns)s.") % {"n": len(cells), "columns": len(columns)})
        return row
    for targets, raw in zip(columns, cells, strict=False):
        for column in targets:
            try:
                if not formulas and raw.lstrip()[:1] in FORMULAS:
                    raise CellError(_("%(cell)s is a formula: write its value.") % {"cell": shown(raw)})
                row.cells[column.name] = column.parse(context.layout.plain(column.kind, raw), context)
            except CellError as error:
                row.refuse(column.name, error)
    return row


def _check_head(entry: Format, rows: list[Row]) -> None:
    """A head column's cell is empty or the same as in the document's first row."""
    for row in rows[1:]:
        for name in entry.head:
            given, first = row.cells.get(name), rows[0].cells.get(name)
            if given != first and given not in (None, "", entry.by_name[name].default):
                row.refuse(name, _("differs from row %(row)s of the same %(document)s.") % {"row": rows[0].number, "document": entry.document})


RECORD = """
UPDATE oms_importrow r SET state = t.state, errors = t.errors::jsonb, changes = t.changes::jsonb, result = t.result
FROM {source} WHERE r.file_id = %(file)s AND r.document = t.document AND r.number = t.number
"""
RECORDED = {"document": "int", "number": "int", "state": "text", "errors": "text", "changes": "text", "result": "text"}


@use_case("files.check")
def _record(file_id: int, documents: Iterable[Document], *, by: Any, at: datetime | None = None) -> None:
    """Write what the check found."""
    lock_file(file_id)
    _write(file_id, documents)


def _write(file_id: int, documents: Iterable[Document]) -> None:
    """States, reasons and differences of whole documents, one statement; a bad row makes its document bad."""
    rows = []
    for document in documents:
        bad = [row.number for row in document.rows if row.errors]
        for row in document.rows:
            if bad and not row.errors:
                row.refuse("", _("row %(row)s of the same document is wrong.") % {"row": bad[0]})
            state = RowState.BAD if bad and row.state != RowState.REJECTED else row.state
            rows.append((document.number, row.number, str(state), json.dumps(row.errors), json.dumps(row.changes), row.result[:60]))
    source, parameters = relation("t", RECORDED, rows)
    with connection.cursor() as cursor:
        cursor.execute(RECORD.format(source=source), {**parameters, "file": file_id})


def apply(file: ImportFile, *, by: Any, progress: Progress = lambda n: None) -> Counts:
    """Bring in every row found good, batch by batch; what was brought in before a kill stays so. Returns the counts."""
    entry, context = named(file.format), context_of(file, by)
    move(file.pk, FileState.APPLYING, by=by)
    after = 0
    while staged := next_rows(file.pk, PENDING, after, entry.batch):
        _apply_some(entry, file, context, [*_numbers(staged)])
        after = staged[-1].document
        progress(len(staged))
    move(file.pk, FileState.DONE, by=by)
    return counts(file.pk)


def _numbers(staged: Iterable[Staged]) -> list[int]:
    return sorted({row.document for row in staged})


def _apply_some(entry: Format, file: ImportFile, context: Context, documents: list[int]) -> None:
    """A batch; refused by a guard it runs again halved, until the one bad document stands alone and is refused."""
    try:
        if entry.own:
            _apply_own(entry, file, context, documents)
        else:
            _apply_batch(entry, file, context, documents, by=context.by)
    except Unavailable:
        raise
    except (OMSError, IntegrityError, DataError) as error:
        if len(documents) == 1:
            _reject(file.pk, documents[0], error, by=context.by)
            return
        middle = len(documents) // 2
        _apply_some(entry, file, context, documents[:middle])
        _apply_some(entry, file, context, documents[middle:])


def _waiting(entry: Format, file: ImportFile, context: Context, documents: list[int]) -> list[Document]:
    """Those of the documents that nobody has brought in meanwhile, parsed, with the states of their rows."""
    staged = rows_of(file.pk, documents)
    pending = {row.document for row in staged if row.state in PENDING}
    states = {row.number: row.state for row in staged}
    found = parse(entry, file.header, [row for row in staged if row.document in pending], context)
    for document in found:
        for row in document.rows:
            row.state = states[row.number]
    return found


@use_case("files.apply")
def _apply_batch(entry: Format, file: ImportFile, context: Context, numbers: list[int], *, by: Any, at: datetime | None = None) -> None:
    """One command: the format's writes and the marks on the rows."""
    lock_file(file.pk)
    documents = _waiting(entry, file, context, numbers)
    if documents:
        _run(entry, context, documents)
        _mark(file.pk, documents)


def _apply_own(entry: Format, file: ImportFile, context: Context, numbers: list[int]) -> None:
    """The format commits by itself, idempotent by its own keys; the marks follow."""
    documents = _waiting(entry, file, context, numbers)
    if documents:
        _run(entry, context, documents)
        _done(file.pk, documents, by=context.by)


def _run(entry: Format, context: Context, documents: list[Document]) -> None:
    if context.history:
        with historic(context.by.pk):
            entry.apply(documents, context)
    else:
        entry.apply(documents, context)


@use_case("files.mark")
def _done(file_id: int, documents: list[Document], *, by: Any, at: datetime | None = None) -> None:
    """Mark documents that committed by themselves."""
    _mark(file_id, documents)


def _mark(file_id: int, documents: list[Document]) -> None:
    for document in documents:
        for row in document.rows:
            row.state = DONE_STATES.get(RowState(row.state), row.state)
    _write(file_id, documents)


@use_case("files.reject")
def _reject(file_id: int, document: int, error: Exception, *, by: Any, at: datetime | None = None) -> None:
    """A document that a guard refused: every row says why."""
    rows = ImportRow.objects.filter(file_id=file_id, document=document)
    rows.update(state=RowState.REJECTED, errors=[["", reason_of(error)]])


def reason_of(error: Exception) -> str:
    """One sentence for a refusal: the rule, and what clears it."""
    if isinstance(error, OMSError):
        return " ".join(str(part) for part in (error.message, error.clears) if part)
    diag = getattr(error.__cause__, "diag", None)
    return str(getattr(diag, "message_primary", None) or error).strip()[:300]
