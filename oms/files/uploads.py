"""Files that people upload: kept, read by the worker with the sender's layout, shown as a dry run, brought in when asked.

Each step stands in the run's state, so that a worker that was killed goes on, and nothing is brought in twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.files import domain, services
from oms.files.cells import CellError
from oms.files.choices import FileState
from oms.files.domain import DAYS, DECIMALS, Layout
from oms.files.formats import Format, named
from oms.files.locks import lock_file
from oms.files.models import ImportFile, ImportLayout, ImportRow
from oms.files.selectors import Counts, counts, open_run
from oms.jobs.selectors import job_of
from oms.jobs.services import enqueue
from oms.kernel.errors import Conflict, Invalid, NotFound, OMSError, Unavailable

Report = Callable[[int, int], None]
READ, APPLY = "files.read", "files.apply"
# Who works on a run in these states; in the others it waits for people, or is over.
WORKED_ON: dict[str, str] = {FileState.RECEIVED: READ, FileState.STAGING: READ, FileState.STAGED: READ, FileState.APPLYING: APPLY}
OVER = (FileState.DONE, FileState.FAILED, FileState.DROPPED)
SAMPLE_ROWS, SAMPLE_CELL = 20, 60
ENCODINGS = ("utf-8", "cp1252", "iso-8859-15", "cp437")


@use_case("files.receive")
def receive(
    format_name: str, name: str, data: bytes, *, by: Any, encoding: str = "utf-8", sender: str = "", at: datetime | None = None
) -> ImportFile:
    """Keep an uploaded file and ask the worker to read it; the same bytes, not done yet, are the run they were.

    XLSX is told by its first bytes. Raises Forbidden, Invalid `file_empty`, `file_too_large`, `encoding`, Conflict `file_open`
    (somebody else's run of the same bytes).
    """
    entry = named(format_name)
    authorize(by, entry.verb)
    services.refuse_too_large(data)
    if not data.strip():
        raise Invalid(_("The file is empty: its first row names the columns."), code="file_empty")
    if encoding not in ENCODINGS:
        raise Invalid(_("There is no encoding %(name)s.") % {"name": encoding[:20]}, code="encoding")
    sha256 = hashlib.sha256(data).digest()
    known = open_run(format_name, sha256, False)
    if known is not None and known.by_id != by.pk:
        raise Conflict(_("Somebody else has this file open."), code="file_open", clears=_("They bring it in, or discard it."))
    if known is not None:
        return known
    kind = "xlsx" if data.startswith(b"PK") else "csv"
    try:
        file = ImportFile.objects.create(format=format_name, name=name[-200:], sha256=sha256, content=data, kind=kind, encoding=encoding,
                                         sender=sender, by_id=by.pk, state=FileState.RECEIVED)
    except IntegrityError as error:
        raise Unavailable(_("The same file is being read right now."), code="busy", retry_after=5) from error
    current().event("file.opened", [("import", file.pk)], {"format": format_name, "sha256": sha256.hex(), "history": False})
    ask(file, READ)
    return file


def ask(file: ImportFile, kind: str) -> None:
    """Part: the worker is asked to go on with a (locked) run."""
    file.asked += 1
    file.save(update_fields=["asked"])
    enqueue(kind, slot_of(file), by=current().by, params={"file": file.pk})


def slot_of(file: ImportFile) -> str:
    """The occasion of the run's last job."""
    return f"{file.pk}-{file.asked}"


def counted(progress: Report, total: int) -> services.Progress:
    """Adds up the rows of the batches and reports (done, total)."""
    done = 0

    def report(rows: int) -> None:
        nonlocal done
        done += rows
        progress(min(done, total), total)

    return report


def read(file_id: int, *, by: Any, progress: Report = lambda done, total: None) -> str:
    """Read, stage and check an uploaded file, from wherever it was left; returns its state.

    Unknown columns end in COLUMNS: people name them. A file that cannot be read ends in FAILED with the reason.
    """
    file = ImportFile.objects.get(pk=file_id)
    if file.state in (FileState.RECEIVED, FileState.STAGING):
        entry = named(file.format)
        try:
            rows = services.raw_rows(bytes(file.content), file.kind, file.encoding)
            numbered = services.numbered_rows(rows)
            names = domain.names_of(rows[0])
            if not names:
                raise Invalid(_("The file is empty: its first row names the columns."), code="file_empty")
        except OMSError as error:
            return _fail(file.pk, services.reason_of(error), by=by)
        layout = layout_for(file, entry, names)
        if layout is None:
            sample = [[cell[:SAMPLE_CELL] for cell in cells[: len(names)]] for _number, cells in numbered[:SAMPLE_ROWS]]
            return _need_columns(file.pk, names, sample, by=by)
        _start(file, names, layout, by=by)
        services.copy_rows(file, entry, numbered, by=by)
    if file.state == FileState.STAGED:
        services.check(file, by=by, progress=counted(progress, counts(file_id).rows))
    return str(ImportFile.objects.values_list("state", flat=True).get(pk=file_id))


def apply(file_id: int, *, by: Any, progress: Report = lambda done, total: None) -> Counts:
    """Bring in the rows that are found good and not in yet; returns what became of all. Raises Conflict `file_state`."""
    file = ImportFile.objects.defer("content").get(pk=file_id)
    if file.state != FileState.APPLYING:
        raise wrong_state(file)
    found = counts(file_id)
    return services.apply(file, by=by, progress=counted(progress, found.create + found.change))


def layout_for(file: ImportFile, entry: Format, names: list[str]) -> Layout | None:
    """How the file is read: as was said for it, as its sender's last ones were, or, in our own format, as it stands."""
    if file.header:
        return Layout(dict(zip(file.names, file.header, strict=True)), **file.layout)
    kept = ImportLayout.objects.filter(format=file.format, owner=owner_of(file)).first()
    if kept is not None and (layout := plain(kept)).knows(names):
        return layout
    own = {name: name.lower() for name in names}
    required = {c.name for c in entry.columns if c.required}
    fits = set(own.values()) <= entry.by_name.keys() and required <= set(own.values()) and len(set(own.values())) == len(names)
    return Layout(own) if fits else None


def owner_of(file: ImportFile) -> str:
    """Whose layout it is."""
    return f"sender:{file.sender}" if file.sender else f"user:{file.by_id}"


def plain(kept: ImportLayout) -> Layout:
    """A kept layout as the pure rules read it."""
    return Layout(kept.columns, kept.constants, kept.decimals, kept.days)


def proposed(file: ImportFile) -> Layout:
    """What to show where columns are to be named: what was said before, else a guess by their names."""
    entry = named(file.format)
    kept = ImportLayout.objects.filter(format=file.format, owner=owner_of(file)).first()
    before = plain(kept) if kept else Layout()
    guessed = domain.guess(file.names, {c.name: c.also for c in entry.columns})
    if file.header:
        guessed = dict(zip(file.names, file.header, strict=True))
        before = Layout(before.columns, **file.layout)
    if kept is None and not file.header:
        kinds = {c.name: c.kind for c in entry.columns}
        cells: dict[str, list[str]] = {"date": [], "decimal": []}
        for place, name in enumerate(file.names):
            for kind in {kinds[target] for target in guessed[name].split()} & cells.keys():
                cells[kind] += [row[place] for row in file.sample if place < len(row)]
        before = Layout({}, {}, *domain.habits(cells["date"], cells["decimal"]))
    taken = {target for name in file.names for target in before.columns.get(name, "").split()}
    columns = {n: before.columns.get(n) or " ".join(t for t in guessed[n].split() if t not in taken) for n in file.names}
    return Layout(columns, before.constants, before.decimals, before.days)


@use_case("files.fail")
def _fail(file_id: int, why: str, *, by: Any, at: datetime | None = None) -> str:
    """The file cannot be read; its run is over."""
    lock_file(file_id)
    ImportFile.objects.filter(pk=file_id).update(state=FileState.FAILED, problem=why[:1_000], finished_at=current().at)
    return FileState.FAILED.value


@use_case("files.ask_columns")
def _need_columns(file_id: int, names: list[str], sample: list[list[str]], *, by: Any, at: datetime | None = None) -> str:
    """Keep what is to be named."""
    lock_file(file_id)
    ImportFile.objects.filter(pk=file_id).update(state=FileState.COLUMNS, names=names, sample=sample)
    return FileState.COLUMNS.value


@use_case("files.start")
def _start(file: ImportFile, names: list[str], layout: Layout, *, by: Any, at: datetime | None = None) -> None:
    """The run reads by this layout; what a killed one staged is thrown away."""
    lock_file(file.pk)
    ImportRow.objects.filter(file=file).delete()
    file.state, file.names, file.header, file.layout = FileState.STAGING, names, layout.header(names), how(layout)
    file.save(update_fields=["state", "names", "header", "layout"])


def how(layout: Layout) -> dict[str, Any]:
    """A layout without its columns, as a run keeps it."""
    return {"constants": dict(layout.constants), "decimals": layout.decimals, "days": layout.days}


@use_case("files.name_columns")
def name_columns(file_id: int, layout: Layout, *, by: Any, at: datetime | None = None) -> ImportFile:
    """Say what the columns of a file are, for it and for its sender's next ones; the worker reads it again.

    Raises Invalid `columns` with every mistake at its column, Conflict `file_state` once rows were brought in.
    """
    file = own_file(file_id, by)
    if file.state not in (FileState.COLUMNS, FileState.CHECKED):
        raise wrong_state(file)
    check_layout(named(file.format), file, layout, by)
    ImportRow.objects.filter(file=file).delete()
    ImportLayout.objects.update_or_create(
        format=file.format, owner=owner_of(file),
        defaults={"columns": {**layout.columns}, **how(layout), "saved_by_id": by.pk, "saved_at": current().at},
    )  # fmt: skip
    file.state, file.header, file.layout = FileState.RECEIVED, layout.header(file.names), how(layout)
    file.save(update_fields=["state", "header", "layout"])
    ask(file, READ)
    return file


def check_layout(entry: Format, file: ImportFile, layout: Layout, by: Any) -> None:
    """Raise Invalid `columns`: a column named twice, unknown, required and missing, or a value that is none."""
    errors: dict[str, str] = {}
    named_ones = [target for name in file.names for target in layout.columns.get(name, "").split()]
    for column in entry.columns:
        text = layout.constants.get(column.name, "")
        if column.name in named_ones and text:
            errors[column.name] = _("Either a column or one value for all rows.")
        elif named_ones.count(column.name) > 1:
            errors[column.name] = _("Two columns of the file are named so.")
        elif column.required and column.name not in named_ones and not text:
            errors[column.name] = _("Say which column of the file it is.")
        elif text:
            try:
                column.parse(text, services.context_of(file, by))
            except CellError as error:
                errors[column.name] = str(error)
    unknown = (set(named_ones) | set(layout.constants)) - entry.by_name.keys()
    if unknown or layout.decimals not in DECIMALS or layout.days not in DAYS:
        raise Invalid(_("This is not a layout of %(format)s.") % {"format": entry.name}, code="columns")
    if errors:
        raise Invalid(next(iter(errors.values())), code="columns", errors=[{"field": f, "message": m} for f, m in errors.items()])


@use_case("files.bring_in")
def bring_in(file_id: int, *, by: Any, partial: bool = False, at: datetime | None = None) -> ImportFile:
    """Ask the worker to bring in what the dry run found good: all, or with `partial` the good rows and not the bad ones.

    Raises Conflict `bad_rows` (bad ones, and not `partial`), `nothing_new`, `file_state`.
    """
    file = own_file(file_id, by)
    if file.state != FileState.CHECKED:
        raise wrong_state(file)
    found = counts(file.pk)
    if found.rejected and not partial:
        raise Conflict(_("%(n)s rows are wrong.") % {"n": found.rejected}, code="bad_rows", clears=_("Bring in the good rows, or correct the file."))
    if not found.create + found.change:
        raise Conflict(_("There is nothing new in it."), code="nothing_new")
    file.state = FileState.APPLYING
    file.save(update_fields=["state"])
    ask(file, APPLY)
    return file


@use_case("files.go_on")
def go_on(file_id: int, *, by: Any, at: datetime | None = None) -> ImportFile:
    """Ask the worker again, after it gave up. Raises Conflict `file_state`."""
    file = own_file(file_id, by)
    if file.state not in WORKED_ON:
        raise wrong_state(file)
    ask(file, WORKED_ON[file.state])
    return file


@use_case("files.drop")
def drop(file_id: int, *, by: Any, at: datetime | None = None) -> None:
    """Discard a run of which nothing was brought in yet; its rows go, the file's name stays. Raises Conflict `file_state`."""
    file = own_file(file_id, by)
    if file.state in (FileState.APPLYING, *OVER):
        raise wrong_state(file)
    ImportRow.objects.filter(file=file).delete()
    file.state, file.finished_at = FileState.DROPPED, current().at
    file.save(update_fields=["state", "finished_at"])
    current().event("file.dropped", [("import", file.pk)], {"format": file.format})


def own_file(file_id: int, by: Any) -> ImportFile:
    """The run, locked, of who uploaded it, that no worker has in its hands. Raises NotFound, Conflict `busy_file`."""
    file = lock_file(file_id)
    authorize(by, named(file.format).verb)
    if file.by_id != by.pk:
        raise NotFound(_("There is no such import."), code="import_missing")
    if file.state in WORKED_ON and working(file):
        raise Conflict(_("The worker has this file in its hands."), code="busy_file", clears=_("Wait until it is done."))
    return file


def working(file: ImportFile) -> bool:
    """Whether the run's last job is not over."""
    job = job_of(WORKED_ON.get(file.state, READ), slot_of(file))
    return job is not None and job.state in (job.State.WAITING, job.State.RUNNING)


def wrong_state(file: ImportFile) -> Conflict:
    """What is asked does not go with where the run is."""
    return Conflict(_("The file is: %(state)s.") % {"state": str(file.get_state_display()).lower()}, code="file_state")
