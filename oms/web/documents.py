"""Documents as PDF, set by typst: the template is ours, every text reaches it as JSON data and is never markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import npgettext, pgettext

from oms.kernel.errors import Unavailable

CONTEXT = "document"


def written(text: str) -> str:
    """A text of what customers get, in the language that is active. Its translations carry a context of their own: documents
    and mail are German for a German customer while the pages stay in the one language they are in."""
    return pgettext(CONTEXT, text)


def written_many(one: str, many: str, number: int) -> str:
    """`written` for one and for many."""
    return npgettext(CONTEXT, one, many, number)


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """A PDF of `templates/<template>`; `data` holds plain JSON values, which the template reads from `sys.inputs.data`.

    Fonts are typst's own, packages and the network are not used. Raises Unavailable `document` when it can't be set.
    """
    import typst  # a third of a second: only who prints pays it

    root = Path(settings.BASE_DIR) / "templates"
    try:
        found = typst.compile(
            str(root / template), root=str(root), ignore_system_fonts=True, sys_inputs={"data": json.dumps(data, default=str)}
        )
    except RuntimeError as error:
        raise Unavailable("The document can't be set right now.", code="document", cause=str(error)[:200]) from error
    assert isinstance(found, bytes)
    return found


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """The PDF, shown in the browser under `name`.pdf."""
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{plain}.pdf"'
    return answer
