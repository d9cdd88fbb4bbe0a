"""Run as a script: XLSX on standard input, one JSON array of texts a row on standard output. Knows nothing of the house."""

import datetime
import io
import json
import resource
import sys

MEMORY, SECONDS, MAX_ROWS = 1_500 * 2**20, 50, 500_001


def text(value):
    """A cell as text that the parsers read: whole numbers without a point, days as ISO, never an exponent."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
    if sheet.total_height > MAX_ROWS:
        sys.exit(3)
    for row in sheet.to_python(skip_empty_area=False):
        sys.stdout.write(json.dumps([text(value) for value in row]) + "\n")


if __name__ == "__main__":
    main()
