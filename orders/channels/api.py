"""Channels for machines: send messages, see what came of them, fetch our answers; and the shops' signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.policies import authorize
from oms.kernel.errors import NotFound, Unprocessable
from orders.channels.choices import Format, MessageState
from orders.channels.models import Message, Reply, TradingPartner
from orders.channels.selectors import partner_by_code, partner_for, sentence
from orders.channels.services import Received, receive, take_reply


class ProblemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with a message."""

    code = serializers.CharField()
    where = serializers.CharField()
    message = serializers.CharField()


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message and what came of it."""

    order = serializers.CharField(source="order.number", default=None, allow_null=True)
    problems = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = ["number", "kind", "name", "reference", "external_id", "state", "order", "note", "problems", "received_at", "changed_at"]

    @extend_schema(responses=ProblemSerializer(many=True))
    def get_problems(self, message: Message) -> list[dict[str, str]]:
        return [{"code": f["code"], "where": f["where"], "message": sentence(f)} for f in message.findings]


class SentSerializer(serializers.Serializer[Any]):
    """What was received: every message in it; `again` when these bytes came before."""

    again = serializers.BooleanField()
    messages = MessageSerializer(many=True)


class ReplySerializer(serializers.ModelSerializer[Reply]):
    """A message of ours: 997, TA1, 855, CONTRL, ORDRSP or OrderResponse."""

    order = serializers.CharField(source="order.number", default=None, allow_null=True)

    class Meta:
        model = Reply
        fields = ["number", "kind", "state", "control", "content_type", "order", "created_at", "taken_at"]


class ByNumber(CursorPagination):
    """Newest first, 50 a page."""

    ordering = "-id"
    page_size = 50


class OldestFirst(ByNumber):
    """In the order they were written."""

    ordering = "id"


def told(made: Received) -> dict[str, Any]:
    """The answer to what was sent."""
    messages = Message.objects.filter(number__in=made.messages).select_related("order").order_by("position")
    return {"again": made.again, "messages": MessageSerializer(messages, many=True).data}


class ChannelView(APIView):
    """A view of one partner's channel, within what the caller sees."""

    permission_classes = [RequiresScope]
    scope = "channels"

    def partner(self) -> TradingPartner:
        return partner_for(self.request.user, self.kwargs["code"])


