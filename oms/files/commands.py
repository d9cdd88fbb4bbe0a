"""The commands import_… and export_… of every format: one class each, the format is named by the command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.files import exports, services
from oms.files.formats import Column, Format, named, registered
from oms.files.models import ImportFile
from oms.files.selectors import Counts, refused
from oms.kernel.errors import OMSError

SHOWN = 20
PREPARED = 500


def actor(name: str) -> Any:
    """The user of that name, the system for ""."""
    if not name:
        return system_user()
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(_("There is no user %(name)s.") % {"name": name})
    return found


def prepare_statements() -> None:
    """A document takes more statements than a connection keeps prepared by itself: this one keeps them all."""
    connection.ensure_connection()
    connection.connection.prepared_max = PREPARED


def said(error: OMSError) -> str:
    """A refusal on one screen."""
    return " ".join(str(part) for part in (error.message, error.clears) if part)[:2_000]


class FileCommand(BaseCommand):
    """A command that says on one screen when there is no database."""

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except OperationalError as error:
            raise CommandError(_("The database cannot be reached: %(why)s") % {"why": error}) from None


class ImportCommand(FileCommand):
    """Stage, check, show, apply; ends with 0 only when every row was brought in (or, dry, could be)."""

    format_name = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help=f"a CSV or XLSX file; see `manage.py formats {self.format_name}`")
        parser.add_argument("--dry-run", action="store_true", help="check and show what would be done; change nothing")
        parser.add_argument("--partial", action="store_true", help="bring in the good rows and leave the bad ones")
        parser.add_argument("--history", action="store_true", help="business dates from the file, nothing blocks, nobody is told")
        parser.add_argument("--format", choices=["csv", "xlsx"], help="default: by the file's name")
        parser.add_argument("--encoding", default="utf-8", help="of a CSV file (default UTF-8)")
        parser.add_argument("--by", default="", metavar="USER", help="who brings it in (default: the system)")
        parser.add_argument("--rejected", metavar="FILE", help="where the rejected rows go (default: FILE.rejected.csv)")

    def handle(self, *args: Any, **options: Any) -> None:
        path, by = Path(options["file"]), actor(options["by"])
        kind = options["format"] or ("xlsx" if path.suffix.lower() in (".xlsx", ".xlsm") else "csv")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(_("%(file)s cannot be read: %(why)s.") % {"file": path, "why": error.strerror or error}) from None
        prepare_statements()
        try:
            file = services.stage(self.format_name, path.name, data, by=by, history=options["history"], kind=kind, encoding=options["encoding"])
            found = services.check(file, by=by, progress=self.progress)
            applied = not options["dry_run"] and (options["partial"] or not found.rejected)
            if applied:
                found = services.apply(file, by=by, progress=self.progress)
        except OMSError as error:
            raise CommandError(f"{path.name}: {said(error)}") from None
        self.report(file, found, options, applied)

    def progress(self, rows: int) -> None:
        """A dot a batch, for people who watch."""
        if sys.stderr.isatty():
            self.stderr.write(".", ending="")

    def report(self, file: ImportFile, found: Counts, options: dict[str, Any], applied: bool) -> None:
        """Counts; the rejected rows on one screen and in a file."""
        rejects = Path(options["rejected"] or f"{options['file']}.rejected.csv")
        if not applied:
            self.show_changes(file)
        created, changed = (found.create, found.change) if options["dry_run"] else (found.created, found.changed)
        self.stdout.write(
            f"{'dry run: ' if options['dry_run'] else ''}{found.rows} rows in, {created} {'to create' if options['dry_run'] else 'created'}, "
            f"{changed} {'to change' if options['dry_run'] else 'changed'}, {found.same} the same, {found.rejected} rejected"
        )
        if not found.rejected:
            return
        for n, row in enumerate(refused(file)):
            if n == SHOWN:
                self.stdout.write("  …")
                break
            self.stdout.write(f"  row {row.row}{', ' + row.column if row.column else ''}: {row.reason}")
        with rejects.open("w", newline="", encoding="utf-8") as target:
            exports.write_refused(target, file.name, refused(file))
        nothing = "" if applied or options["dry_run"] else " Nothing was changed; --partial brings in the good rows."
        raise CommandError(f"{found.rejected} rows were rejected: see {rejects}.{nothing}")

    def show_changes(self, file: ImportFile) -> None:
        """The first differences, one a line."""
        changes = file.rows.filter(state="change").order_by("number").values_list("number", "changes")
        for number, pairs in changes[:SHOWN]:
            self.stdout.write(f"  row {number}: " + ", ".join(f"{column} {before or '“”'} → {after or '“”'}" for column, before, after in pairs))


class ExportCommand(FileCommand):
    """Write everything of a format to a CSV file that the import reads back as nothing new."""

    format_name = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--by", default="", metavar="USER", help="whose right is asked (default: the system)")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            with exports.whole_file(path) as target:
                rows = exports.export(named(self.format_name), target, by=actor(options["by"]))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from None
        except OMSError as error:
            raise CommandError(said(error)) from None
        self.stdout.write(f"{rows} rows written to {path}")


def described(entry: Format) -> str:
    """One format as Markdown: what it is, and a table of its columns."""
    lines = [f"## {entry.name}", "", str(entry.title), ""]
    if entry.document:
        lines += [f"Rows with the same `{entry.document}` belong together; {', '.join(f'`{name}`' for name in entry.head)} "
                  "are read from the first of them and may be left empty on the others.", ""]
    lines += ["An empty cell means what the third column says; a column that the file lacks leaves what is there.", ""]
    lines += ["| column | kind | empty means | meaning |", "|---|---|---|---|"]
    lines += [f"| `{c.name}` | {kind_of(c)} | {'refused' if c.required else f'`{c.plain(c.default)}`' if c.default not in (None, '') else '' } "
              f"| {c.help}{' (with --history)' if c.history else ''} |" for c in entry.columns]  # fmt: skip
    return "\n".join([*lines, ""])


def kind_of(column: Column) -> str:
    """The kind of a column in words."""
    if column.choices is not None:
        return ", ".join(column.choices)
    return {"moment": "date or date and time", "boolean": "yes or no"}.get(column.kind, column.kind)


def all_described() -> str:
    """Every format, for the documentation."""
    return "\n".join(described(entry) for _name, entry in sorted(registered().items()))


