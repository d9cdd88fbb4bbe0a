"""CSV as rows of text: UTF-8 (or UTF-16 with its mark), comma, semicolon or tab; refused with the row at fault."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid

MAX_CELL = 32_000
MAX_COLUMNS = 200
DELIMITERS = ",;\t"


def decoded(data: bytes, encoding: str) -> str:
    """The text of the file. Raises Invalid `encoding` with the row of the first byte that is wrong, `nul`."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise Invalid(_("There is no encoding %(name)s.") % {"name": encoding}, code="encoding") from None
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise Invalid(
            _("Row %(row)s is not %(encoding)s text (byte %(byte)s).") % {"row": row, "encoding": encoding, "byte": f"0x{data[error.start]:02X}"},
            code="encoding", row=row, clears=_("Save the file as UTF-8, or name its encoding."),
        ) from None  # fmt: skip
    if "\x00" in text:
        row = text.count("\n", 0, text.index("\x00")) + 1
        raise Invalid(_("Row %(row)s contains a NUL character: this is not a text file.") % {"row": row}, code="nul", row=row)
    return text


def csv_rows(data: bytes, encoding: str = "utf-8") -> Iterator[list[str]]:
    """Every row, the header first; blank lines come as empty lists, so that rows are counted as a spreadsheet does.

    Raises Invalid `csv` with the row: broken quotes, a cell or a row that is too large.
    """
    text = decoded(data, encoding)
    first = text[:10_000].partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    row = 1
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise Invalid(_("Row %(row)s has %(n)s cells; at most %(most)s are read.") % {"row": row, "n": len(cells), "most": MAX_COLUMNS},
                              code="csv", row=row)
            if any(len(cell) > MAX_CELL for cell in cells):
                raise Invalid(_("Row %(row)s has a cell of more than %(most)s characters.") % {"row": row, "most": MAX_CELL}, code="csv", row=row)
            yield cells
            row += 1
    except csv.Error as error:
        raise Invalid(_("Row %(row)s is broken: %(what)s.") % {"row": row, "what": error}, code="csv", row=row,
                      clears=_("Look for a quotation mark that is not closed.")) from None
