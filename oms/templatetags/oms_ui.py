"""Template tags of the product's look; each calls into `oms.web`. Load with `{% load oms_ui %}`.

Values: `day age exact money price quantity percent`. Parts: `state quantity_bar meter sparkline field messages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from oms.web import charts, navigation
from oms.web import format as fmt
from oms.web.navigation import MANY

register = template.Library()

QUANTITIES = "ordered approved cancelled allocated shipped delivered undelivered returned invoiced".split()


@register.filter(name="day")
def day_filter(value: date | datetime | None) -> SafeString | str:
    """`Tue 12 Dec`, the exact date on hover."""
    return fmt.time_tag(value, fmt.day(value), fmt.exact(value)) if value else "–"


@register.filter(name="age")
def age_filter(value: date | datetime | None) -> SafeString | str:
    """`3 h`, the exact time on hover."""
    return fmt.time_tag(value, fmt.age(value), fmt.exact(value)) if value else "–"


@register.filter(name="exact")
def exact_filter(value: date | datetime | None) -> SafeString | str:
    """`Tue 12 Dec 2023, 10:32 CET`."""
    return fmt.time_tag(value, fmt.exact(value)) if value else "–"


@register.filter(name="money")
def money_filter(value: Decimal | None, currency: Any = "") -> str:
    """`12,345.60` at the currency's exponent (a code or a Currency)."""
    return fmt.money(value, currency)


@register.filter(name="price")
def price_filter(value: Decimal | None, currency: Any = "") -> str:
    """A unit price with as many decimals as it needs, at most six."""
    return fmt.price(value, currency)


@register.filter(name="quantity")
def quantity_filter(value: int | None) -> str:
    """`12,345`."""
    return fmt.quantity(value)


@register.filter(name="many")
def many_filter(value: int | None) -> str:
    """A count as far as it was counted: `12`, `999+`."""
    return "" if not value else f"{MANY}+" if value > MANY else str(value)


@register.filter(name="percent")
def percent_filter(value: Decimal | None, places: int = 0) -> str:
    """A share as `12 %`."""
    return fmt.percent(value, places)


@register.simple_tag
def state(code: Any, label: Any = "") -> SafeString:
    """A status word with its mark: `{% state order.status order.get_status_display %}`, `{% state "trouble" "Late" %}`."""
    return format_html('<span class="state {}">{}</span>', fmt.kind_of(code), label or code)


@register.simple_tag(name="quantity_bar")
def quantity_bar_tag(line: Any, confirmed: int = 0, words: bool = True) -> SafeString:
    """The bar of an order line (an object with `quantity_ordered` …, or a mapping with `ordered` …)."""
    if isinstance(line, Mapping):
        return charts.quantity_bar({**line, "confirmed": line.get("confirmed", confirmed)}, words)
    values = {name: getattr(line, f"quantity_{name}") for name in QUANTITIES}
    return charts.quantity_bar({**values, "confirmed": confirmed}, words)


@register.simple_tag(name="meter")
def meter_tag(used: Decimal | int, limit: Decimal | int, label: str) -> SafeString:
    """How much of a limit is used."""
    return charts.meter(used, limit, label)


@register.simple_tag(name="sparkline")
def sparkline_tag(values: Sequence[Decimal | int], label: str) -> SafeString:
    """A small line without axes."""
    return charts.sparkline(values, label)


@register.inclusion_tag("oms/web/components/field.html")
def field(bound: BoundField, css: str = "") -> dict[str, Any]:
    """A form field: label, hint, error, input, wired for screen readers."""
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_hint")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    attrs = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": bound,
        "input": bound.as_widget(attrs=attrs),
        "css": css,
        "is_check": isinstance(bound.field.widget, CheckboxInput),
        "is_group": bound.use_fieldset,
    }


@register.inclusion_tag("oms/web/components/navigation.html", takes_context=True)
def shell_navigation(context: Context) -> dict[str, Any]:
    """The navigation of this page for this person."""
    request = context["request"]
    sections = navigation.menu(request.user, request.path)
    known = navigation.known_counts(request.user) is not None
    return {"sections": sections, "counts_known": known}


@register.simple_tag
def shell_search_url() -> str:
    """Where the search field leads, "" while nothing serves it."""
    return navigation.search_url() or ""


@register.simple_tag(takes_context=True)
def shell_post(context: Context) -> str:
    """The post this person acts from."""
    return navigation.post_label(context["request"].user)


@register.simple_tag(takes_context=True)
def shell_theme(context: Context) -> str:
    """"light" or "dark" when the person chose one, else "" (the system's)."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in ("light", "dark") else ""


@register.simple_tag
def url_if(name: str, *args: Any) -> str:
    """The URL when it is served, else "": for links to rooms that may not be there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
