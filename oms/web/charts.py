"""Charts as SVG from the server: no script, no inline style, readable by a screen reader.

Pure functions from plain values to markup. A chart is a `<figure>` with title, description and the same numbers as a
table in a fold; sparklines and quantity bars carry their text beside or inside them. Coordinates are rounded to a
tenth of a pixel, which is enough for a screen and keeps pages small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web import format as fmt

Number = int | Decimal

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 56, 32, 8, 22  # right: half of a date, which stands under the last point


@dataclass(frozen=True)
class Series:
    """One row of values under a label; `kind` "attention", "trouble" or "done" gives it a state's colour."""

    label: str
    values: Sequence[Number]
    kind: str = ""


def _at(value: Number | float) -> str:
    text = f"{float(value):.1f}"
    return text.removesuffix(".0")


def _join(template: str, rows: Any) -> SafeString:
    return format_html_join("", template, rows)


def sparkline(values: Sequence[Number], label: str, width: int = 96, height: int = 24) -> SafeString:
    """A line without axes for a tile or a row; the last value is marked. Fewer than two values draw nothing."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = Decimal(width - 4) / (len(values) - 1)
    points = [(_at(2 + i * step), _at(height - 3 - (v - low) * (height - 6) / span)) for i, v in enumerate(values)]
    path = " ".join(f"{x},{y}" for x, y in points)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<polyline class="line" points="{}"/><circle class="dot" cx="{}" cy="{}" r="2"/></svg>',
        width, height, label, path, *points[-1],
    )  # fmt: skip


def nice_top(high: Number) -> Decimal:
    """The smallest of 1, 2, 2.5, 5, 10 × a power of ten that is not below `high`; 1 for nothing."""
    if high <= 0:
        return Decimal(1)
    power = Decimal(10) ** Decimal(high).adjusted()
    return next(step * power for step in map(Decimal, ("1", "2", "2.5", "5", "10")) if step * power >= high)


def _axes(labels: Sequence[str], top: Decimal, centres: Sequence[Decimal], bottom: Decimal) -> SafeString:
    """Three horizontal lines with their value, and as many labels below as fit without touching."""
    rows = []
    for share in (Decimal(0), Decimal("0.5"), Decimal(1)):
        value = bottom + (top - bottom) * share
        y = _at(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share)
        rows.append((LEFT, y, WIDTH - RIGHT, y, LEFT - 6, _at(float(y) + 4), fmt.quantity(value.normalize() + 0)))
    lines = _join(
        '<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>', rows
    )
    longest = max((len(str(label)) for label in labels), default=1)
    every = max(1, -(-len(labels) * (longest * 6 + 10) // (WIDTH - LEFT - RIGHT)))
    shown = [(_at(x), HEIGHT - 6, label) for i, (x, label) in enumerate(zip(centres, labels, strict=True)) if i % every == 0]
    return lines + _join('<text x="{}" y="{}" text-anchor="middle">{}</text>', shown)


def table(labels: Sequence[str], series: Sequence[Series], corner: str = "") -> SafeString:
    """The chart's numbers as a plain table."""
    head = _join('<th scope="col" class="number">{}</th>', [(s.label,) for s in series])
    rows = [
        (label, _join('<td class="number">{}</td>', [(_number(s.values[i]),) for s in series]))
        for i, label in enumerate(labels)
    ]
    body = _join('<tr><th scope="row">{}</th>{}</tr>', rows)
    return format_html(
        '<table class="table"><thead><tr><th scope="col">{}</th>{}</tr></thead><tbody>{}</tbody></table>',
        corner, head, body,
    )  # fmt: skip


def _number(value: Number) -> str:
    return fmt.quantity(value) if isinstance(value, int) else fmt.money(value)


# What stands for a series in the key: a patch of its colour, or a piece of its line.
PATCH = '<svg width="10" height="10" class="swatch" aria-hidden="true"><rect width="10" height="10" rx="2" class="{}"/></svg>'
STROKE = '<svg width="22" height="10" class="swatch" aria-hidden="true"><polyline class="line {}" points="1,5 21,5"/></svg>'


def _figure(
    title: str, description: str, marks: SafeString, labels: Sequence[str], series: Sequence[Series], sample: str = PATCH
) -> SafeString:
    key = SafeString("")
    if len(series) > 1:
        key = format_html(
            '<p class="row small">{}</p>',
            _join(f"<span>{sample} {{}}</span>", [(_class(i, s, sample), s.label) for i, s in enumerate(series)]),
        )
    return format_html(
        '<figure class="figure"><figcaption>{}</figcaption>{}'
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
        "<details><summary>{}</summary>{}</details></figure>",
        title, key, WIDTH, HEIGHT, f"{title}. {description}".rstrip(". ") + ".", marks,
        _("The same as a table"), table(labels, series),
    )  # fmt: skip


def _class(index: int, series: Series, sample: str = PATCH) -> str:
    return f"l{index}" if sample == STROKE else series.kind or f"s{index % 4}"


