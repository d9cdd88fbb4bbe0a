"""API of orders: place one (idempotent), ask for a promise without placing, read what one may see."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from django.db.models import Prefetch
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import NotFound
from oms.web.documents import pdf_response
from oms.web.once import KEY_PARAMETER, body_of, key_of
from oms.web.paging import NewestFirst
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.desk.adapters import answer_data, decode_order, encode, encode_partner
from orders.desk.documents import confirmation_pdf
from orders.desk.filters import OrderFilterSet
from orders.entry.domain import Answer
from orders.entry.services import Key, Replayed, quote, submit


class LineSerializer(serializers.Serializer[Any]):
    """One line of an order to place."""

    sku = serializers.CharField(max_length=40)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    price = serializers.DecimalField(max_digits=18, decimal_places=6, required=False, allow_null=True)
    discount = serializers.DecimalField(max_digits=7, decimal_places=6, required=False, allow_null=True)
    no_split = serializers.BooleanField(required=False)
    reason = serializers.CharField(required=False, allow_blank=True)


class ChargeSerializer(serializers.Serializer[Any]):
    """Freight or a fee."""

    description = serializers.CharField(max_length=200)
    amount = serializers.DecimalField(max_digits=18, decimal_places=3)


class OrderInSerializer(serializers.Serializer[Any]):
    """An order to place (documentation; the hot path decodes it with msgspec, see adapters)."""

    lines = LineSerializer(many=True)
    customer = serializers.CharField(max_length=20, required=False, allow_blank=True)
    ship_to = serializers.CharField(max_length=20, required=False, allow_blank=True)
    external_id = serializers.CharField(max_length=60, required=False, allow_blank=True)
    customer_po = serializers.CharField(max_length=60, required=False, allow_blank=True)
    requested_date = serializers.DateField(required=False, allow_null=True)
    cancel_after = serializers.DateField(required=False, allow_null=True)
    charges = ChargeSerializer(many=True, required=False)
    delivery_rule = serializers.ChoiceField(choices=[0, 1, 2], required=False, allow_null=True)
    shortage_rule = serializers.ChoiceField(choices=["backorder", "cancel", "refuse"], required=False, allow_null=True)
    instructions = serializers.CharField(max_length=2_000, required=False, allow_blank=True)
    shown = serializers.DictField(required=False, allow_null=True)
    accept_changes = serializers.BooleanField(required=False)


class OrderLineOutSerializer(serializers.ModelSerializer[OrderLine]):
    """A line with its quantities."""

    sku = serializers.CharField(source="product.sku", default="")

    class Meta:
        model = OrderLine
        fields = [
            "position", "kind", "sku", "description", "unit_price", "price_unit", "discount", "net", "quantity_ordered",
            "quantity_approved", "quantity_cancelled", "quantity_allocated", "quantity_shipped", "quantity_delivered",
            "quantity_returned", "quantity_invoiced",
        ]  # fmt: skip


class OrderOutSerializer(serializers.ModelSerializer[Order]):
    """An order in lists."""

    customer = serializers.CharField(source="customer.code")
    currency = serializers.CharField(source="currency_id")

    class Meta:
        model = Order
        fields = [
            "number", "status", "channel", "external_id", "customer", "customer_po", "currency", "net", "tax", "total",
            "requested_date", "submitted_at", "approved_at", "completed_at",
        ]  # fmt: skip


class OrderDetailSerializer(OrderOutSerializer):
    """An order with its lines."""

    lines = OrderLineOutSerializer(many=True)

    class Meta(OrderOutSerializer.Meta):
        fields = [*OrderOutSerializer.Meta.fields, "lines"]


def json_response(body: bytes, status: int, **headers: str) -> HttpResponse:
    """Bytes that are JSON already."""
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)


class OrderListCreate(ListAPIView[Order]):
    """GET: orders one may see, filtered as on the page. POST: place an order."""

    permission_classes = [RequiresScope]
    scope = "orders"
    serializer_class = OrderOutSerializer
    filterset_class = OrderFilterSet
    pagination_class = NewestFirst
    queryset = Order.objects.none()

    def get_queryset(self) -> Any:
        return visible_orders(self.request.user).select_related("customer")

    @extend_schema(operation_id="orders_create", request=OrderInSerializer, parameters=[KEY_PARAMETER],
                   responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> HttpResponse:
        """Submit an order; the same Idempotency-Key with the same body gets the first answer again."""
        authorize(request.user, "orders.submit")
        body = body_of(request)
        entry = decode_order(body)
        key = key_of(request)
        render = encode_partner if Role.PARTNER in request.user.roles else encode_staff
        try:
            answer = submit(entry, by=request.user, key=Key(key, hash_of(entry, body), render))
        except Replayed as first:
            return json_response(first.body, first.status, **{"Idempotent-Replayed": "true"})
        return json_response(render(answer), 201, Location=f"/api/v1/orders/{answer.number}/")


def encode_staff(answer: Answer) -> bytes:
    """The whole answer."""
    return encode(answer_data(answer))


def hash_of(entry: Any, body: bytes) -> bytes:
    """Hash of the body without what the sender was shown: accepting changes is the same order (RELIABILITY.md 6.5)."""
    if entry.shown is None and not entry.accept_changes:
        return hashlib.sha256(body).digest()
    data = msgspec.json.decode(body)
    for field in ("shown", "accept_changes"):
        data.pop(field, None)
    return hashlib.sha256(msgspec.json.encode(data)).digest()


class OrderDetail(APIView):
    """One order by number; 404 for those one may not see."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses=OrderDetailSerializer)
    def get(self, request: Request, number: str) -> Response:
        """The order with its lines and their quantities; the ETag is sent back by who amends it."""
        order = find(request, number)
        return Response(OrderDetailSerializer(order).data, headers={"ETag": etag(order)})


def etag(order: Order) -> str:
    """The order's state as a header: every change makes another."""
    return f'"{order.version}"'


def find(request: Request, number: str) -> Order:
    """The order within the row filter, or NotFound."""
    lines = Prefetch("lines", OrderLine.objects.select_related("product").order_by("position"))
    found = visible_orders(request.user).filter(number=number).prefetch_related(lines).first()
    if found is None:
        raise NotFound(_("There is no order %(number)s.") % {"number": number}, code="order_missing")
    return found


class OrderConfirmation(APIView):
    """The order on paper."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str) -> HttpResponse:
        """What is confirmed, at which price, arriving when, as PDF in the customer's language. 409 `draft` before it is submitted."""
        authorize(request.user, "orders.see_confirmation")
        order = find(request, number)
        return pdf_response(order.number, confirmation_pdf(order, company()))


class OrderTimeline(APIView):
    """What happened to an order."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, number: str) -> Response:
        """Events of the order, oldest first: name and time; staff also see who and why."""
        order = find(request, number)
        staff = Role.PARTNER not in request.user.roles
        entries = [
            {"name": e.name, "at": e.at, **({"by": e.actor, "note": e.note} if staff else {})}
            for e in timeline("order", order.pk)
        ]
        return Response({"number": order.number, "events": entries})


class PromiseSimulate(APIView):
    """When could this be delivered? The function that commits, without committing."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(operation_id="promises_simulate", request=OrderInSerializer, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> HttpResponse:
        """The answer an order would get now; nothing is reserved."""
        authorize(request.user, "orders.submit")
        answer = quote(decode_order(body_of(request)), by=request.user)
        render = encode_partner if Role.PARTNER in request.user.roles else encode_staff
        return json_response(render(answer), 200)
