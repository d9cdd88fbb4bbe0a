"""XLSX as rows of text: the first sheet, read by a child process with little memory and time, after a look at the zip."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from oms.files.adapters.csv_rows import MAX_CELL, MAX_COLUMNS
from oms.kernel.errors import Invalid

MAX_UNPACKED = 50 * 2**20
MAX_RATIO = 100
MAX_MEMBERS = 200
SECONDS = 60
CHILD = Path(__file__).with_name("xlsx_child.py")


def check_zip(data: bytes) -> None:
    """Refuse, from its directory alone, a zip that is none, would unpack too large, or names odd places."""
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Invalid(_("This is not an XLSX file."), code="xlsx") from None
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > MAX_MEMBERS:
        raise Invalid(_("The XLSX file has %(n)s parts; at most %(most)s are read.") % {"n": len(members), "most": MAX_MEMBERS}, code="xlsx_bomb")
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1):
        raise Invalid(
            _("The XLSX file would unpack to %(mb)s MB, %(ratio)s times its size; at most %(most)s MB and %(times)s times are read.")
            % {"mb": unpacked // 2**20, "ratio": unpacked // max(packed, 1), "most": MAX_UNPACKED // 2**20, "times": MAX_RATIO},
            code="xlsx_bomb", clears=_("Save only the sheet with the data, or use CSV."),
        )  # fmt: skip
    names = [m.filename for m in members]
    if any(name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name for name in names):
        raise Invalid(_("The XLSX file names parts outside of itself."), code="xlsx_bomb")
    if any("vbaproject" in name.lower() for name in names):
        raise Invalid(_("The file contains macros."), code="xlsx_macros", clears=_("Save it as XLSX without macros."))
    if "[Content_Types].xml" not in names:
        raise Invalid(_("This is not an XLSX file."), code="xlsx")


def xlsx_rows(data: bytes) -> Iterator[list[str]]:
    """Every row of the first sheet as text, the header first. Raises Invalid `xlsx`, `xlsx_bomb`, `xlsx_macros`."""
    check_zip(data)
    try:
        done = subprocess.run([sys.executable, "-I", str(CHILD)], input=data, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Invalid(_("The XLSX file takes too long to read."), code="xlsx_bomb") from None
    if done.returncode != 0:
        raise Invalid(_("The XLSX file cannot be read: it is broken or too large."), code="xlsx")
    for row, line in enumerate(done.stdout.splitlines(), start=1):
        cells = json.loads(line)
        if len(cells) > MAX_COLUMNS or any(len(cell) > MAX_CELL for cell in cells):
            raise Invalid(_("Row %(row)s is too large.") % {"row": row}, code="xlsx_bomb", row=row)
        if any("\x00" in cell for cell in cells):
            raise Invalid(_("Row %(row)s contains a NUL character.") % {"row": row}, code="nul", row=row)
        yield cells
