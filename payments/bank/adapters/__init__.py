"""The banks' formats, pure: bytes in, statements out. `read` tells them apart by what they contain."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from payments.bank.adapters import bai2, camt053, csv_lines, exported, mt940, ofx
from payments.bank.domain import StatementData

LARGEST = 32 * 2**20
BINARY = {b"PK": "ZIP", b"%PDF": "PDF", b"\x1f\x8b": "GZIP", b"\xd0\xcf\x11\xe0": "Excel"}
FORMATS: dict[str, Callable[[bytes], list[StatementData]]] = {
    "mt940": mt940.read, "camt053": camt053.read, "ofx": ofx.read, "bai2": bai2.read, "csv": csv_lines.read,
    "export": exported.read,
}  # fmt: skip


def format_of(data: bytes) -> str:
    """Which of `FORMATS` a file looks like."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(exported.BEGIN):
        return "export"
    if start[:9].upper() == b"OFXHEADER" or b"<OFX>" in data[:4096].upper():
        return "ofx"
    if start.startswith(b"<"):
        return "camt053"
    if start.startswith(b"01,") and b"\n02," in data[:2000].replace(b"\r", b""):
        return "bai2"
    tagged = b":20:" in data and b":61:" in data or b":60F:" in data or b":60M:" in data
    return "mt940" if tagged else "csv"


def read(data: bytes, fmt: str = "") -> list[StatementData]:
    """Every statement of a file: CAMT.053 (XML), MT940, OFX, BAI2, CSV with a header, or our own export; `fmt` "" tells them by content.

    Raises Invalid `statement_too_large`, `statement_unreadable`.
    """
    if len(data) > LARGEST:
        raise Invalid(_("The file is larger than %(mb)s MB.") % {"mb": LARGEST // 2**20}, code="statement_too_large")
    if not data.strip():
        raise Invalid(_("The file is empty."), code="statement_unreadable")
    kind = next((name for start, name in BINARY.items() if data.startswith(start)), None)
    if kind or b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid(_("The file is no text but %(kind)s.") % {"kind": kind or _("something else")}, code="statement_unreadable",
                      clears=_("Unpack it, or export the statement as CAMT.053, MT940, OFX, BAI2 or CSV."))
    found = FORMATS[fmt or format_of(data)](data)
    if not found:
        raise Invalid(_("The file holds no statement."), code="statement_unreadable")
    return found
