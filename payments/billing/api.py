"""API of invoices: what is asked for, in which parts, what is open; and as PDF."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import path
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.accounts.authentication import RequiresScope
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.company.selectors import company
from oms.kernel.errors import NotFound
from oms.web.documents import pdf, pdf_response
from oms.web.paging import NewestFirst
from payments.billing.documents import invoice_data
from payments.billing.filters import InvoiceFilterSet
from payments.billing.models import Invoice, InvoiceLine, InvoiceTax
from payments.billing.selectors import account_statement, tax_notes, visible_invoices
from payments.billing.views.receivables import asked_day
from payments.credit.selectors import own_account, visible_account


class InvoiceLineSerializer(serializers.ModelSerializer[InvoiceLine]):
    """A line; `order_number` on an invoice of several orders."""

    class Meta:
        model = InvoiceLine
        fields = ["order_number", "sku", "description", "quantity", "unit_price", "price_unit", "discount", "net", "tax_category", "tax_rate"]


class InvoiceTaxSerializer(serializers.ModelSerializer[InvoiceTax]):
    """One tax group."""

    class Meta:
        model = InvoiceTax
        fields = ["category", "rate", "net", "tax"]


class InstalmentSerializer(serializers.Serializer[Any]):
    """A part of the invoice: one of the whole without instalments."""

    number = serializers.IntegerField()
    due_date = serializers.DateField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=3)
    open = serializers.DecimalField(max_digits=18, decimal_places=3)


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """An invoice in lists; `due_date` is the day its earliest open part is due."""

    customer = serializers.CharField(source="customer.code")
    currency = serializers.CharField(source="currency_id")
    due_date = serializers.DateField(source="next_due")
    open = serializers.DecimalField(source="open_amount", max_digits=18, decimal_places=3)
    state = serializers.ChoiceField(choices=["open", "overdue", "settled"])

    class Meta:
        model = Invoice
        fields = ["number", "customer", "order_number", "customer_po", "shipment_number", "invoice_date", "due_date", "currency", "net", "tax", "total",
                  "open", "state", "cancelled"]  # fmt: skip


class InvoiceDetailSerializer(InvoiceSerializer):
    """An invoice with its lines, tax and parts."""

    lines = InvoiceLineSerializer(many=True)
    taxes = InvoiceTaxSerializer(many=True)
    parts = InstalmentSerializer(many=True)

    class Meta(InvoiceSerializer.Meta):
        fields = [*InvoiceSerializer.Meta.fields, "lines", "taxes", "parts"]


class InvoiceList(ListAPIView[Invoice]):
    """Invoices one may see, filtered as on the page."""

    permission_classes = [RequiresScope]
    scope = "invoices"
    serializer_class = InvoiceSerializer
    filterset_class = InvoiceFilterSet
    pagination_class = NewestFirst
    queryset = Invoice.objects.none()

    def get_queryset(self) -> Any:
        authorize(self.request.user, "payments.view_invoices")
        return visible_invoices(self.request.user)


def find(request: Request, number: str) -> Invoice:
    """The invoice within the row filter, or NotFound."""
    authorize(request.user, "payments.view_invoices")
    rows = visible_invoices(request.user).prefetch_related(Prefetch("lines", InvoiceLine.objects.order_by("pk")), Prefetch("taxes", InvoiceTax.objects.order_by("category", "rate")), "customer__addresses")
    found = rows.filter(number=number).first() if "\x00" not in number else None
    if found is None:
        raise NotFound(_("There is no invoice %(number)s.") % {"number": number}, code="invoice_missing")
    return found


class InvoiceDetail(APIView):
    """One invoice by number; 404 for those one may not see."""

    permission_classes = [RequiresScope]
    scope = "invoices"

    @extend_schema(responses=InvoiceDetailSerializer)
    def get(self, request: Request, number: str) -> Response:
        """The invoice with its lines, tax groups and parts."""
        return Response(InvoiceDetailSerializer(find(request, number)).data)


class InvoicePdf(APIView):
    """One invoice on paper."""

    permission_classes = [RequiresScope]
    scope = "invoices"

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str) -> HttpResponse:
        """The PDF as it was mailed."""
        found = find(request, number)
        return pdf_response(found.number, pdf("payments/billing/invoice.typ", invoice_data(found, company(), tax_notes(found))))


class PostingSerializer(serializers.Serializer[Any]):
    """What was posted, and what was owed then."""

    day = serializers.DateField()
    kind = serializers.CharField()
    number = serializers.CharField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=3)
    balance = serializers.DecimalField(max_digits=18, decimal_places=3)


class OpenItemSerializer(serializers.Serializer[Any]):
    """What was open at the end of the day."""

    kind = serializers.CharField()
    number = serializers.CharField()
    reference = serializers.CharField()
    day = serializers.DateField()
    due_date = serializers.DateField(allow_null=True)
    total = serializers.DecimalField(max_digits=18, decimal_places=3)
    rest = serializers.DecimalField(max_digits=18, decimal_places=3)


class StatementSerializer(serializers.Serializer[Any]):
    """An account from a day to the end of another: opening + postings = closing = the sum of what is open."""

    customer = serializers.CharField()
    currency = serializers.CharField()
    since = serializers.DateField()
    on = serializers.DateField()
    opening = serializers.DecimalField(max_digits=18, decimal_places=3)
    closing = serializers.DecimalField(max_digits=18, decimal_places=3)
    overdue = serializers.DecimalField(max_digits=18, decimal_places=3)
    postings = PostingSerializer(many=True)
    items = OpenItemSerializer(many=True)


class Statement(APIView):
    """The statement of one's own account; staff name the customer."""

    permission_classes = [RequiresScope]
    scope = "invoices"

    @extend_schema(
        operation_id="statement_retrieve", responses=StatementSerializer,
        parameters=[OpenApiParameter("customer", str), OpenApiParameter("since", str, description="default: 90 days before"), OpenApiParameter("on", str)],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """As of the end of any day."""
        partner = Role.PARTNER in request.user.roles
        authorize(request.user, "payments.own_statement" if partner else "payments.view_receivables")
        account = own_account(request.user) if partner else visible_account(request.user, request.GET.get("customer", ""))
        if account is None:
            raise NotFound(_("There is no such credit account."), code="account_missing")
        on = asked_day(request, "on", localdate())
        found = account_statement(account.pk, min(asked_day(request, "since", on - timedelta(days=90)), on), on)
        whole = {"customer": account.payer.code, "currency": account.currency_id, "opening": found.opening, "closing": found.closing,
                 "overdue": found.overdue, "since": found.since, "on": found.on, "postings": found.postings, "items": found.items}  # fmt: skip
        return Response(StatementSerializer(whole).data)


urlpatterns = [
    path("statement/", Statement.as_view(), name="statement"),
    path("invoices/", InvoiceList.as_view(), name="invoice-list"),
    path("invoices/<str:number>/", InvoiceDetail.as_view(), name="invoice-detail"),
    path("invoices/<str:number>/pdf/", InvoicePdf.as_view(), name="invoice-pdf"),
]
