"""API of returns: asked for by a partner or by staff, announced, withdrawn, and what became of them."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.policies import authorize
from oms.kernel.errors import NotFound
from oms.web.once import KEY_PARAMETER, answer_once, decoded
from oms.web.paging import NewestFirst
from orders.returns.choices import Settlement
from orders.returns.models import Return, ReturnLine
from orders.returns.selectors import visible_returns
from orders.returns.services import Item, request_return, send_return, withdraw_return


class ReturnItemSerializer(serializers.Serializer[Any]):
    """So many base units of a product, why, and what is wanted; of the latest delivery unless one is named."""

    sku = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=30, help_text="code of a reason of returns")
    wanted = serializers.ChoiceField(choices=Settlement.choices, required=False)
    order = serializers.CharField(max_length=20, required=False)
    shipment = serializers.CharField(max_length=20, required=False)


class ReturnInSerializer(serializers.Serializer[Any]):
    """What a customer wants to send back."""

    customer = serializers.CharField(max_length=20)
    items = ReturnItemSerializer(many=True)
    note = serializers.CharField(max_length=300, required=False)


class ReturnSentSerializer(serializers.Serializer[Any]):
    """Under which number it travels."""

    tracking_number = serializers.CharField(max_length=60, required=False)


class ReturnWithdrawnSerializer(serializers.Serializer[Any]):
    """Why nothing will come."""

    reason = serializers.CharField(max_length=300)


class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    """A line: units of one delivery."""

    order = serializers.CharField(source="order.number")
    sku = serializers.CharField(source="product.sku")
    shipment = serializers.CharField(source="shipment_line.shipment.number")

    class Meta:
        model = ReturnLine
        fields = ["order", "shipment", "sku", "status", "reason", "wanted", "quantity_requested", "quantity_authorised", "quantity_received"]


class ReturnSerializer(serializers.ModelSerializer[Return]):
    """A return with its lines."""

    customer = serializers.CharField(source="customer.code")
    location = serializers.CharField(source="location.code")
    lines = ReturnLineSerializer(many=True)

    class Meta:
        model = Return
        fields = ["number", "customer", "location", "tracking_number", "requested_at", "lines"]


class ItemIn(msgspec.Struct, forbid_unknown_fields=True):
    """An item as sent."""

    sku: str
    quantity: int
    reason: str
    wanted: str = Settlement.CREDIT.value
    order: str = ""
    shipment: str = ""


class ReturnIn(msgspec.Struct, forbid_unknown_fields=True):
    """A request as sent."""

    customer: str
    items: list[ItemIn]
    note: str = ""


class SentIn(msgspec.Struct, forbid_unknown_fields=True):
    """An announcement as sent."""

    tracking_number: str = ""


class WithdrawnIn(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal as sent."""

    reason: str


def rows(request: Request) -> Any:
    """Returns one may see, with what is shown of them."""
    lines = ReturnLine.objects.select_related("order", "product", "shipment_line__shipment").order_by("pk")
    return visible_returns(request.user).select_related("customer", "location").prefetch_related(Prefetch("lines", lines))


def find(request: Request, number: str) -> Return:
    """The return within the row filter, or NotFound."""
    found: Return | None = rows(request).filter(number=number).first() if "\x00" not in number else None
    if found is None:
        raise NotFound(_("There is no return %(number)s.") % {"number": number}, code="return_missing")
    return found


class ReturnList(ListAPIView[Return]):
    """GET: returns one may see. POST: ask for one."""

    permission_classes = [RequiresScope]
    scope = "orders"
    serializer_class = ReturnSerializer
    pagination_class = NewestFirst
    queryset = Return.objects.none()

    @extend_schema(parameters=[OpenApiParameter("order", str, description="number of an order: its returns alone")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The latest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        order = self.request.GET.get("order", "").replace("\x00", "")
        found = rows(self.request)
        return found.filter(pk__in=ReturnLine.objects.filter(order__number=order).values("returned")) if order else found

    @extend_schema(operation_id="returns_create", request=ReturnInSerializer, parameters=[KEY_PARAMETER], responses={201: ReturnSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Asked for; somebody else allows it. 409 `above_returnable` says how much may come back."""
        authorize(request.user, "returns.request")
        sent = decoded(request, ReturnIn)
        items = [Item(x.sku, x.quantity, x.reason, x.wanted, x.order, x.shipment) for x in sent.items]

        def work() -> dict[str, Any]:
            made = request_return(sent.customer, items, by=request.user, note=sent.note[:300])
            return dict(ReturnSerializer(find(request, made.number)).data)

        return answer_once(request, "returns.request", work, 201)


class ReturnDetail(APIView):
    """One return by number; 404 for those one may not see."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses=ReturnSerializer)
    def get(self, request: Request, number: str) -> Response:
        """The return with its lines."""
        return Response(ReturnSerializer(find(request, number)).data)


class ReturnSend(APIView):
    """POST: the goods are on their way back."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(operation_id="returns_send", request=ReturnSentSerializer, parameters=[KEY_PARAMETER], responses=ReturnSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """409 `nothing_authorised` while nobody allowed it."""
        authorize(request.user, "returns.send")
        found, sent = find(request, number), decoded(request, SentIn)

        def work() -> dict[str, Any]:
            send_return(found.pk, by=request.user, tracking_number=sent.tracking_number[:60])
            return dict(ReturnSerializer(find(request, number)).data)

        return answer_once(request, "returns.send", work)


class ReturnWithdraw(APIView):
    """POST: it will not come."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(operation_id="returns_withdraw", request=ReturnWithdrawnSerializer, parameters=[KEY_PARAMETER], responses=ReturnSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """What came already goes on."""
        authorize(request.user, "returns.request")
        found, sent = find(request, number), decoded(request, WithdrawnIn)

        def work() -> dict[str, Any]:
            withdraw_return(found.pk, sent.reason[:300], by=request.user)
            return dict(ReturnSerializer(find(request, number)).data)

        return answer_once(request, "returns.withdraw", work)


urlpatterns = [
    path("returns/", ReturnList.as_view(), name="return-list"),
    path("returns/<str:number>/", ReturnDetail.as_view(), name="return-detail"),
    path("returns/<str:number>/send/", ReturnSend.as_view(), name="return-send"),
    path("returns/<str:number>/withdraw/", ReturnWithdraw.as_view(), name="return-withdraw"),
]
