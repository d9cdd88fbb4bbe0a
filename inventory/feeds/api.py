"""Feeds for a warehouse's own system: send numbered messages, see what became of them and which number is next."""

from __future__ import annotations

from typing import Any

import msgspec
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.selectors import feed_of, sentence, visible_messages
from inventory.feeds.services import Sent, receive_messages
from oms.accounts.authentication import RequiresScope
from oms.accounts.policies import authorize
from oms.kernel.errors import Invalid
from oms.web.paging import NewestFirst

MOST_BYTES = 20 * 1024 * 1024


class FeedRowSerializer(serializers.Serializer[Any]):
    """A row of a message: units of a product in a place."""

    sku = serializers.CharField(max_length=40, help_text="our SKU or the sender's own code")
    quantity = serializers.IntegerField(help_text="signed for movements only")
    unit = serializers.CharField(max_length=40, required=False, help_text="the product's base unit when it is not given")
    bin = serializers.CharField(max_length=40, required=False)
    lot = serializers.CharField(max_length=40, required=False)
    expires_on = serializers.DateField(required=False, help_text="of the lot")
    available_on = serializers.DateField(required=False, help_text="of an expected receipt")


class FeedMessageSentSerializer(serializers.Serializer[Any]):
    """A message: one fact of one location."""

    seq = serializers.IntegerField(min_value=1, help_text="from 1, without gaps")
    id = serializers.CharField(max_length=80, help_text="the sender's own id of the message")
    kind = serializers.ChoiceField(choices=["movement", "count", "comparison", "expected", "received", "picked", "shipped", "returned"])
    at = serializers.DateTimeField(help_text="when it occurred or was counted, with its offset")
    location = serializers.CharField(max_length=40)
    rows = FeedRowSerializer(many=True)
    full = serializers.BooleanField(required=False, help_text="of a count: places that are not named hold nothing")
    reason = serializers.CharField(max_length=40, required=False, help_text="code of a movement's reason")
    reference = serializers.CharField(max_length=40, required=False, help_text="of an expected receipt")
    shipment = serializers.CharField(max_length=40, required=False)
    order = serializers.CharField(max_length=40, required=False)
    returned = serializers.CharField(max_length=40, required=False, help_text="named `return`: the return's number")
    tracking = serializers.CharField(max_length=60, required=False)

    def get_fields(self) -> dict[str, Any]:
        """`return` is a word of Python."""
        fields = super().get_fields()
        return {"return" if name == "returned" else name: field for name, field in fields.items()}


class FeedMessagesSerializer(serializers.Serializer[Any]):
    """Up to 1,000 messages, in any order."""

    messages = FeedMessageSentSerializer(many=True)


class FeedStateSerializer(serializers.ModelSerializer[Feed]):
    """How far a feed is: every message below `next` is posted or in quarantine."""

    next = serializers.IntegerField(source="next_seq")

    class Meta:
        model = Feed
        fields = ["code", "epoch", "next", "waiting_since", "ignored", "heard_at"]


class FeedAnswerSerializer(serializers.Serializer[Any]):
    """What became of the messages: kept, again, ignored or late."""

    feed = FeedStateSerializer()
    messages = serializers.DictField(child=serializers.ChoiceField(choices=["kept", "again", "ignored", "late"]))


class FeedMessageSerializer(serializers.ModelSerializer[FeedMessage]):
    """A message and what is wrong with it or came of it."""

    id = serializers.CharField(source="external_id")
    location = serializers.CharField(source="location.code", default=None, allow_null=True)
    problems = serializers.SerializerMethodField()

    class Meta:
        model = FeedMessage
        fields = ["epoch", "seq", "id", "kind", "location", "occurred_at", "state", "problems", "outcome", "received_at", "settled_at"]

    @extend_schema(responses=serializers.ListField(child=serializers.CharField()))
    def get_problems(self, message: FeedMessage) -> list[str]:
        return [sentence(f) for f in message.findings]


class FeedView(APIView):
    """A view of one feed, within what the caller sees."""

    permission_classes = [RequiresScope]
    scope = "feeds"

    def feed(self) -> Feed:
        return feed_of(self.request.user, self.kwargs["code"])


class FeedState(FeedView):
    """How far the feed is."""

    @extend_schema(responses=FeedStateSerializer)
    def get(self, request: Request, code: str) -> Response:
        """The number that is next, and since when messages wait behind a gap."""
        authorize(request.user, "feeds.see")
        return Response(FeedStateSerializer(self.feed()).data)


class FeedMessages(FeedView, ListAPIView[FeedMessage]):
    """GET: what came and what became of it. POST: more."""

    serializer_class = FeedMessageSerializer
    pagination_class = NewestFirst
    queryset = FeedMessage.objects.none()

    def get_queryset(self) -> Any:
        authorize(self.request.user, "feeds.see")
        return visible_messages(self.request.user).filter(feed=self.feed())

    @extend_schema(operation_id="feed_messages_send", request=FeedMessagesSerializer, responses={202: FeedAnswerSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Keep messages; they are posted in the order of their numbers. The same again changes nothing.

        A message whose content is wrong is kept and stands in quarantine; only one without `seq` or `id` is refused, with the call.
        """
        authorize(request.user, "feeds.send")
        feed = self.feed()
        answer = receive_messages(feed.pk, decoded(request._request.body), by=request.user)
        feed.refresh_from_db()
        return Response({"feed": FeedStateSerializer(feed).data, "messages": {str(seq): how for seq, how in answer.items()}}, status=202)


class Envelope(msgspec.Struct):
    """The body of a call."""

    messages: list[dict[str, Any]]


def decoded(body: bytes) -> list[Sent]:
    """The messages of a call. Raises Invalid `unreadable`, naming the message at fault; nothing is kept then."""
    if len(body) > MOST_BYTES:
        raise Invalid(_("That is more than is taken at once."), code="too_large", clears=_("Send it in several calls."))
    try:
        said = msgspec.json.decode(body, type=Envelope).messages
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(_("The messages can't be read: %(why)s") % {"why": str(error)[:200]}, code="unreadable") from error
    found = []
    for n, message in enumerate(said):
        seq, ident = message.get("seq"), message.get("id")
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 < seq < 2**62:
            raise Invalid(_("Message %(n)s has no number.") % {"n": n + 1}, code="unreadable", errors=[{"field": f"messages.{n}.seq", "message": _("A whole number from 1.")}])
        if not isinstance(ident, str) or not 0 < len(ident) <= 80 or "\x00" in ident:
            raise Invalid(_("Message %(n)s has no id.") % {"n": n + 1}, code="unreadable", errors=[{"field": f"messages.{n}.id", "message": _("1 to 80 characters.")}])
        found.append(Sent(seq, ident, clean({k: v for k, v in message.items() if k not in ("seq", "id")})))
    return found


def clean(value: Any) -> Any:
    """JSON as the database keeps it: without the character zero, floats as text (no fact has one)."""
    if isinstance(value, dict):
        return {str(clean(k)): clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clean(v) for v in value]
    if isinstance(value, float):
        return repr(value)
    return value.replace("\x00", "�") if isinstance(value, str) else value


urlpatterns = [
    path("feeds/<str:code>/", FeedState.as_view(), name="feed-state"),
    path("feeds/<str:code>/messages/", FeedMessages.as_view(), name="feed-messages"),
]
