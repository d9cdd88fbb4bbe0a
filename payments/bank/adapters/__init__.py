"""The banks' formats, pure: bytes in, statements out. `read` tells them apart by what they contain."""

from __future__ import annotations

from oms.kernel.errors import Invalid
from payments.bank.adapters import camt053, csv_lines, mt940
from payments.bank.domain import StatementData

LARGEST = 5 * 2**20


def read(data: bytes) -> list[StatementData]:
    """Every statement of a file: CAMT.053 (XML), MT940, or CSV with a header.

    Raises Invalid `statement_too_large`, `statement_unreadable`.
    """
    if len(data) > LARGEST:
        raise Invalid("The file is larger than 5 MB.", code="statement_too_large")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        found = camt053.read(data)
    elif b":20:" in data and b":61:" in data or b":60F:" in data or b":60M:" in data:
        found = mt940.read(data)
    else:
        found = csv_lines.read(data)
    if not found:
        raise Invalid("The file holds no statement.", code="statement_unreadable")
    return found
