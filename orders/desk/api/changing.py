"""Orders changed by machines: cancelled, amended as they were seen, opened again, and many placed at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.kernel.errors import Invalid, OMSError, Unprocessable
from oms.web.errors import as_oms_error, problem
from oms.web.once import KEY_PARAMETER, answer_once, decoded, key_of
from orders.book.models import Order
from orders.desk.adapters import LineIn, check_number, check_text, decode_order, encode_partner
from orders.desk.api.orders import (
    LineSerializer,
    OrderDetailSerializer,
    OrderInSerializer,
    encode_staff,
    etag,
    find,
    hash_of,
)
from orders.entry.domain import LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import Key, Replayed, amend, cancel, cancel_rest, reopen, submit

MOST_ORDERS = 50


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=300)


class CancelSerializer(ReasonSerializer):
    """Why; `rest`: of an order that was shipped in part, what was not shipped."""

    rest = serializers.BooleanField(required=False)


class LineChangeSerializer(serializers.Serializer[Any]):
    """New values of the line at a position; what is left out stays."""

    position = serializers.IntegerField(min_value=1)
    quantity = serializers.IntegerField(required=False, allow_null=True, help_text="what shall stand of it, in base units; 0 takes it off")
    price = serializers.DecimalField(max_digits=18, decimal_places=6, required=False, allow_null=True)
    discount = serializers.DecimalField(max_digits=7, decimal_places=6, required=False, allow_null=True)


class AmendSerializer(ReasonSerializer):
    """What shall be different, and why."""

    lines = LineChangeSerializer(many=True, required=False)
    added = LineSerializer(many=True, required=False)
    requested_date = serializers.DateField(required=False, allow_null=True)
    ship_to = serializers.CharField(max_length=20, required=False)


class ReasonIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why, as sent; `rest` only where an order is cancelled."""

    reason: str
    rest: bool = False


class ChangeIn(msgspec.Struct, forbid_unknown_fields=True):
    """A line's new values as sent."""

    position: int
    quantity: int | None = None
    price: Decimal | None = None
    discount: Decimal | None = None


class AmendIn(msgspec.Struct, forbid_unknown_fields=True):
    """An amendment as sent."""

    reason: str
    lines: list[ChangeIn] = []
    added: list[LineIn] = []
    requested_date: date | None = None
    ship_to: str = ""


def reason_in(request: Request) -> ReasonIn:
    """The reason of a body. Raises Invalid."""
    sent = decoded(request, ReasonIn)
    check_text("reason", sent.reason, 300)
    return sent


def shown(number: str, request: Request) -> dict[str, Any]:
    """The order as it is afterwards."""
    return dict(OrderDetailSerializer(find(request, number)).data)


class OrderWrite(APIView):
    """An order of one's own that is changed."""

    permission_classes = [RequiresScope]
    scope = "orders"


