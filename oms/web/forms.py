"""Form fields in our look: the search-as-you-type field, and how a field is drawn (label, hint, error, input)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Option:
    """One suggestion of a combobox: the `value` that is posted, its `label`, a quiet `detail` on the right."""

    value: str
    label: str
    detail: str = ""


class Combobox(forms.TextInput):
    """Search as you type: posts the chosen option's value under the field's name.

    `url_name` serves the options (`OptionsView`). What is typed and not chosen is posted as typed in `<name>-text`,
    so that the server can say what it did not find; a choice fills both.
    """

    template_name = "oms/web/widgets/combobox.html"

    def __init__(self, url_name: str, attrs: dict[str, Any] | None = None, placeholder: Any = "") -> None:
        super().__init__(attrs)
        self.url = reverse_lazy(url_name)
        self.placeholder = placeholder

    def label_of(self, value: Any) -> str:
        """What the text field shows for a value that is already chosen; override for a friendlier name."""
        return str(value or "")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"url": str(self.url), "text": self.label_of(value), "placeholder": self.placeholder}
        return context


class DayInput(forms.DateInput):
    """A date with the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class QuantityInput(forms.TextInput):
    """A number typed as text: no spinner, right keyboard on a phone."""

    def __init__(self, attrs: dict[str, Any] | None = None, decimals: bool = False) -> None:
        super().__init__({"inputmode": "decimal" if decimals else "numeric", "autocomplete": "off", **(attrs or {})})


class OnceForm(forms.Form):
    """A form that takes effect once: it carries an idempotency key, made when it is shown."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput, required=True, initial=uuid.uuid4)


def grid_rows(data: Mapping[str, str], name: str = "lines") -> dict[int, dict[str, str]]:
    """The filled lines of an entry grid by their number on the page: {column: text}; a combobox's text stands for its choice."""
    cell = re.compile(rf"^{name}-(\d{{1,4}})-([a-z]+)(-text)?$")
    rows: dict[int, dict[str, str]] = {}
    for key, value in data.items():
        if found := cell.match(key):
            line, text = rows.setdefault(int(found[1]), {}), value.replace("\x00", "").strip()[:200]
            line[found[2]] = (line.get(found[2]) or text) if found[3] else (text or line.get(found[2], ""))
    return {n: line for n, line in sorted(rows.items()) if any(line.values())}


def add_problems(form: forms.BaseForm, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Put an error's rows {field, message} to the fields of the form; returns the messages of those it does not have."""
    left = []
    for row in rows:
        field, message = row.get("field", ""), str(row.get("message", _("This value is wrong.")))
        if field in form.fields:
            form.add_error(field, message)
        else:
            left.append(message)
    return left
