"""API of bank statements: a file of the bank comes in as by the page, each line once."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.policies import authorize
from oms.kernel.errors import Invalid
from payments.bank.selectors import account_named
from payments.bank.services import import_statement

MAX_BODY = 32 * 1024 * 1024


class ImportedSerializer(serializers.Serializer[Any]):
    """What a file brought: lines that are new, lines that were known, statements that do not add up."""

    new = serializers.IntegerField()
    known = serializers.IntegerField()
    flawed = serializers.ListField(child=serializers.CharField())


class Statements(APIView):
    """Files of the bank."""

    permission_classes = [RequiresScope]
    scope = "bank"

    @extend_schema(
        operation_id="bank_statements_create", request=OpenApiTypes.BINARY, responses={200: ImportedSerializer},
        parameters=[OpenApiParameter("account", str, description="our account's IBAN, for files that do not name it"),
                    OpenApiParameter("name", str, description="the file's name")],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """MT940, CAMT.053, CSV, OFX or BAI2, whole or not at all; the same file again brings nothing new."""
        authorize(request.user, "payments.import_statement")
        body: bytes = request._request.body
        if len(body) > MAX_BODY:
            raise Invalid(_("The body is larger than %(n)s bytes.") % {"n": MAX_BODY}, code="too_large")
        named = request.GET.get("account", "").replace("\x00", "")
        account = account_named(named) if named else None
        if named and account is None:
            raise Invalid(_("There is no bank account %(account)s of ours.") % {"account": named[:40]}, code="bank_account_missing")
        done = import_statement(body, request.GET.get("name", "")[:200], by=request.user, account_id=account.pk if account else None)
        flawed = [number for number, _difference in done.differences] + [number for number, _flaw in done.flaws]
        return Response({"new": done.new, "known": done.known, "flawed": flawed})


urlpatterns = [path("bank/statements/", Statements.as_view(), name="bank-statements")]