class OrderCancel(OrderWrite):
    """POST: cancel an order, or its rest."""

    @extend_schema(operation_id="orders_cancel", request=CancelSerializer, parameters=[KEY_PARAMETER], responses=OrderDetailSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """What was not shipped is given back to stock and credit. 409 `shipped` when some of it was and `rest` is not set."""
        order = find(request, number)
        authorize(request.user, "orders.cancel", order)
        sent = reason_in(request)

        def work() -> dict[str, Any]:
            (cancel_rest if sent.rest else cancel)(order.pk, sent.reason, by=request.user)
            return shown(number, request)

        return answer_once(request, "orders.cancel", work)


class OrderReopen(OrderWrite):
    """POST: open a completed order again."""

    @extend_schema(operation_id="orders_reopen", request=ReasonSerializer, parameters=[KEY_PARAMETER], responses=OrderDetailSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """So that lines can be added; for who has the right, and not for partners."""
        authorize(request.user, "orders.reopen")
        order, sent = find(request, number), reason_in(request)

        def work() -> dict[str, Any]:
            reopen(order.pk, sent.reason, by=request.user)
            return shown(number, request)

        return answer_once(request, "orders.reopen", work)


IF_MATCH = OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="The ETag the order was read with.")


class OrderAmend(OrderWrite):
    """POST: change an order as it was read."""

    @extend_schema(operation_id="orders_amend", request=AmendSerializer, parameters=[KEY_PARAMETER, IF_MATCH], responses=OrderDetailSerializer)
    def post(self, request: Request, number: str) -> HttpResponse:
        """Other quantities, prices, lines, day or address. 412 when it was changed since it was read."""
        order = find(request, number)
        authorize(request.user, "orders.amend", order)
        version, asked = version_of(request), amendment_of(decoded(request, AmendIn), order)

        def work() -> dict[str, Any]:
            amend(order.pk, asked, by=request.user, version=version)
            return shown(number, request)

        answer = answer_once(request, "orders.amend", work)
        answer["ETag"] = etag(Order.objects.get(pk=order.pk))
        return answer


def version_of(request: Request) -> int:
    """The version of If-Match. Raises Unprocessable `if_match_missing`."""
    text = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:
        raise Unprocessable(_("Send the ETag of the order as If-Match."), code="if_match_missing", clears=_("Read the order first."))
    return int(text)


def amendment_of(sent: AmendIn, order: Order) -> Amendment:
    """The amendment of a body, its positions as the order's lines. Raises Invalid `unknown_line` and those of an order's fields."""
    check_text("reason", sent.reason, 300)
    check_text("ship_to", sent.ship_to, 20)
    lines = {line.position: line.pk for line in order.lines.all()}
    unknown = [c.position for c in sent.lines if c.position not in lines]
    if unknown:
        raise Invalid(_("The order has no line %(n)s.") % {"n": unknown[0]}, code="unknown_line")
    if len({c.position for c in sent.lines}) < len(sent.lines):
        raise Invalid(_("A line is named twice."), code="line_twice")
    for i, change in enumerate(sent.lines):
        if change.quantity is not None and not 0 <= change.quantity < 10**12:
            raise Invalid(_("The quantity is not possible."), code="bad_number", field=f"lines.{i}.quantity")
        check_number(f"lines.{i}.price", change.price, 6)
        check_number(f"lines.{i}.discount", change.discount, 6, top=Decimal(1))
    for i, line in enumerate(sent.added):
        check_text(f"added.{i}.sku", line.sku, 40)
        check_text(f"added.{i}.unit", line.unit, 20)
        check_text(f"added.{i}.reason", line.reason, 300)
        check_number(f"added.{i}.quantity", line.quantity, 6)
        check_number(f"added.{i}.price", line.price, 6)
        check_number(f"added.{i}.discount", line.discount, 6, top=Decimal(1))
    return Amendment(
        tuple(LineChange(lines[c.position], c.quantity, c.price, c.discount) for c in sent.lines),
        tuple(LineRequest(x.sku, x.quantity, x.unit, x.price, x.discount, x.no_split, x.reason) for x in sent.added),
        sent.requested_date, sent.ship_to, sent.reason,
    )  # fmt: skip


class BulkInSerializer(serializers.Serializer[Any]):
    """Orders to place, each by itself."""

    orders = OrderInSerializer(many=True)


class BulkOutSerializer(serializers.Serializer[Any]):
    """What became of each, in their order: the status and body that it would have had alone."""

    results = serializers.ListField(child=serializers.DictField())


class BulkIn(msgspec.Struct, forbid_unknown_fields=True):
    """Many orders as sent: each is read by itself, so that one that can't be read spoils no other."""

    orders: list[msgspec.Raw]


class OrderBulk(OrderWrite):
    """POST: up to 50 orders at once, each entered or refused by itself."""

    @extend_schema(operation_id="orders_bulk", request=BulkInSerializer, parameters=[KEY_PARAMETER], responses=BulkOutSerializer)
    def post(self, request: Request) -> Response:
        """The n-th order's key is the request's with `:n`; the same request again places nothing again."""
        authorize(request.user, "orders.submit")
        sent = decoded(request, BulkIn)
        if not 0 < len(sent.orders) <= MOST_ORDERS:
            raise Invalid(_("Send 1 to %(n)s orders at once.") % {"n": MOST_ORDERS}, code="too_many_orders")
        key = key_of(request)[:190]
        return Response({"results": [placed(request, bytes(body), f"{key}:{n}") for n, body in enumerate(sent.orders, 1)]})


def placed(request: Request, body: bytes, key: str) -> dict[str, Any]:
    """Place one of many: its status and body. What is nobody's fault but ours is raised."""
    render = encode_partner if Role.PARTNER in request.user.roles else encode_staff
    try:
        entry = decode_order(body)
        answer = submit(entry, by=request.user, key=Key(key, hash_of(entry, body), render))
    except Replayed as first:
        return {"status": first.status, "body": msgspec.json.decode(first.body)}
    except Exception as error:
        known = error if isinstance(error, OMSError) else as_oms_error(error)
        if known is None or known.status >= 500 and known.code != "busy":
            raise
        return {"status": int(known.status), "body": problem(known)}
    return {"status": 201, "body": msgspec.json.decode(render(answer))}
