"""API of planning: why a line has its date."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from orders.planning.adapters import as_data
from orders.planning.selectors.why import why_line
from orders.planning.views import order_and_line


class LineWhy(APIView):
    """Why a line of an order has its date; 404 for orders one may not see."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, number: str, position: int) -> Response:
        """Outcome, schedule, binding constraint, rank, who holds the stock, candidates, what would help, promises."""
        order, line = order_and_line(request.user, number, position)
        return Response(as_data(why_line(request.user, order, line)))


urlpatterns = [path("orders/<str:number>/lines/<int:position>/why/", LineWhy.as_view(), name="line-why")]
