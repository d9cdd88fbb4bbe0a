"""What people type into cells of a grid: numbers in either habit, shares in percent, days. A mistake is a ValueError in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

MOST = 10**12


def number(text: str) -> Decimal | None:
    """A number from 0 with at most six decimals (1 200,50 or 1,200.50); None when empty."""
    if not text:
        return None
    plain = text.replace("\u00a0", "").replace(" ", "").replace("'", "")
    if "," in plain and "." in plain:
        plain = plain.replace("," if plain.rfind(".") > plain.rfind(",") else ".", "")
    try:
        value = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0 or value >= MOST or value != round(value, 6):
        raise ValueError(_("“%(text)s” is not a number.") % {"text": text[:30]})
    return value


def share(text: str) -> Decimal | None:
    """A share of 1 that is typed in percent, at most 100; None when empty."""
    value = number(text.rstrip(" %"))
    if value is not None and value > 100:
        raise ValueError(_("A discount is at most 100 %."))
    return None if value is None else value / 100


def day(text: str) -> date | None:
    """An ISO day, as a date field posts it; None when empty."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(_("“%(text)s” is not a date.") % {"text": text[:20]}) from None
