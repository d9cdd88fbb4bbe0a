"""Tables in our look, on django-tables2: dense, right-aligned numbers, exportable, worked through by keyboard.

A room subclasses `Table` and lists columns. `row_url(record)` makes rows open with Enter; columns with `priority` 2 to 4
leave when the window is narrow. Columns render for people and keep the typed value for exports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import django_tables2 as tables2
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_tables2.data import TableListData
from django_tables2.rows import BoundRows

from oms.web import charts
from oms.web import format as fmt

CHUNK = 1_000
TEMPLATE = "oms/web/components/table.html"


class Column(tables2.Column):
    """Plain text; `priority` 1 always shown, 2 from 760 px, 3 from 1100 px, 4 from 1440 px; `css` adds classes (key, long, sub)."""

    css = ""

    def __init__(self, *args: Any, priority: int = 1, css: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)
        narrow = f"p{priority}" if priority > 1 else ""
        classes = " ".join(filter(None, [self.css, css, narrow]))
        if classes:
            for part in ("th", "td", "tf"):
                self.attrs.setdefault(part, {})["class"] = classes


class NumberColumn(Column):
    """An integer quantity or count, grouped and right-aligned; nothing is quiet."""

    css = "number"

    def render(self, value: int) -> str:
        return fmt.quantity(value) if value else format_html('<span class="nil">{}</span>', fmt.quantity(value))

    def value(self, value: Any) -> Any:
        return value


class MoneyColumn(NumberColumn):
    """An amount; the currency stands once, in the header. `currency` is a code, or the accessor's name on the record."""

    def __init__(self, *args: Any, currency: str = "", currency_of: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.currency_of = currency, currency_of

    def render(self, value: Any, record: Any) -> str:  # type: ignore[override]
        return fmt.money(value, tables2.A(self.currency_of).resolve(record) if self.currency_of else self.currency)


class PercentColumn(NumberColumn):
    """A share in [0, 1] as percent."""

    def __init__(self, *args: Any, places: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def render(self, value: Any) -> str:
        return fmt.percent(value, self.places)


class DayColumn(Column):
    """A date as `Tue 12 Dec`, the exact one on hover."""

    css = "nowrap"

    def render(self, value: Any) -> Any:
        return fmt.time_tag(value, fmt.day(value), fmt.exact(value))

    def value(self, value: Any) -> Any:
        return value


class AgeColumn(DayColumn):
    """How long ago, the exact time on hover."""

    def render(self, value: Any) -> Any:
        return fmt.time_tag(value, fmt.age(value), fmt.exact(value))


class LinkColumn(Column):
    """The text that opens the record; `url(record)` says where."""

    css = "key"

    def __init__(self, *args: Any, url: Callable[[Any], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = url

    def render(self, value: Any, record: Any) -> Any:
        return format_html('<a href="{}">{}</a>', self.url(record), value)

    def value(self, value: Any) -> Any:
        return value


class StateColumn(Column):
    """A status word with its mark. `label` names the attribute or method with the word (default: the choice's label)."""

    def __init__(self, *args: Any, label: str = "", kinds: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label, self.kinds = label, kinds

    def _word(self, value: Any, record: Any, bound_column: Any) -> Any:
        found = getattr(record, self.label or f"get_{bound_column.accessor}_display", None)
        return found() if callable(found) else found or value

    def render(self, value: Any, record: Any, bound_column: Any) -> Any:
        raw = bound_column.accessor.resolve(record) if bound_column.accessor else value
        kind = self.kinds.get(str(raw), "") if self.kinds else fmt.kind_of(raw)
        return format_html('<span class="state {}">{}</span>', kind, self._word(raw, record, bound_column))

    def value(self, value: Any, record: Any, bound_column: Any) -> Any:
        return str(self._word(value, record, bound_column))


class QuantityBarColumn(Column):
    """What the quantity of a line has become; the value (or `quantities` of the record) is a mapping of quantities."""

    def __init__(self, *args: Any, words: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("empty_values", ())
        super().__init__(*args, **kwargs)
        self.words = words

    def render(self, value: Any) -> Any:
        return charts.quantity_bar(value, words=self.words)

    def value(self, value: Any) -> str:
        return ", ".join(f"{amount} {part}" for part, amount in charts.split_quantity(value).items() if amount)


class SelectColumn(tables2.CheckBoxColumn):
    """A tick for acting on several rows; `value` is what is posted under the column's name (a number, not a key)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("exclude_from_export", True)
        super().__init__(*args, **kwargs)
        for part in ("th", "td"):
            self.attrs.setdefault(part, {})["class"] = "select"

    @property
    def header(self) -> Any:
        return format_html('<input type="checkbox" data-select-all aria-label="{}">', _("Select all rows shown"))

    def render(self, value: Any, bound_column: Any, record: Any) -> Any:
        return format_html(
            '<input type="checkbox" name="{}" value="{}" aria-label="{}">',
            bound_column.name, value, _("Select %(row)s") % {"row": value},
        )  # fmt: skip


class Table(tables2.Table):
    """Base of every table. `empty_title` and `empty_help` say what would be here and how to get it."""

    empty_title: Any = _("Nothing here")
    empty_help: Any = ""
    caption: Any = _("Table")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        attrs: dict[str, Any] = {"data-id": lambda record: self.row_id(record), "tabindex": "-1"}
        if type(self).row_url is not Table.row_url:
            attrs["data-href"] = lambda record: self.row_url(record)
        kwargs["row_attrs"] = attrs | kwargs.get("row_attrs", {})
        # Given here and not in a Meta, which subclasses would have to inherit by hand.
        kwargs = {"template_name": TEMPLATE, "attrs": {"class": "table"}, "order_by_field": "sort"} | kwargs
        super().__init__(*args, **kwargs)

    def row_url(self, record: Any) -> str:
        """Where Enter on a row leads; override it, or rows do not open."""
        raise NotImplementedError

    def row_id(self, record: Any) -> str:
        """What the row is remembered by when one comes back to the table."""
        return str(getattr(record, "number", None) or getattr(record, "pk", ""))

    def export_rows(self, records: Iterable[Any]) -> Iterator[Sequence[Any]]:
        """Header, then rows of typed values for all `records`, in chunks so that memory stays flat."""
        source = iter(records)
        self.rows = BoundRows(TableListData([]), table=self)
        yield next(iter(self.as_values()))
        while chunk := list(islice(source, CHUNK)):
            self.rows = BoundRows(TableListData(chunk), table=self)
            yield from islice(self.as_values(), 1, None)
