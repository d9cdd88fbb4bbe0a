"""How values are written for people: dates, ages, money, quantities, states. Pure but for the active language and zone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# ISO 4217: the currencies whose exponent is not 2.
EXPONENTS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)

# The mark of a status word; a word that is not here is neutral. Colour means state only.
KINDS = {
    **dict.fromkeys(["attention", "submitted", "pending", "waiting", "backordered", "endangered", "unmatched",
                     "expired", "quarantined", "due", "short", "held", "open_hold", "proposed"], "attention"),
    **dict.fromkeys(["trouble", "failed", "overdue", "late", "lost", "bounced", "blocked", "delivery_failed",
                     "dead", "refused", "disputed"], "trouble"),
    **dict.fromkeys(["done", "completed", "delivered", "paid", "settled", "cleared", "matched", "received",
                     "applied", "closed", "resolved"], "done"),
}  # fmt: skip


def kind_of(code: Any) -> str:
    """The state of a status code: "" (neutral), "attention", "trouble" or "done"."""
    return KINDS.get(str(code), "")


def _local(value: date | datetime) -> date | datetime:
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


def day(value: date | datetime, today: date | None = None) -> str:
    """`Tue 12 Dec`, with the year only when it differs from this year's."""
    shown = _local(value)
    this_year = (today or timezone.localdate()).year
    return date_format(shown, _("D j M") if shown.year == this_year else _("D j M Y"))


def month(value: date) -> str:
    """`Dec 2023`."""
    return date_format(value, _("M Y"))


def exact(value: date | datetime) -> str:
    """Day with year, and the time to the minute with its zone when there is one: `Tue 12 Dec 2023, 10:32 CET`."""
    shown = _local(value)
    if not isinstance(shown, datetime):
        return date_format(shown, _("D j M Y"))
    return date_format(shown, _("D j M Y, H:i")) + (f" {shown.tzname()}" if shown.tzinfo else "")


def age(value: date | datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest whole unit: `5 min`, `3 h`, `2 d`, `6 wk`, `3 yr`; in the future `in 2 d`."""
    if not isinstance(value, datetime):
        days = ((timezone.localdate(now) if now else timezone.localdate()) - value).days
        seconds = days * 86_400
        if not days:
            return _("today")
    else:
        seconds = int(((now or timezone.now()) - value).total_seconds())
    for size, words in (
        (365 * 86_400, _("%d yr")), (7 * 86_400 * 2, ""), (86_400, _("%d d")), (3_600, _("%d h")), (60, _("%d min")),
    ):  # fmt: skip
        if abs(seconds) >= size:
            text = words % (abs(seconds) // size) if words else _("%d wk") % (abs(seconds) // (7 * 86_400))
            return text if seconds > 0 else _("in %s") % text
    return _("just now")


def time_tag(value: date | datetime | None, text: str, title: str = "") -> SafeString | str:
    """`<time>` with the machine's form in `datetime` and the exact time on hover; an en dash for None."""
    if value is None:
        return "–"
    stamp = _local(value).isoformat()
    if title:
        return format_html('<time datetime="{}" title="{}">{}</time>', stamp, title, text)
    return format_html('<time datetime="{}">{}</time>', stamp, text)


def exponent_of(currency: Any) -> int:
    """Decimals of a currency: from its `exponent`, or from the ISO table by code; 2 when not said."""
    known: int | None = getattr(currency, "exponent", None)
    return EXPONENTS.get(str(currency), 2) if known is None else known


def _minus(text: str) -> str:
    return text.replace("-", "\u2212", 1) if text.startswith("-") else text


def money(amount: Decimal | int | None, currency: Any = "") -> str:
    """`12,345.60`: grouped, at the currency's exponent, a true minus; the currency itself stands in the header."""
    if amount is None:
        return "–"
    places = exponent_of(currency)
    rounded = Decimal(amount).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _minus(number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True))


def price(amount: Decimal | None, currency: Any = "") -> str:
    """A unit price: at least the currency's decimals, more (up to 6) only when they are not zero."""
    if amount is None:
        return "–"
    places = max(exponent_of(currency), -int(Decimal(amount).normalize().as_tuple().exponent))
    return _minus(number_format(Decimal(amount), decimal_pos=min(places, 6), use_l10n=True, force_grouping=True))


def quantity(value: int | Decimal | None) -> str:
    """`12,345` with a true minus; an en dash for None."""
    return "–" if value is None else _minus(number_format(value, use_l10n=True, force_grouping=True))


def percent(share: Decimal | int | None, places: int = 0) -> str:
    """A share in [0, 1] as `12 %` (half up), with a no-break space."""
    if share is None:
        return "–"
    hundred = (Decimal(share) * 100).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _minus(number_format(hundred, decimal_pos=places, use_l10n=True)) + "\u00a0%"


def counted(number: int, one: str, many: str) -> str:
    """`1 order`, `2,140 orders`: `one` and `many` carry %(count)s."""
    return ngettext(one, many, number) % {"count": quantity(number)}
