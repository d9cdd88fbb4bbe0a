"""The file of the region tree: territories, the posts in them and who holds them, told apart by `kind`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.territory.models import Post, PostHolding, Territory
from customers.territory.services import HoldingRow, PostRow, TerritoryRow, upsert_tree
from oms.accounts.models import User
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, Row, compare, merged, register

COLUMNS = (
    Column("kind", gettext_lazy("what the row is"), required=True, choices={k: k for k in ("territory", "post", "holding")}),
    Column("code", gettext_lazy("of the territory or post; on a holding, of the post held"), required=True, longest=20),
    Column("name", gettext_lazy("of the territory or post"), default="", longest=100),
    Column("parent", gettext_lazy("the territory, or post, above"), default="", longest=20),
    Column("territory", gettext_lazy("of a post"), default="", longest=20),
    Column("holder", gettext_lazy("user name, on a holding"), default="", longest=150),
    Column("since", gettext_lazy("first day of the holding"), "date"),
    Column("until", gettext_lazy("first day it is over"), "date"),
)
FIELDS = {"territory": ("name", "parent"), "post": ("name", "parent", "territory"), "holding": ("until",)}


def known() -> dict[str, dict[Any, dict[str, Any]]]:
    """What is there: kind → key → values. Three statements."""
    territories = {t.code: {"name": t.name, "parent": t.parent.code if t.parent else ""} for t in Territory.objects.select_related("parent")}
    posts = {p.code: {"name": p.name, "parent": p.parent.code if p.parent else "", "territory": p.territory.code}
             for p in Post.objects.select_related("parent", "territory")}  # fmt: skip
    holdings = {(h.post.code, h.user.username, h.during.lower): {"until": h.during.upper}
                for h in PostHolding.objects.select_related("post", "user")}  # fmt: skip
    return {"territory": territories, "post": posts, "holding": holdings}


def key_of(row: Row) -> Any:
    """By what a row is found."""
    if row.cells["kind"] == "holding":
        return (row.cells["code"], row.cells.get("holder"), row.cells.get("since"))
    return row.cells["code"]


def check(documents: Sequence[Document], context: Context) -> None:
    """References into the books or the file itself, no circles, known holders; then the differences."""
    there = known()
    rows = [d.rows[0] for d in documents]
    named = {kind: set(there[kind]) | {r.cells["code"] for r in rows if r.cells["kind"] == kind} for kind in ("territory", "post")}
    users = set(User.objects.filter(username__in={r.cells.get("holder") or "" for r in rows}).values_list("username", flat=True))
    for row in rows:
        kind, cells = row.cells["kind"], row.cells
        before = there[kind].get(key_of(row))
        if kind == "holding":
            check_holding(row, named["post"], users)
        else:
            if not cells.get("name") and before is None:
                row.refuse("name", _("is missing."))
            if cells.get("parent") and cells["parent"] not in named[kind]:
                row.refuse("parent", _("there is no %(kind)s %(code)s.") % {"kind": kind, "code": cells["parent"]})
            if kind == "post" and cells.get("territory", "" if before is None else "kept") not in {*named["territory"], "kept"}:
                row.refuse("territory", _("there is no territory %(code)s.") % {"code": cells.get("territory") or "“”"})
        compare(TERRITORIES, row, before, FIELDS[kind])
    for kind in ("territory", "post"):
        refuse_circles([r for r in rows if r.cells["kind"] == kind], there[kind])


def check_holding(row: Row, posts: set[str], users: set[str]) -> None:
    """A holding names a post, a user and its first day."""
    cells = row.cells
    if cells["code"] not in posts:
        row.refuse("code", _("there is no post %(code)s.") % {"code": cells["code"]})
    if (cells.get("holder") or "") not in users:
        row.refuse("holder", _("there is no user %(name)s.") % {"name": cells.get("holder") or "“”"})
    if not cells.get("since"):
        row.refuse("since", _("is missing."))
    elif cells.get("until") and cells["until"] <= cells["since"]:
        row.refuse("until", _("lies before %(earlier)s.") % {"earlier": "since"})


def refuse_circles(rows: Sequence[Row], there: Mapping[str, Mapping[str, Any]]) -> None:
    """Nobody stands above themselves."""
    parents = {code: values["parent"] for code, values in there.items()} | {r.cells["code"]: r.cells["parent"] for r in rows if "parent" in r.cells}
    for row in rows:
        code, steps = row.cells["code"], 0
        above = parents.get(code, "")
        while above and above != code and steps <= len(parents):
            above, steps = parents.get(above, ""), steps + 1
        if above:
            row.refuse("parent", _("%(code)s would stand above itself.") % {"code": code})


def apply(documents: Sequence[Document], context: Context) -> None:
    """One command for the whole tree."""
    there = known()
    rows = [d.rows[0] for d in documents if d.rows[0].state in (RowState.CREATE, RowState.CHANGE)]
    users = dict(User.objects.filter(username__in={r.cells.get("holder") or "" for r in rows}).values_list("username", "pk"))

    def of(kind: str) -> list[tuple[str, dict[str, Any], Row]]:
        return [(r.cells["code"], merged(TERRITORIES, r, there[kind].get(key_of(r)), FIELDS[kind]), r) for r in rows if r.cells["kind"] == kind]

    upsert_tree(
        [TerritoryRow(code, **values) for code, values, _row in of("territory")],
        [PostRow(code, **values) for code, values, _row in of("post")],
        [HoldingRow(code, users[r.cells["holder"]], r.cells["since"], values["until"]) for code, values, r in of("holding")],
        by=context.by,
    )


def export() -> Iterator[dict[str, Any]]:
    """The whole tree, parents first within each kind as their codes sort."""
    there = known()
    for kind in ("territory", "post"):
        for code, values in sorted(there[kind].items()):
            yield {"kind": kind, "code": code, **values}
    for (code, holder, since), values in sorted(there["holding"].items()):
        yield {"kind": "holding", "code": code, "holder": holder, "since": since, **values}


TERRITORIES = register(
    Format("territories", gettext_lazy("The region tree: territories, posts, and who holds a post when."), COLUMNS, "territory.upsert",
           check, apply, export, key=("kind", "code", "holder", "since"), batch=50_000)
)  # fmt: skip
