"""Pages of channels: what came, what waits and why, and the repair of it. Each calls one use case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import NotFound
from oms.web import format as fmt
from oms.web import words
from oms.web.forms import Combobox
from oms.web.views import ActionPage, FormPage, ListPage, Page
from orders.channels.choices import MessageState, ReferenceKind
from orders.channels.domain import OrderMessage
from orders.channels.filters import MessageFilterSet
from orders.channels.forms import SendForm
from orders.channels.models import Message, Reply
from orders.channels.selectors import message_rows, order_of, sentence, visible_messages, waivable
from orders.channels.services import correct, discard, map_reference, receive, replay, waive
from orders.channels.tables import KINDS, MessageTable

LIST = ((gettext_lazy("Partner messages"), reverse_lazy("orders:message-list")),)
SHOWN_BYTES = 60_000
# Which findings ask what a code means, and of what kind the code is.
MAPPED = {
    "unknown_product": ReferenceKind.PRODUCT, "product_conflict": ReferenceKind.PRODUCT, "unknown_customer": ReferenceKind.CUSTOMER,
    "unknown_address": ReferenceKind.ADDRESS, "unknown_unit": ReferenceKind.UNIT,
}  # fmt: skip
CELL = re.compile(r"^(?:lines\.\d{1,4}\.(?:quantity|unit|price|net)|number|customer_po|currency|requested_date|cancel_after|stated\.(?:net|total|lines|quantity))$")


class MessageList(ListPage):
    """Messages one may see."""

    verb = "channels.see"
    title = gettext_lazy("Partner messages")
    template_name = "orders/channels/messages.html"
    table_class = MessageTable
    filterset_class = MessageFilterSet

    def get_queryset(self) -> Any:
        return message_rows(self.request.user)


def found_message(request: HttpRequest, number: str) -> Message:
    """The message within the row filter, or 404."""
    rows = visible_messages(request.user).select_related("partner", "transmission__by", "order")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no message %(number)s.") % {"number": number})
    return found


def shown(body: bytes) -> str:
    """What arrived as text, a line a segment; bytes that are no text as they are numbered."""
    part = body[:SHOWN_BYTES]
    try:
        text = part.decode()
    except UnicodeDecodeError:
        text = part.decode("latin-1")
    if text.startswith("ISA") and len(text) > 106 and "\n" not in text[:400]:
        text = text.replace(text[105], text[105] + "\n")
    elif text.startswith(("UNA", "UNB")) and "\n" not in text[:400]:
        text = re.sub(r"(?<!\?)'", "'\n", text)
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text.replace("\r\n", "\n"))


def lines_of(order: OrderMessage | None) -> list[dict[str, Any]]:
    """The lines with the paths of what may be corrected."""
    return [{"line": line, "path": f"lines.{n}", "codes": ", ".join(r.code for r in line.references)} for n, line in enumerate(order.lines if order else ())]


def head_of(order: OrderMessage | None, editable: bool) -> list[tuple[Any, str]]:
    """What the message says of the whole order, as far as it says it; `editable` parts stand in fields of their own."""
    if order is None:
        return []
    place, day = order.ship_to, order.requested_date
    stated = order.stated
    rows = [
        (_("Buyer"), " ".join(filter(None, (order.buyer.code, order.buyer.name)))),
        (_("Ships to"), ", ".join(filter(None, (place.code, place.name, place.street, f"{place.postal_code} {place.city}".strip(), place.country)))),
        (_("Currency"), "" if editable else order.currency),
        (_("Wanted"), "" if editable or day is None else fmt.day(day)),
        *((charge.description, f"{charge.amount:f}") for charge in order.charges),
        (_("Net, it says"), "" if stated.net is None else f"{stated.net:f}"),
        (_("Total, it says"), "" if stated.total is None else f"{stated.total:f}"),
        (_("Reason"), order.reason),
        (_("Notes"), order.notes),
    ]
    return [(label, value) for label, value in rows if value]


class MessageDetail(Page):
    """One message: why it waits, with the way to clear each thing; what was read; what arrived; what happened."""

    verb = "channels.see"
    template_name = "orders/channels/message.html"
    crumbs = LIST

    @cached_property
    def message(self) -> Message:
        return found_message(self.request, self.kwargs["number"])

    def get_title(self) -> str:
        return self.message.number

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every finding in words; what asks for a code's meaning has its form."""
        for n, finding in enumerate(self.message.findings):
            kind = MAPPED.get(finding["code"])
            code = finding["facts"].get("code", "")
            row = {"words": sentence(finding), "where": "" if finding["where"].startswith("lines.") else finding["where"], "waivable": waivable(finding), "code": finding["code"], "ident": f"map-{n}"}
            if kind and code:
                row |= {"kind": kind, "meant": code, "widget": self.widget(kind, f"map-{n}"), "label": ReferenceKind(kind).label}
            yield row

    def widget(self, kind: str, ident: str) -> str:
        """The field of what a code means."""
        urls = {ReferenceKind.PRODUCT: "orders:product-options", ReferenceKind.CUSTOMER: "orders:customer-options"}
        if kind in urls:
            return str(Combobox(urls[kind]).render("target", "", {"id": ident}))  # type: ignore[index]
        return ""

    def arrival(self) -> dict[str, Any]:
        """The first row of the timeline: the event of what arrived is the channel's, of all its messages."""
        sent = self.message.transmission
        return {"at": self.message.received_at, "who": str(sent.by), "what": _("received it by %(way)s") % {"way": sent.get_via_display().lower()}, "why": ""}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        message, user = self.message, self.request.user
        try:
            order = order_of(message)
        except msgspec.ValidationError:
            order = None
        waits = message.state == MessageState.QUARANTINED
        repairs = waits and order is not None and may(user, "channels.repair")
        rows = list(self.rows())
        body = bytes(message.transmission.body)
        return super().get_context_data(
            message=message, kind=KINDS.get(message.state, ""), order=order, lines=lines_of(order), rows=rows, raw=shown(body), size=len(body),
            cut=len(body) > SHOWN_BYTES, repairs=repairs, head=head_of(order, repairs),
            waives=[r for r in rows if r["waivable"]], discards=waits and may(user, "channels.discard"),
            replies=Reply.objects.filter(transmission=message.transmission).defer("body").order_by("pk"),
            siblings=message.transmission.messages.exclude(pk=message.pk).order_by("position")[:20],
            timeline=[*words.entries(timeline("message", message.pk)), self.arrival()], **kwargs,
        )  # fmt: skip


