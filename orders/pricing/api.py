"""API of prices: what a customer pays today, product by product and break by break."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import path
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.authentication import RequiresScope
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.kernel.errors import Invalid, NotFound
from orders.pricing.selectors import breaks_of, buyer_of

PAGE = 100


class BreakSerializer(serializers.Serializer[Any]):
    """From so many base units on; `price` is net, for the product's price unit; `source` the price list."""

    from_quantity = serializers.IntegerField()
    price = serializers.DecimalField(max_digits=18, decimal_places=6)
    source = serializers.CharField()


class PriceSerializer(serializers.Serializer[Any]):
    """A product's prices for the customer; none when no list has it."""

    sku = serializers.CharField()
    price_unit = serializers.IntegerField()
    tax_rate = serializers.DecimalField(max_digits=6, decimal_places=4, allow_null=True)
    breaks = BreakSerializer(many=True)


class PricesSerializer(serializers.Serializer[Any]):
    """A page of products by SKU; `next` is what to send as `after`, null at the end."""

    customer = serializers.CharField()
    currency = serializers.CharField()
    on = serializers.DateField()
    next = serializers.CharField(allow_null=True)
    results = PriceSerializer(many=True)


class Prices(APIView):
    """The prices of a customer: a partner's own, or for staff the one named."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(
        operation_id="prices_list", responses=PricesSerializer,
        parameters=[
            OpenApiParameter("customer", str, description="code; may be left out by a customer's own key"),
            OpenApiParameter("on", str, description="the day (default: today)"),
            OpenApiParameter("sku", str, many=True, description="only these products, at most 100"),
            OpenApiParameter("after", str, description="the next page"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """A hundred products a page, active ones by SKU, with the price of each break of quantity."""
        authorize(request.user, "pricing.view")
        customer, on = customer_of(request), day_of(request)
        skus = [s for s in request.GET.getlist("sku") if "\x00" not in s][:PAGE]
        rows = breaks_of(buyer_of(customer), on, skus=skus, after=request.GET.get("after", "").replace("\x00", ""), limit=PAGE)
        page = {
            "customer": customer.code, "currency": customer.currency_id, "on": on, "results": [vars(r) | {"breaks": [b._asdict() for b in r.breaks]} for r in rows],
            "next": rows[-1].sku if len(rows) == PAGE and not skus else None,
        }  # fmt: skip
        return Response(PricesSerializer(page).data)


def customer_of(request: Request) -> Customer:
    """The customer named, or a partner's own, within the row filter."""
    code = request.GET.get("customer", "").replace("\x00", "")
    rows = Customer.objects.filter(customer_filter(request.user))
    found = (rows.filter(code=code) if code else rows if Role.PARTNER in request.user.roles else rows.none()).order_by("pk").first()
    if found is None:
        raise NotFound(_("There is no customer %(code)s.") % {"code": code or "–"}, code="customer_missing")
    return found


def day_of(request: Request) -> date:
    """The day asked for. Raises Invalid `bad_date`."""
    text = request.GET.get("on", "")
    try:
        found = parse_date(text) if text else date.today()
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("A day is written 2026-01-31."), code="bad_date", field="on")
    return found


urlpatterns = [path("prices/", Prices.as_view(), name="price-list")]
