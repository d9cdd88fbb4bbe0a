"""Cells: text from a file to a typed value and back, with the reason when it is not one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

# The full-width forms are read as formulas by some spreadsheets (RELIABILITY.md section 5).
FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
INTEGER = re.compile(r"[+-]?\d{1,18}(\.0+)?")
DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d+)?")
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)([T ]00:00(:00(\.0+)?)?)?")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


class CellError(ValueError):
    """Why a cell is not what its column asks for."""


def harmless(value: Any) -> Any:
    """`value` as it may stand in a cell: text that starts like a formula is prefixed with an apostrophe."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool | int | Decimal | date | datetime | time):
        return value
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text


def text_of(raw: str, longest: int) -> str:
    """Trimmed text; the apostrophe that `harmless` puts before formulas is taken off."""
    if raw.startswith("'") and raw[1:].lstrip(" ").startswith(FORMULA_STARTS):
        raw = raw[1:]
    value = raw.strip()
    if len(value) > longest:
        raise CellError(_("has %(n)s characters; at most %(longest)s fit.") % {"n": len(value), "longest": longest})
    if CONTROL.search(value):
        raise CellError(_("contains a control character."))
    return value


def shown(raw: str) -> str:
    """A cell quoted for a message, shortened."""
    return f"“{raw if len(raw) <= 40 else raw[:39] + '…'}”"


def integer(raw: str, least: int | None, most: int | None) -> int:
    """A whole number without separators, within its bounds."""
    if not INTEGER.fullmatch(raw):
        raise CellError(_("%(cell)s is not a whole number.") % {"cell": shown(raw)})
    value = int(raw.partition(".")[0])
    _bounds(value, least, most)
    return value


def decimal(raw: str, least: int | None, most: int | None, decimals: int) -> Decimal:
    """A number with a point and at most `decimals` decimals that are not zeros."""
    if not DECIMAL.fullmatch(raw):
        raise CellError(_("%(cell)s is not a number (write 1234.5).") % {"cell": shown(raw)})
    if len(raw.partition(".")[2].rstrip("0")) > decimals:
        raise CellError(_("%(cell)s has more than %(n)s decimals.") % {"cell": shown(raw), "n": decimals})
    value = Decimal(raw)
    _bounds(value, least, most)
    return value


def _bounds(value: Any, least: int | None, most: int | None) -> None:
    if least is not None and value < least:
        raise CellError(_("%(value)s is less than %(least)s.") % {"value": value, "least": least})
    if most is not None and value > most:
        raise CellError(_("%(value)s is more than %(most)s.") % {"value": value, "most": most})


def day(raw: str) -> date:
    """A day as YYYY-MM-DD (a midnight behind it is let pass)."""
    found = DATE.fullmatch(raw)
    try:
        value = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        value = None
    if value is None or not 1900 <= value.year <= 2200:
        raise CellError(_("%(cell)s is not a date (write 2026-03-31).") % {"cell": shown(raw)})
    return value


def moment(raw: str, zone: tzinfo) -> datetime:
    """A day, or a day and time; without an offset it is meant in `zone`."""
    if DATE.fullmatch(raw):
        return datetime.combine(day(raw), time(), zone).astimezone(UTC)
    try:
        value = datetime.fromisoformat(raw)
    except ValueError:
        value = None
    if value is None or not 1900 <= value.year <= 2200:
        raise CellError(_("%(cell)s is not a date and time (write 2026-03-31 14:05).") % {"cell": shown(raw)})
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def boolean(raw: str) -> bool:
    """yes or no."""
    if raw.lower() in YES:
        return True
    if raw.lower() in NO:
        return False
    raise CellError(_("%(cell)s is neither yes nor no.") % {"cell": shown(raw)})


def plain(value: Any) -> str:
    """A value as a file shows it: what the parsers above read back as the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)