class MessageRaw(Page):
    """What arrived, as a download."""

    verb = "channels.see"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        message = found_message(request, self.kwargs["number"])
        return attachment(bytes(message.transmission.body), message.transmission.name or message.number)


class ReplyRaw(Page):
    """One of our replies, as a download."""

    verb = "channels.see"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        message = found_message(request, self.kwargs["number"])
        reply = None if "\x00" in kwargs["reply"] else Reply.objects.filter(transmission=message.transmission, number=kwargs["reply"]).first()
        if reply is None:
            raise Http404(_("There is no such reply."))
        return attachment(bytes(reply.body), f"{reply.number}-{reply.kind}.txt")


def attachment(body: bytes, name: str) -> HttpResponse:
    """Bytes of a stranger, never shown by the browser as a page of ours."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100] or "message"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type="application/octet-stream", headers=headers)


class MessageAction(ActionPage):
    """A step of the repair; back to the message."""

    verb = "channels.repair"

    @cached_property
    def message(self) -> Message:
        return found_message(self.request, self.kwargs["number"])

    def get_success_url(self) -> str:
        return reverse("orders:message-detail", args=[self.message.number])

    @property
    def seen(self) -> dict[str, Any]:
        """Who, and the version that was looked at."""
        version = self.request.POST.get("version", "")
        return {"by": self.request.user, "version": int(version) if version.isdecimal() and len(version) < 10 else None}


class ReplayMessage(MessageAction):
    done = gettext_lazy("It is tried again.")

    def run(self) -> None:
        replay(self.message.pk, **self.seen)


class MapReference(MessageAction):
    done = gettext_lazy("The code is known from now on; the message is tried again.")

    def run(self) -> None:
        post = self.request.POST
        target = post.get("target", "") or post.get("target-text", "")
        map_reference(self.message.pk, post.get("kind", ""), post.get("code", "")[:200], target[:60], **self.seen)


class CorrectMessage(MessageAction):
    done = gettext_lazy("It is put right and tried again.")

    def run(self) -> None:
        post = self.request.POST
        changed = {name: value for name, value in post.items() if CELL.match(name) and value != post.get(f"was-{name}", "")}
        correct(self.message.pk, changed, post.get("reason", "")[:300], **self.seen)


class WaiveFindings(MessageAction):
    done = gettext_lazy("It is taken as it is and tried again.")

    def run(self) -> None:
        post = self.request.POST
        waive(self.message.pk, post.getlist("finding")[:50], post.get("reason", "")[:300], **self.seen)


class DiscardMessage(MessageAction):
    verb = "channels.discard"
    done = gettext_lazy("The message is discarded; what arrived stays kept.")

    def run(self) -> None:
        discard(self.message.pk, self.request.POST.get("reason", "")[:300], **self.seen)


class SendMessage(FormPage):
    """A partner's file, sent by hand."""

    verb = "channels.send"
    title = gettext_lazy("Send a partner's file")
    crumbs = LIST
    form_class = SendForm
    template_name = "orders/channels/send.html"
    main_label = gettext_lazy("Send")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def run(self, form: Any) -> Any:
        upload = form.cleaned_data["file"]
        return receive(form.cleaned_data["partner"], upload.read(), "page", by=self.request.user, name=upload.name, topic=form.cleaned_data["topic"])

    def get_done_message(self) -> Any:
        return _("These bytes came before; nothing is entered twice.") if self.result.again else _("Received.")

    def get_success_url(self) -> str:
        messages = self.result.messages
        if not messages:
            raise NotFound(_("There is no message in it."))
        return reverse("orders:message-detail", args=[messages[0]]) if len(messages) == 1 else reverse("orders:message-list")
