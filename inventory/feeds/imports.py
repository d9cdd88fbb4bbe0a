"""The file of a feed: the same messages as by API, a row a row, for a warehouse that sends files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.feeds.choices import FeedKind
from inventory.feeds.domain import MOST_UNITS
from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.services import MOST_MESSAGES, Sent, receive_messages
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, register

HEAD = (
    Column("message", gettext_lazy("feed and number, as CODE/17: the same on each row of the message"), required=True, longest=60),
    Column("id", gettext_lazy("the sender's id of the message (default: its number)"), default="", longest=80),
    Column("kind", gettext_lazy("what it tells"), "choice", choices={k.value: k.value for k in FeedKind}),
    Column("at", gettext_lazy("when it occurred or was counted"), "moment"),
    Column("location", gettext_lazy("code of a location, ours or the sender's"), longest=40),
    Column("full", gettext_lazy("of a count: places that are not named hold nothing"), "boolean", default=False),
    Column("reason", gettext_lazy("code of a movement's reason"), default="", longest=40),
    Column("reference", gettext_lazy("of an expected receipt"), default="", longest=40),
    Column("shipment", gettext_lazy("our shipment's number"), default="", longest=40),
    Column("order", gettext_lazy("our order's number"), default="", longest=40),
    Column("return", gettext_lazy("our return's number"), default="", longest=40),
    Column("tracking", gettext_lazy("the carrier's number"), default="", longest=60),
)
ROW = (
    Column("sku", gettext_lazy("our SKU or the sender's code"), required=True, longest=40),
    Column("quantity", gettext_lazy("in the unit given; signed for movements only"), "integer", required=True, least=-MOST_UNITS, most=MOST_UNITS),
    Column("unit", gettext_lazy("default: the product's base unit"), default="", longest=40),
    Column("bin", gettext_lazy("place within the location"), default="", longest=40),
    Column("lot", gettext_lazy("batch of the product"), default="", longest=40),
    Column("expires_on", gettext_lazy("last day of the lot"), "date"),
    Column("available_on", gettext_lazy("of an expected receipt: first day it can be shipped"), "date"),
)


def named(document: Document) -> tuple[str, int] | None:
    """(feed's code, number) of a document; None when its cell is not of that form."""
    code, _slash, seq = str(document.head["message"]).rpartition("/")
    return (code, int(seq)) if code and seq.isdigit() and 0 < int(seq) < 2**62 else None


def feeds_of(documents: Sequence[Document]) -> dict[str, Feed]:
    """Code → feed, of those the documents name. One statement."""
    codes = {found[0] for found in map(named, documents) if found}
    return {feed.code: feed for feed in Feed.objects.filter(code__in=codes)}


def check(documents: Sequence[Document], context: Context) -> None:
    """Whose feed, and which numbers came before; the content is checked when it is posted, as by API."""
    feeds = feeds_of(documents)
    numbers = [(feeds[found[0]].pk, found[1]) for d in documents if (found := named(d)) and found[0] in feeds]
    rows = FeedMessage.objects.filter(feed__in={feed for feed, _seq in numbers}, seq__in={seq for _feed, seq in numbers})
    there = {(feed, epoch, seq) for feed, epoch, seq in rows.values_list("feed_id", "epoch", "seq")}
    for document in documents:
        found = named(document)
        feed = feeds.get(found[0]) if found else None
        if found is None or feed is None or feed.user_id != context.by.pk and not context.by.is_system:
            document.rows[0].refuse("message", _("names no feed of yours with a number, as CODE/17."))
        elif missing := [name for name in ("kind", "at", "location") if not document.head.get(name)]:
            document.rows[0].refuse(missing[0], _("is missing on the first row of the message."))
        else:
            document.mark(RowState.SAME if (feed.pk, feed.epoch, found[1]) in there else RowState.CREATE)


def apply(documents: Sequence[Document], context: Context) -> None:
    """Keep the messages of each feed, some hundreds a call."""
    feeds = feeds_of(documents)
    sent: dict[int, list[Sent]] = {}
    for document in documents:
        found = named(document)
        if found and document.rows[0].state == RowState.CREATE:
            sent.setdefault(feeds[found[0]].pk, []).append(Sent(found[1], document.head.get("id") or str(found[1]), body(document)))
    for feed, messages in sent.items():
        for start in range(0, len(messages), MOST_MESSAGES):
            receive_messages(feed, messages[start : start + MOST_MESSAGES], by=context.by)


def body(document: Document) -> dict[str, Any]:
    """The fact as by API; what is not said is left out."""
    head = {c.name: plain(document.head.get(c.name)) for c in HEAD if c.name not in ("message", "id") and document.head.get(c.name)}
    rows = [{c.name: plain(row.cells[c.name]) for c in ROW if row.cells.get(c.name) not in (None, "")} for row in document.rows]
    return {**head, "rows": rows}


def plain(value: Any) -> Any:
    """A cell as JSON has it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


FEED = register(
    Format("feed", gettext_lazy("What a warehouse tells: movements, counts, receipts, shipments, returns; a row a product."), (*HEAD, *ROW),
           "feeds.send", check, apply, document="message", head=tuple(c.name for c in HEAD), own=True)
)  # fmt: skip
