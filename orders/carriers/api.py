"""Where carriers tell of parcels: signed with the carrier's secret, kept once, in whatever order it comes."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.selectors import system_user
from oms.kernel.errors import Invalid, NotFound
from orders.carriers.adapters import carrier_port
from orders.carriers.choices import TrackingKind
from orders.carriers.models import Carrier
from orders.carriers.services import take_tracking

MOST_BYTES = 1024 * 1024


class TrackingToldSerializer(serializers.Serializer[Any]):
    """One thing a carrier tells of a parcel; a kind that is not in the list is trouble, with the word as it came."""

    id = serializers.CharField(max_length=120, help_text="the carrier's own, told again it changes nothing")
    tracking_number = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=TrackingKind.choices)
    at = serializers.DateTimeField(help_text="with its offset")
    place = serializers.CharField(max_length=80, required=False)
    text = serializers.CharField(max_length=300, required=False)


class TrackingKeptSerializer(serializers.Serializer[Any]):
    """How many events were told, and how many of them are new."""

    told = serializers.IntegerField()
    new = serializers.IntegerField()


class TrackingWebhook(APIView):
    """Up to 1,000 events a call; `X-Signature` is the HMAC-SHA256 of the body with the carrier's secret, in hex."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(auth=[], request=TrackingToldSerializer(many=True), responses={200: TrackingKeptSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Kept and followed at once; numbers we do not know are kept too, until a shipment has them."""
        carrier = Carrier.objects.filter(code=code, active=True).first() if "\x00" not in code else None
        port, body = carrier_port(carrier) if carrier else None, request._request.body
        if carrier is None or port is None:
            raise NotFound(_("There is no such carrier."), code="carrier_missing")
        if not carrier.secret or not port.signed(carrier.secret, body, request.headers):
            raise AuthenticationFailed(_("The signature is not that of this body."))
        if len(body) > MOST_BYTES:
            raise Invalid(_("At most a megabyte at once."), code="bad_tracking")
        told = port.read(body)
        return Response({"told": len(told), "new": take_tracking(carrier, told, by=system_user())})

    def get_authenticate_header(self, request: Request) -> str:
        return 'Signature realm="webhook"'


urlpatterns = [path("carriers/<str:code>/tracking/", TrackingWebhook.as_view(), name="carrier-tracking")]
