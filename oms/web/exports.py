"""Every table as CSV or XLSX, safe to open in a spreadsheet.

Text that a spreadsheet would take for a formula gets a leading apostrophe; typed numbers and dates are left alone.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from oms.files.cells import harmless
from oms.kernel.errors import Invalid, Unprocessable

FORMATS = ("csv", "xlsx")
MAX_ROWS = 100_000
CHUNK = 500
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = Any


def bounded(rows: Iterable[Sequence[Cell]], limit: int = MAX_ROWS) -> Iterator[Sequence[Cell]]:
    """The rows, refusing with Unprocessable `export_too_large` once there are more than `limit`."""
    for number, row in enumerate(rows):
        if number >= limit:
            raise Unprocessable(
                _("This table has more than %(limit)s rows.") % {"limit": f"{limit:,}"},
                code="export_too_large",
                clears=_("Narrow it with the filters, or ask your administrator for a full export."),
                limit=limit,
            )
        yield row


def _csv_cell(value: Cell) -> Cell:
    value = harmless(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds") if timezone.is_aware(value) else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark (spreadsheets need it), comma, CRLF; in chunks."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([harmless(name) for name in header])
    yield b"\xef\xbb\xbf" + buffer.getvalue().encode()
    buffer.seek(0), buffer.truncate()
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(value) for value in row])
        if number % CHUNK == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0), buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(target: Any, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One sheet into the open binary file `target`, row by row in constant memory; money and dates stay typed."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, str(harmless(name)), bold)
    for number, row in enumerate(rows, start=1):
        for column, raw in enumerate(row):
            value = harmless(raw)
            if value == "":
                continue
            if isinstance(value, bool):
                sheet.write_boolean(number, column, value)
            elif isinstance(value, int | Decimal):
                sheet.write_number(number, column, value)
            elif isinstance(value, datetime):
                local = timezone.make_naive(value) if timezone.is_aware(value) else value
                sheet.write_datetime(number, column, local, moment)
            elif isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            else:
                sheet.write_string(number, column, str(value)[:32_767])
    book.close()


def response(fmt: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponseBase:
    """The table as a download `name.fmt`. Raises Invalid for an unknown format, Unprocessable beyond MAX_ROWS."""
    if fmt not in FORMATS:
        raise Invalid(_("Tables can be exported as %(formats)s.") % {"formats": ", ".join(FORMATS)}, code="export_format")
    # The bound must be known before the first byte leaves: both formats are written to a file first.
    file = tempfile.SpooledTemporaryFile(max_size=2**20)  # noqa: SIM115 (FileResponse closes it)
    try:
        if fmt == "xlsx":
            write_xlsx(file, header, bounded(rows))
        else:
            file.writelines(csv_lines(header, bounded(rows)))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    answer = FileResponse(file, as_attachment=True, filename=f"{name}.{fmt}")
    answer["Content-Type"] = XLSX_TYPE if fmt == "xlsx" else "text/csv; charset=utf-8"
    return answer
