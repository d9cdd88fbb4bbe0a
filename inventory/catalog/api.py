"""API of products: what can be ordered, in which units."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.catalog.models import Product, Unit
from oms.accounts.authentication import RequiresScope
from oms.kernel.errors import NotFound
from oms.web.paging import NewestFirst


class UnitSerializer(serializers.ModelSerializer[Unit]):
    """`num` / `den` base units."""

    class Meta:
        model = Unit
        fields = ["code", "num", "den"]


UNITS = Prefetch("units", Unit.objects.order_by("code"))


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product as a partner orders it."""

    units = UnitSerializer(many=True)

    class Meta:
        model = Product
        fields = ["sku", "name", "status", "gtin", "family", "base_unit", "price_unit", "minimum_quantity", "quantity_multiple", "weight_g", "volume_cm3", "units"]


class ProductList(ListAPIView[Product]):
    """Products, the latest first."""

    permission_classes = [RequiresScope]
    scope = "orders"
    serializer_class = ProductSerializer
    pagination_class = NewestFirst
    queryset = Product.objects.none()

    def get_queryset(self) -> Any:
        return Product.objects.prefetch_related(UNITS)


class ProductDetail(APIView):
    """One product by its SKU."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses=ProductSerializer)
    def get(self, request: Request, sku: str) -> Response:
        """The product with its units."""
        found = Product.objects.prefetch_related(UNITS).filter(sku=sku).first() if "\x00" not in sku else None
        if found is None:
            raise NotFound(_("There is no product %(sku)s.") % {"sku": sku}, code="product_missing")
        return Response(ProductSerializer(found).data)


urlpatterns = [
    path("products/", ProductList.as_view(), name="product-list"),
    path("products/<str:sku>/", ProductDetail.as_view(), name="product-detail"),
]
