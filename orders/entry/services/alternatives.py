"""What may be offered instead of a line that is short or late, decided by the function that commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.catalog.selectors import substitutes_for
from oms.kernel.errors import Invalid, OMSError
from orders.entry.domain import Answer, EntryRequest, LineAnswer, LineRequest
from orders.entry.services.submission import quote

MOST = 3  # a line


def alternatives(request: EntryRequest, answer: Answer, *, by: Any) -> dict[int, list[LineAnswer]]:
    """Line of the answer → substitutes that can be there whole and on time, or sooner than the line itself; best rank first.

    Nothing is read where every line is whole and in time; else one statement and one quote of all of them, each line by itself.
    """
    poor = [n for n, line in enumerate(answer.lines) if line.quantity and not in_time(line, answer.requested_date)]
    known = substitutes_for(answer.lines[n].sku for n in poor) if poor else {}
    asked = [
        (n, LineRequest(instead.sku, Decimal(instead.units(answer.lines[n].quantity))))
        for n in poor for instead in known.get(answer.lines[n].sku, ())[:MOST]
    ]  # fmt: skip
    found: dict[int, list[LineAnswer]] = {}
    for n, line in _quoted(request, asked, by):
        if in_time(line, answer.requested_date) or sooner(line, answer.lines[n]):
            found.setdefault(n, []).append(line)
    return found


def in_time(line: LineAnswer, requested: date) -> bool:
    """Whether all of the line has a date, and none after the requested one."""
    return line.promised == line.quantity and line.delivery_date is not None and line.delivery_date <= requested


def sooner(line: LineAnswer, other: LineAnswer) -> bool:
    """Whether all of the line is there before all of the other."""
    if line.promised < line.quantity or line.delivery_date is None:
        return False
    return other.promised < other.quantity or other.delivery_date is None or line.delivery_date < other.delivery_date


def _quoted(request: EntryRequest, asked: list[tuple[int, LineRequest]], by: Any) -> list[tuple[int, LineAnswer]]:
    """The answers to the asked lines; what this customer cannot buy (no price, no tax) is left out."""
    for _try in range(2):
        if not asked:
            return []
        alone = replace(request, lines=tuple(line for _n, line in asked), charges=(), delivery_rule=0, shown=None, draft="", draft_version=0)
        try:
            return [(n, line) for (n, _asked), line in zip(asked, quote(alone, by=by).lines, strict=True)]
        except Invalid as error:
            wrong = refused_lines(error.data)
            asked = [row for i, row in enumerate(asked) if i not in wrong] if wrong else []
        except OMSError:
            return []
    return []


def refused_lines(data: Mapping[str, Any]) -> set[int]:
    """The lines that a refusal names as `lines.<n>.…`."""
    named = (str(row["field"]).split(".") for row in data.get("errors", ()))
    return {int(parts[1]) for parts in named if len(parts) == 3 and parts[0] == "lines"}
