"""API of cases: a customer's machine asks, complains or claims, reads what is answered, and answers. Internal notes are not told."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
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
from orders.service.choices import CaseKind, Channel, Direction, Priority
from orders.service.models import Case, CaseMessage
from orders.service.selectors import find_case, told, visible_cases
from orders.service.services import NewCase, open_case, say


class CaseMessageSerializer(serializers.ModelSerializer[CaseMessage]):
    """What was said by the customer (`in`) and to it (`out`)."""

    class Meta:
        model = CaseMessage
        fields = ["direction", "text", "at"]


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case in lists."""

    customer = serializers.CharField(source="customer.code")
    order = serializers.CharField(source="order.number", default=None, allow_null=True)

    class Meta:
        model = Case
        fields = ["number", "kind", "priority", "status", "title", "customer", "order", "opened_at", "respond_due", "resolve_due", "resolved_at"]


class CaseDetailSerializer(CaseSerializer):
    """A case with what was said."""

    messages = CaseMessageSerializer(many=True)

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "messages"]


class CaseInSerializer(serializers.Serializer[Any]):
    """A case to open: about an order, a line of it, a shipment or an invoice (numbers), or a customer."""

    kind = serializers.ChoiceField(choices=CaseKind.choices)
    title = serializers.CharField(max_length=120)
    text = serializers.CharField()
    customer = serializers.CharField(max_length=20, required=False)
    order = serializers.CharField(max_length=20, required=False)
    line = serializers.IntegerField(required=False)
    shipment = serializers.CharField(max_length=20, required=False)
    invoice = serializers.CharField(max_length=20, required=False)
    priority = serializers.ChoiceField(choices=Priority.choices, required=False)


class SaidSerializer(serializers.Serializer[Any]):
    """What the customer says."""

    text = serializers.CharField()


class CaseIn(msgspec.Struct, forbid_unknown_fields=True):
    """A case as sent."""

    kind: str
    title: str
    text: str
    customer: str = ""
    order: str = ""
    line: int = 0
    shipment: str = ""
    invoice: str = ""
    priority: str = Priority.NORMAL.value


class SaidIn(msgspec.Struct, forbid_unknown_fields=True):
    """A message as sent."""

    text: str


def find(request: Request, number: str) -> Case:
    """The case within the row filter with what was said outside of the house, or NotFound."""
    found = find_case(request.user, number)
    if found is None:
        raise NotFound(_("There is no case %(number)s.") % {"number": number}, code="case_missing")
    return found


def shown(request: Request, number: str) -> dict[str, Any]:
    """A case with what was said outside of the house."""
    case = find(request, number)
    return {**CaseSerializer(case).data, "messages": CaseMessageSerializer(told(case), many=True).data}


class CaseList(ListAPIView[Case]):
    """GET: cases one may see. POST: open one."""

    permission_classes = [RequiresScope]
    scope = "orders"
    serializer_class = CaseSerializer
    pagination_class = NewestFirst
    queryset = Case.objects.none()

    def get_queryset(self) -> Any:
        return visible_cases(self.request.user).select_related("customer", "order")

    @extend_schema(operation_id="cases_create", request=CaseInSerializer, parameters=[KEY_PARAMETER], responses={201: CaseDetailSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Both clocks start now."""
        authorize(request.user, "service.ask")
        sent = decoded(request, CaseIn)
        new = NewCase(sent.kind, sent.title, sent.text, sent.customer, sent.order, sent.line, sent.shipment, sent.invoice, sent.priority, Channel.API)

        def work() -> dict[str, Any]:
            return shown(request, open_case(new, by=request.user).number)

        return answer_once(request, "service.open_case", work, 201)


class CaseDetail(APIView):
    """One case by number; 404 for those one may not see."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(responses=CaseDetailSerializer)
    def get(self, request: Request, number: str) -> Response:
        """The case with what was said by and to the customer."""
        return Response(shown(request, number))


class CaseSay(APIView):
    """POST: the customer says something."""

    permission_classes = [RequiresScope]
    scope = "orders"

    @extend_schema(operation_id="cases_say", request=SaidSerializer, parameters=[KEY_PARAMETER], responses=CaseDetailSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """A resolved case is open again by it."""
        authorize(request.user, "service.ask")
        case, sent = find(request, number), decoded(request, SaidIn)

        def work() -> dict[str, Any]:
            say(case.pk, Direction.IN, sent.text, by=request.user)
            return shown(request, number)

        return answer_once(request, "service.say", work)


urlpatterns = [
    path("cases/", CaseList.as_view(), name="case-list"),
    path("cases/<str:number>/", CaseDetail.as_view(), name="case-detail"),
    path("cases/<str:number>/messages/", CaseSay.as_view(), name="case-say"),
]
