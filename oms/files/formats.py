"""The registry of formats: a room's `imports` module says which columns a file has, how it is checked, how applied.

Whatever comes in by file goes through the one pipeline of `oms.files.services`; a format only answers three questions,
each for many documents at once: what is wrong or new in them (`check`), bring them in (`apply`), what is there (`export`).
A document is one row, or the rows that share the value of `document` (an order's lines); its `head` columns are read
from its first row, and may be empty or repeated on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from oms.company.selectors import company_zone
from oms.files import cells
from oms.files.choices import PENDING, RowState
from oms.files.domain import Layout
from oms.kernel.errors import Invalid
from oms.kernel.rooms import modules

KINDS = ("text", "integer", "decimal", "date", "moment", "boolean", "choice")


@dataclass(frozen=True)
class Column:
    """A column: `default` stands for an empty cell, `required` refuses one. `history`: only with --history, but
    for rows that bring nothing new.

    `also`: how others name it. `longest` characters of text; `least`, `most` bound numbers; `decimals` at most; `choices` maps text to value.
    """

    name: str
    help: Any
    kind: str = "text"
    required: bool = False
    default: Any = None
    longest: int = 200
    least: int | None = None
    most: int | None = None
    decimals: int = 6
    choices: Mapping[str, Any] | None = None
    read: Callable[[str], Any] | None = None
    write: Callable[[Any], str] | None = None
    history: bool = False
    also: tuple[str, ...] = ()

    def parse(self, raw: str, context: Context) -> Any:
        """The typed value of a cell. Raises CellError."""
        text = cells.text_of(raw, self.longest)
        if not text:
            if self.required:
                raise cells.CellError(_("is missing."))
            return self.default
        if self.read is not None:
            return self.read(text)
        if self.choices is not None:
            if text not in self.choices:
                allowed = ", ".join(self.choices)
                raise cells.CellError(_("%(cell)s is not one of: %(allowed)s.") % {"cell": cells.shown(text), "allowed": allowed})
            return self.choices[text]
        match self.kind:
            case "integer":
                return cells.integer(text, self.least, self.most)
            case "decimal":
                return cells.decimal(text, self.least, self.most, self.decimals)
            case "date":
                return cells.day(text)
            case "moment":
                return cells.moment(text, context.zone)
            case "boolean":
                return cells.boolean(text)
        return text

    def plain(self, value: Any) -> str:
        """The value as the file shows it."""
        if self.write is not None and value is not None:
            return self.write(value)
        if self.choices is not None:
            return next((text for text, known in self.choices.items() if known == value), cells.plain(value))
        return cells.plain(value)


@dataclass
class Row:
    """A row being checked: `cells` has the columns the file has, typed; `raw` is what stood there."""

    number: int
    raw: Sequence[str]
    cells: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    state: str = RowState.SAME
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    result: str = ""

    def refuse(self, column: str, reason: Any) -> None:
        """Mark the row wrong, with the column at fault ("" = the whole row) and a sentence."""
        self.errors.append((column, str(reason)))


@dataclass
class Document:
    """Rows that are brought in together or not at all."""

    rows: list[Row]

    @property
    def number(self) -> int:
        return self.rows[0].number

    @property
    def head(self) -> dict[str, Any]:
        """The first row's cells."""
        return self.rows[0].cells

    @property
    def good(self) -> bool:
        return not any(row.errors for row in self.rows)

    def mark(self, state: str, result: str = "") -> None:
        """Every row gets this state."""
        for row in self.rows:
            row.state, row.result = state, result


@dataclass(frozen=True)
class Context:
    """Of one run: who, which file, history or not, and the rows of the same bytes that were brought in before.

    `layout` says how a sender writes; `sender` is opaque, "" for who brings it in.
    """

    by: Any
    sha256: bytes = b""
    history: bool = False
    header: tuple[str, ...] = ()
    done_before: frozenset[int] = frozenset()
    layout: Layout = field(default_factory=Layout)
    sender: str = ""

    @cached_property
    def zone(self) -> Any:
        """In which times without an offset are meant."""
        return company_zone()


Check = Callable[[Sequence[Document], Context], None]
Apply = Callable[[Sequence[Document], Context], None]


@dataclass(frozen=True)
class Format:
    """A documented file. `key` columns name a row (each once a file); `verb` is who may bring it in.

    `formulas`: text that a spreadsheet would take for a formula is text here; without, a cell with one is refused.
    `own`: `apply` commits by itself, idempotent by natural keys (`batch` rows are marked together, after); else `batch` rows
    are one command.
    """

    name: str
    title: Any
    columns: tuple[Column, ...]
    verb: str
    check: Check
    apply: Apply
    export: Callable[[], Iterable[Mapping[str, Any]]] | None = None
    key: tuple[str, ...] = ()
    document: str = ""
    head: tuple[str, ...] = ()
    own: bool = False
    formulas: bool = True
    batch: int = 1_000

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


_formats: dict[str, Format] = {}


def register(entry: Format) -> Format:
    """Add a format (from a room's `imports` module); each name once."""
    assert entry.name not in _formats, f"two formats are named {entry.name}"
    unknown = {*entry.key, *entry.head, *([entry.document] if entry.document else [])} - entry.by_name.keys()
    assert not unknown and all(column.kind in KINDS for column in entry.columns), unknown
    _formats[entry.name] = entry
    return entry


def registered() -> dict[str, Format]:
    """Every format by name, all rooms loaded."""
    modules("imports")
    return _formats


def named(name: str) -> Format:
    """One format. Raises Invalid `unknown_format`."""
    found = registered().get(name)
    if found is None:
        raise Invalid(_("There is no format %(name)s.") % {"name": name}, code="unknown_format")
    return found


def compare(entry: Format, row: Row, before: Mapping[str, Any] | None, names: Iterable[str] | None = None) -> None:
    """Set the row's state against what is there (None: nothing): create, change with its differences, or same."""
    if before is None:
        row.state = RowState.CREATE
        return
    for name in names or row.cells:
        if name in before and name in row.cells and row.cells[name] != before[name]:
            column = entry.by_name[name]
            row.changes.append((name, column.plain(before[name]), column.plain(row.cells[name])))
    if row.changes and row.state != RowState.CREATE:
        row.state = RowState.CHANGE


def refuse_history(entry: Format, header: Sequence[str], documents: Iterable[Document]) -> None:
    """Without --history, refuse what would be done by cells of history; rows that bring nothing new may have them."""
    places = [(n, name) for n, names in enumerate(header) for name in names.split() if entry.by_name[name].history]
    for document in documents:
        for row in document.rows if any(r.state in PENDING for r in document.rows) else ():
            for n, name in places:
                if n < len(row.raw) and row.raw[n].strip():
                    row.refuse(name, _("is for history only (--history)."))


def merged(entry: Format, row: Row, before: Mapping[str, Any] | None, names: Iterable[str]) -> dict[str, Any]:
    """The full values after the row: its cells, else what is there, else the columns' defaults."""
    return {
        name: row.cells[name] if name in row.cells else before[name] if before is not None else entry.by_name[name].default
        for name in names
    }
