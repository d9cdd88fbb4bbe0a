"""Files to import, the world they go into, and the command that brings them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.world import World


@dataclass
class Run:
    """What a command said, and what it refused with ("" = exit status 0)."""

    said: str
    refused: str

    @property
    def counts(self) -> str:
        """The line of counts."""
        return next(line for line in self.said.splitlines() if " rows in, " in line)


@dataclass
class Files:
    """Writes files into a folder and imports them."""

    folder: Path

    def csv(self, name: str, text: str | bytes) -> Path:
        """A file with these bytes; text is dedented by nobody."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, name: str, path: Path, *options: str) -> Run:
        """`manage.py import_<name> path options`."""
        out = io.StringIO()
        try:
            call_command(f"import_{name}", str(path), *options, stdout=out, stderr=out)
        except CommandError as error:
            return Run(out.getvalue(), str(error))
        return Run(out.getvalue(), "")

    def rejected(self, path: Path) -> list[tuple[str, ...]]:
        """(row, column, cell, reason) of the file of rejected rows beside `path`."""
        with Path(f"{path}.rejected.csv").open(newline="", encoding="utf-8") as source:
            rows = list(csv.reader(source))
        assert rows[0] == ["file", "row", "column", "cell", "reason"] and all(row[0] == path.name for row in rows[1:])
        return [tuple(row[1:]) for row in rows[1:]]


def table(header: str, *rows: Sequence[Any]) -> str:
    """CSV text."""
    out = io.StringIO()
    csv.writer(out).writerows([header.split(), *rows])
    return out.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def world(db: Any) -> World:
    """The small company, rolled back afterwards."""
    return World.make()


@pytest.fixture
def live_world(live_db: str) -> World:
    """The small company with real commits."""
    return World.make()


