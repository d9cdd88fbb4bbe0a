"""The entry form: what the page posts becomes an EntryRequest; mistakes stay beside the field they belong to."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.files.domain import DAYS, DECIMALS, Layout
from oms.files.formats import Column, named
from oms.files.models import ImportFile
from oms.files.uploads import ENCODINGS
from oms.kernel.errors import Invalid
from oms.web import typed
from oms.web.forms import Combobox
from orders.book.choices import Channel
from orders.desk.selectors import sender_named
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest

T = TypeVar("T")
MAX_LINES = 500
CELL = re.compile(r"^lines-(\d{1,4})-(product|product-text|quantity|unit|price|discount)$")


@dataclass
class EntryForm:
    """The posted page: header values, lines by their number on the page, and mistakes by field."""

    customer: str
    customer_po: str
    requested_date: str
    ship_to: str
    shortage_rule: str
    channel: str
    freight: str
    reason: str
    instructions: str
    lines: dict[int, dict[str, str]]
    key: str
    shown: dict[str, Any] | None
    accept_changes: bool
    draft: str = ""
    draft_version: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str]) -> EntryForm:
        """From POST data; nothing is refused here."""
        lines: dict[int, dict[str, str]] = {}
        for name, value in data.items():
            found = CELL.match(name)
            if found:
                lines.setdefault(int(found[1]), {})[found[2]] = value.replace("\x00", "").strip()
        for line in lines.values():
            line["chosen"] = line.get("product", "")
            line["text"] = line.pop("product-text", "") or line["chosen"]
            line["product"] = line["chosen"] or line["text"]
        filled = {n: line for n, line in sorted(lines.items()) if line["product"] or line.get("quantity")}

        def text(name: str, limit: int) -> str:
            return data.get(name, "").replace("\x00", "").strip()[:limit]

        return cls(
            customer=text("customer", 20), customer_po=text("customer_po", 60),
            requested_date=text("requested_date", 10), ship_to=text("ship_to", 20),
            shortage_rule=text("shortage_rule", 10), channel=text("channel", 10), freight=text("freight", 20),
            reason=text("reason", 200), instructions=text("instructions", 2_000),
            lines=dict(list(filled.items())[:MAX_LINES]), key=text("idempotency_key", 60) or uuid.uuid4().hex,
            shown=shown_of(data.get("shown", "")), accept_changes=data.get("accept_changes") == "1",
            draft=text("draft", 20), draft_version=int(text("draft_version", 9)) if text("draft_version", 9).isdigit() else 0,
        )  # fmt: skip

    @property
    def unfinished(self) -> set[int]:
        """Lines still being typed: no product chosen yet, or no quantity. Hints say nothing against them."""
        return {n for n, cells in self.lines.items() if not cells["chosen"] or not cells.get("quantity")}

    def request(self, only: set[int] | None = None) -> tuple[EntryRequest, list[int]]:
        """(the request, the page's number of each of its lines); `only` leaves the other lines out.

        Raises Invalid `mistakes` with the first message; all are in `errors`.
        """
        numbers, lines = [], []
        for n, cells in self.lines.items():
            if only is not None and n not in only:
                continue
            line = self.line(n, cells)
            if line is not None:
                numbers.append(n)
                lines.append(line)
        requested = self.typed("requested_date", typed.day, self.requested_date)
        freight = self.typed("freight", typed.number, self.freight)
        if not self.customer:
            self.errors["customer"] = _("Choose the customer.")
        if self.errors and only is None:
            raise Invalid(next(iter(self.errors.values())), code="mistakes")
        channel = Channel.PHONE if self.channel == Channel.PHONE else Channel.WEB
        return EntryRequest(
            customer=self.customer, lines=tuple(lines), channel=channel.value, ship_to=self.ship_to,
            charges=(ChargeRequest(_("Freight"), freight),) if freight else (), customer_po=self.customer_po,
            requested_date=requested, shortage_rule=self.shortage_rule or None, instructions=self.instructions,
            shown=self.shown, accept_changes=self.accept_changes, draft=self.draft, draft_version=self.draft_version,
        ), numbers  # fmt: skip

    def line(self, n: int, cells: dict[str, str]) -> LineRequest | None:
        """One line, or None with its mistake noted."""
        where = f"lines.{n}"
        quantity = self.typed(f"{where}.quantity", typed.number, cells.get("quantity", "") or "0")
        price = self.typed(f"{where}.price", typed.number, cells.get("price", ""))
        discount = self.typed(f"{where}.discount", typed.share, cells.get("discount", ""))
        if not cells["product"]:
            self.errors[f"{where}.sku"] = _("Choose a product.")
        elif not quantity and f"{where}.quantity" not in self.errors:
            self.errors[f"{where}.quantity"] = _("How many?")
        if any(name.startswith(f"{where}.") for name in self.errors):
            return None
        return LineRequest(
            cells["product"][:40], quantity or Decimal(0), cells.get("unit", "")[:20], price, discount or None, reason=self.reason
        )

    def typed(self, where: str, read: Callable[[str], T | None], text: str) -> T | None:
        """What was typed, by one of `oms.web.typed`; a mistake is noted at its field."""
        try:
            return read(text)
        except ValueError as error:
            self.errors[where] = str(error)
            return None

    def asked(self) -> str:
        """What an answer was asked for: what is shown counts only for the same question."""
        cells = [[line.get(c, "") for c in ("product", "quantity", "unit", "price", "discount")] for line in self.lines.values()]
        plain = [self.customer, self.requested_date, self.freight, self.shortage_rule, cells]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]

    def forget_other_answers(self) -> None:
        """Drop what was shown when the form was typed on since: it was an answer to something else."""
        if self.shown and self.shown.get("asked", self.asked()) != self.asked():
            self.shown = None

    def body_hash(self) -> bytes:
        """What makes two posts with one key the same order."""
        plain = {k: v for k, v in vars(self).items() if k not in ("key", "shown", "accept_changes", "errors")}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).digest()


def shown_of(text: str) -> dict[str, Any] | None:
    """What the form showed, as it sends it back; anything else counts as nothing shown."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class BatchForm(forms.Form):
    """An order file with who sent it."""

    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("CSV or XLSX; the first row names the columns"))
    sender = forms.CharField(
        label=gettext_lazy("Sent by"), required=False, max_length=200, widget=Combobox("orders:customer-options", placeholder=gettext_lazy("Name, city or code")),
        help_text=gettext_lazy("empty when the file has a column that says the customer"),
    )  # fmt: skip
    encoding = forms.ChoiceField(
        label=gettext_lazy("Letters of a CSV file"), choices=[(e, e.upper()) for e in ENCODINGS], initial=ENCODINGS[0], required=False,
        help_text=gettext_lazy("another than UTF-8 when letters like é come out wrong"),
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if "partner" in user.roles:
            del self.fields["sender"]

    def clean_sender(self) -> str:
        """The code of the customer; a text that names none is a mistake."""
        typed = self.cleaned_data["sender"] or self.data.get("sender-text", "").strip()
        code = sender_named(self.user, typed) if typed else ""
        if code is None:
            raise forms.ValidationError(_("There is no customer %(text)s.") % {"text": typed[:40]})
        return code

    def clean_encoding(self) -> str:
        return self.cleaned_data["encoding"] or ENCODINGS[0]


@dataclass
class ColumnsForm:
    """What the columns of a file are: one row a column of the format, with the file's column or a value for all rows."""

    file: ImportFile
    layout: Layout
    errors: dict[str, str] = field(default_factory=dict)
    days = tuple(DAYS.items())

    @classmethod
    def read(cls, file: ImportFile, data: Mapping[str, str]) -> ColumnsForm:
        """From POST data; what is wrong with it is said by the use case."""
        columns = dict.fromkeys(file.names, "")
        constants = {}
        for column in columns_of(file):
            source = data.get(f"column-{column.name}", "")
            if source in columns:
                columns[source] = f"{columns[source]} {column.name}".strip()
            if text := data.get(f"value-{column.name}", "").replace("\x00", "").strip()[:200]:
                constants[column.name] = text
        decimals, days = data.get("decimals", ""), data.get("days", "")
        return cls(file, Layout(columns, constants, decimals if decimals in DECIMALS else ".", days if days in DAYS else "ymd"))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The format's columns: what they mean, what was chosen, the first values of it, a mistake."""
        found = []
        for column in columns_of(self.file):
            source = next((n for n, targets in self.layout.columns.items() if column.name in targets.split()), "")
            place = self.file.names.index(source) if source in self.file.names else -1
            sample = [row[place] for row in self.file.sample[:3] if 0 <= place < len(row)]
            found.append({"column": column, "source": source, "sample": sample, "value": self.layout.constants.get(column.name, ""),
                          "error": self.errors.get(column.name, "")})
        return found

    @property
    def left_out(self) -> list[str]:
        """Columns of the file that are taken for nothing."""
        return [name for name in self.file.names if not self.layout.columns.get(name)]


def columns_of(file: ImportFile) -> list[Column]:
    """The columns a sender can fill."""
    return [column for column in named(file.format).columns if not column.history]