def bars(title: str, labels: Sequence[str], series: Sequence[Series], description: str = "") -> SafeString:
    """Stacked columns, one per label (one series: plain columns). Values ≥ 0; lengths of labels and values agree."""
    assert all(len(s.values) == len(labels) for s in series), "every series needs a value per label"
    if not labels:
        return SafeString("")
    top = nice_top(max(sum((s.values[i] for s in series), Decimal(0)) for i in range(len(labels))))
    slot = Decimal(WIDTH - LEFT - RIGHT) / len(labels)
    width = max(Decimal(1), min(slot * Decimal("0.7"), Decimal(48)))
    room = HEIGHT - TOP - BOTTOM
    rects = []
    for i, label in enumerate(labels):
        floor = Decimal(HEIGHT - BOTTOM)
        for n, s in enumerate(series):
            height = s.values[i] * room / top
            if height <= 0:
                continue
            floor -= height
            x = LEFT + slot * i + (slot - width) / 2
            tip = f"{label}, {s.label}: {_number(s.values[i])}"
            rects.append((_class(n, s), _at(x), _at(floor), _at(width), _at(height), tip))
    marks = _join('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', rects)
    centres = [LEFT + slot * i + slot / 2 for i in range(len(labels))]
    return _figure(title, description, _axes(labels, top, centres, Decimal(0)) + marks, labels, series)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], description: str = "") -> SafeString:
    """Up to three lines over the same labels; the first is solid, the others dashed. Starts at 0 unless negative."""
    assert all(len(s.values) == len(labels) for s in series), "every series needs a value per label"
    if len(labels) < 2:
        return SafeString("")
    everything = [v for s in series for v in s.values]
    top, low = nice_top(max(everything)), min(everything)
    bottom = -nice_top(-low) if low < 0 else Decimal(0)
    step = Decimal(WIDTH - LEFT - RIGHT) / (len(labels) - 1)
    room = HEIGHT - TOP - BOTTOM
    centres = [LEFT + step * i for i in range(len(labels))]
    paths = [
        (n, " ".join(f"{_at(x)},{_at(HEIGHT - BOTTOM - (v - bottom) * room / (top - bottom))}"
                     for x, v in zip(centres, s.values, strict=True)), s.label)
        for n, s in enumerate(series)
    ]  # fmt: skip
    marks = _join('<polyline class="line l{}" points="{}"><title>{}</title></polyline>', paths)
    return _figure(title, description, _axes(labels, top, centres, bottom) + marks, labels, series, STROKE)


def meter(used: Number, limit: Number, label: str) -> SafeString:
    """A thin bar of what is used of a limit: attention from 80 %, trouble above 100 %; the numbers stand beside it."""
    share = Decimal(used) / Decimal(limit) if limit else Decimal(1 if used else 0)
    kind = "trouble" if share > 1 else "attention" if share >= Decimal("0.8") else "allocated"
    return format_html(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="q-pending" width="100" height="6"/><rect class="{}" width="{}" height="6"/></svg>',
        label, {"trouble": "q-returned", "attention": "q-backordered"}.get(kind, "q-allocated"),
        _at(min(share, Decimal(1)) * 100),
    )  # fmt: skip


# What an ordered quantity is made of now, furthest progress first; the parts add up to it exactly.
PARTS = (
    ("returned", gettext_lazy("returned")),
    ("delivered", gettext_lazy("delivered")),
    ("undelivered", gettext_lazy("came back undelivered")),
    ("transit", gettext_lazy("in transit")),
    ("allocated", gettext_lazy("allocated")),
    ("confirmed", gettext_lazy("confirmed")),
    ("backordered", gettext_lazy("backordered")),
    ("pending", gettext_lazy("waiting for approval")),
    ("cancelled", gettext_lazy("cancelled")),
)


def split_quantity(q: Mapping[str, int]) -> dict[str, int]:
    """The nine quantities of a line (and `confirmed`) as parts that do not overlap and sum to `ordered`.

    Keys as PRODUCT.md section 2 names them, missing ones are 0. `delivered` here excludes what came back.
    """
    get = lambda key: q.get(key, 0)  # noqa: E731
    open_ = get("approved") - get("shipped")
    return {
        "returned": get("returned"),
        "delivered": get("delivered") - get("returned"),
        "undelivered": get("undelivered"),
        "transit": get("shipped") - get("delivered") - get("undelivered"),
        "allocated": get("allocated"),
        "confirmed": get("confirmed"),
        "backordered": open_ - get("allocated") - get("confirmed"),
        "pending": get("ordered") - get("approved") - get("cancelled"),
        "cancelled": get("cancelled"),
    }


def quantity_bar(q: Mapping[str, int], words: bool = True) -> SafeString:
    """One bar of what an ordered quantity has become, with the same in words below it (or only on hover)."""
    parts = split_quantity(q)
    total = max(q.get("ordered", 0), 1)
    text = ", ".join(f"{fmt.quantity(parts[key])} {label}" for key, label in PARTS if parts[key] > 0)
    rects, x = [], Decimal(0)
    for key, label in PARTS:
        if parts[key] > 0:
            width = Decimal(parts[key]) * 100 / total
            rects.append((key, _at(x), _at(width), f"{fmt.quantity(parts[key])} {label}"))
            x += width
    said = _("%(ordered)s ordered: %(parts)s") % {"ordered": fmt.quantity(q.get("ordered", 0)), "parts": text}
    below = format_html('<span class="words">{}</span>', text) if words else mark_safe("")
    return format_html(
        '<span class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>{}</span>',
        said, _join('<rect class="q-{}" x="{}" width="{}" height="8"><title>{}</title></rect>', rects), below,
    )  # fmt: skip
