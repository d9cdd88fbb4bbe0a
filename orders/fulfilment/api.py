"""API of shipments: what left, with what, when it arrives and arrived."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.kernel.errors import NotFound
from oms.web.paging import NewestFirst
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.fulfilment.selectors import visible_shipments


class ShipmentLineSerializer(serializers.ModelSerializer[ShipmentLine]):
    """`position` of the order's line, base units."""

    position = serializers.IntegerField(source="line.position")
    sku = serializers.CharField(source="product.sku")

    class Meta:
        model = ShipmentLine
        fields = ["position", "sku", "quantity", "delivered", "undelivered", "returned"]


class ShipmentSerializer(serializers.ModelSerializer[Shipment]):
    """A shipment in lists."""

    order = serializers.CharField(source="order.number")
    location = serializers.CharField(source="location.code")

    class Meta:
        model = Shipment
        fields = ["number", "order", "location", "status", "planned_date", "delivery_date", "carrier", "tracking_number", "shipped_at",
                  "delivered_date", "delivery_proof"]  # fmt: skip


class ShipmentDetailSerializer(ShipmentSerializer):
    """A shipment with its lines."""

    lines = ShipmentLineSerializer(many=True)

    class Meta(ShipmentSerializer.Meta):
        fields = [*ShipmentSerializer.Meta.fields, "lines"]


@extend_schema(parameters=[OpenApiParameter("order", str, description="number of an order: its shipments alone")])
class ShipmentList(ListAPIView[Shipment]):
    """Shipments one may see."""

    permission_classes = [RequiresScope]
    scope = "orders"
    serializer_class = ShipmentSerializer
    pagination_class = NewestFirst
    queryset = Shipment.objects.none()

    def get_queryset(self) -> Any:
        rows = visible_shipments(self.request.user).select_related("order", "location")
        order = self.request.GET.get("order", "").replace("\x00", "")
        return rows.filter(order__number=order) if order else rows


class ShipmentDetail(APIView):
    """One shipment by number; 404 for those one may not see."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses=ShipmentDetailSerializer)
    def get(self, request: Request, number: str) -> Response:
        """The shipment with its lines."""
        lines = Prefetch("lines", ShipmentLine.objects.select_related("line", "product").order_by("line__position", "pk"))
        rows = visible_shipments(request.user).select_related("order", "location").prefetch_related(lines)
        found = rows.filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no shipment %(number)s.") % {"number": number}, code="shipment_missing")
        return Response(ShipmentDetailSerializer(found).data)


urlpatterns = [
    path("shipments/", ShipmentList.as_view(), name="shipment-list"),
    path("shipments/<str:number>/", ShipmentDetail.as_view(), name="shipment-detail"),
]