class ChannelMessages(ChannelView, ListAPIView[Message]):
    """GET: what was sent and what came of it. POST: a message in the channel's own format, as it is."""

    serializer_class = MessageSerializer
    pagination_class = ByNumber
    queryset = Message.objects.none()

    def get_queryset(self) -> Any:
        authorize(self.request.user, "channels.follow")
        return Message.objects.filter(partner=self.partner()).select_related("order").defer("content", "envelope")

    @extend_schema(operation_id="channel_messages_send", request={"application/octet-stream": OpenApiTypes.BINARY}, responses={202: SentSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Keep the body and have it processed; the same bytes again are answered as the first time.

        A body in which no message can be read is kept too and answered 422 with the reasons.
        """
        authorize(request.user, "channels.send")
        made = receive(self.partner(), request._request.body, "api", by=request.user, name=request.headers.get("X-File-Name", ""))
        answer = told(made)
        unreadable = [m for m in answer["messages"] if m["kind"] == "other" and m["state"] == MessageState.QUARANTINED]
        if unreadable and len(unreadable) == len(answer["messages"]):
            problems = [p for m in unreadable for p in m["problems"]]
            raise Unprocessable(
                problems[0]["message"] if problems else _("It can't be read."), code="unreadable", errors=problems,
                messages=[m["number"] for m in unreadable], clears=_("It is kept; send it again when it is put right."),
            )  # fmt: skip
        return Response(answer, status=202)


class ChannelMessage(ChannelView):
    """One message."""

    @extend_schema(responses=MessageSerializer)
    def get(self, request: Request, code: str, number: str) -> Response:
        """The message with what is wrong with it, or the order it became."""
        authorize(request.user, "channels.follow")
        found = None if "\x00" in number else Message.objects.filter(partner=self.partner(), number=number).select_related("order").first()
        if found is None:
            raise NotFound(_("There is no such message."), code="message_missing")
        return Response(MessageSerializer(found).data)


class ChannelReplies(ChannelView, ListAPIView[Reply]):
    """Our messages to the partner, oldest first; `?all=1` also those that were taken."""

    serializer_class = ReplySerializer
    pagination_class = OldestFirst
    queryset = Reply.objects.none()

    def get_queryset(self) -> Any:
        authorize(self.request.user, "channels.follow")
        rows = Reply.objects.filter(partner=self.partner()).select_related("order").defer("body")
        return rows if self.request.query_params.get("all") == "1" else rows.filter(taken_at__isnull=True)


class ChannelReply(ChannelView):
    """One of our messages, in the partner's format."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, code: str, number: str) -> HttpResponse:
        """Its bytes. Say with a POST to taken/ that they arrived."""
        authorize(request.user, "channels.follow")
        found = None if "\x00" in number else Reply.objects.filter(partner=self.partner(), number=number).first()
        if found is None:
            raise NotFound(_("There is no such reply."), code="reply_missing")
        name = f'attachment; filename="{found.number}-{found.kind}"'
        return HttpResponse(bytes(found.body), content_type=found.content_type, headers={"Content-Disposition": name, "X-Content-Type-Options": "nosniff"})


class ChannelReplyTaken(ChannelView):
    """The partner has a reply."""

    @extend_schema(request=None, responses=ReplySerializer)
    def post(self, request: Request, code: str, number: str) -> Response:
        """It is not offered again; saying so twice changes nothing."""
        authorize(request.user, "channels.follow")
        return Response(ReplySerializer(take_reply(self.partner().pk, number.replace("\x00", ""), by=request.user)).data)


SIGNATURES = {Format.SHOPIFY: ("X-Shopify-Hmac-Sha256", "X-Shopify-Topic"), Format.WOOCOMMERCE: ("X-WC-Webhook-Signature", "X-WC-Webhook-Topic")}
PING = b"webhook_id="


class ChannelWebhook(APIView):
    """Where Shopify and WooCommerce deliver: the signature (base64 of HMAC-SHA256 of the body) says that it is them."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(auth=[], request={"application/json": OpenApiTypes.OBJECT}, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request, code: str) -> Response:
        """Kept and answered at once; what is wrong with an order is seen on our pages, sending it again would not help."""
        partner, body = partner_by_code(code), request._request.body
        if partner is None or partner.format not in SIGNATURES:
            raise NotFound(_("There is no such channel."), code="channel_missing")
        if partner.format == Format.WOOCOMMERCE and body.startswith(PING) and body[len(PING) :].isdigit():
            return Response({"ping": True})  # sent unsigned when the webhook is set up; nothing follows from it
        signature, topic = (request.headers.get(name, "") for name in SIGNATURES[Format(partner.format)])
        if not partner.secret or not signed(partner.secret, body, signature):
            raise AuthenticationFailed(_("The signature is not that of this body."))
        made = receive(partner, body, "webhook", by=partner.actor, topic=topic)
        return Response({"again": made.again, "messages": list(made.messages)})

    def get_authenticate_header(self, request: Request) -> str:
        return 'Signature realm="webhook"'


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether the signature is of this body with this secret; compared in constant time."""
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))


urlpatterns = [
    path("channels/<str:code>/messages/", ChannelMessages.as_view(), name="channel-messages"),
    path("channels/<str:code>/messages/<str:number>/", ChannelMessage.as_view(), name="channel-message"),
    path("channels/<str:code>/replies/", ChannelReplies.as_view(), name="channel-replies"),
    path("channels/<str:code>/replies/<str:number>/", ChannelReply.as_view(), name="channel-reply"),
    path("channels/<str:code>/replies/<str:number>/taken/", ChannelReplyTaken.as_view(), name="channel-reply-taken"),
    path("channels/<str:code>/webhook/", ChannelWebhook.as_view(), name="channel-webhook"),
]
