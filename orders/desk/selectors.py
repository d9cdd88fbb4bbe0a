"""Reads for the desk's pages: a customer at a glance, products by any fragment, everything about one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from customers.models import Address, Customer, CustomerUser
from customers.territory.selectors import customer_filter
from inventory.models import Availability, Product, Unit
from oms.company.selectors import exponent
from oms.files.choices import PENDING
from oms.files.formats import named
from oms.files.models import ImportFile, ImportRow
from oms.files.selectors import next_rows
from oms.files.services import context_of, parse
from oms.kernel.money import line_net
from orders.book.choices import SHIPPED_KINDS
from orders.book.models import Order, OrderLine
from orders.book.selectors import prices_before, visible_orders
from orders.desk.models import OrderFile, OrderNote
from orders.planning.models import ScheduleLine
from orders.planning.selectors import last_promises, live_lines
from orders.planning.selectors.live import UNDATED
from payments.billing.selectors import of_orders
from payments.models import AccountMember, CreditAccount, Invoice


def customers_like(user: Any, words: str, limit: int = 12) -> list[Customer]:
    """Active customers whose code, name or city holds the words, best match first, within the row filter."""
    match = Q(code__icontains=words) | Q(name__icontains=words) | Q(addresses__city__icontains=words)
    default = Address.objects.filter(customer=OuterRef("pk"), is_default=True)
    return list(
        Customer.objects.filter(customer_filter(user), match, status="active")
        .annotate(rank=_rank("code", words), city=Subquery(default.values("city")[:1]))
        .order_by("rank", "name", "pk")
        .distinct()[:limit]
    )


def products_like(words: str, limit: int = 12) -> list[Product]:
    """Active products whose SKU or name holds the words, best match first, with what is free now."""
    match = Q(sku__icontains=words) | Q(name__icontains=words)
    return list(
        Product.objects.filter(match, status="active")
        .annotate(rank=_rank("sku", words), free=Sum("availability__free__0"))
        .order_by("rank", "sku")[:limit]
    )


def units_by_sku(skus: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """SKU → (unit code, "12 each") with the base unit first, of those that exist. Two statements."""
    base = dict(Product.objects.filter(sku__in=set(skus)).values_list("sku", "base_unit"))
    found = {sku: [(unit, "")] for sku, unit in base.items()}
    rows = Unit.objects.filter(product__sku__in=base).order_by("num", "code").values_list("product__sku", "code", "num", "den")
    for sku, code, num, den in rows:
        found[sku].append((code, f"{num} {base[sku]}" if den == 1 else f"{num}/{den} {base[sku]}"))
    return found


def free_now(skus: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """SKU → (location code, free now), by location. One statement, none without SKUs."""
    found: dict[str, list[tuple[str, int]]] = {}
    rows = Availability.objects.filter(product__sku__in=set(skus), location__active=True).order_by("location__code")
    for sku, code, free in rows.values_list("product__sku", "location__code", "free__0"):
        found.setdefault(sku, []).append((code, max(0, free or 0)))
    return found


def _rank(code: str, words: str) -> Case:
    return Case(
        When(**{f"{code}__iexact": words}, then=Value(0)),
        When(**{f"{code}__istartswith": words}, then=Value(1)),
        When(name__istartswith=words, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )


def customer_glance(user: Any, code: str) -> dict[str, Any] | None:
    """What the clerk sees when a customer is chosen: address, credit, last order. None when not visible."""
    customer = (
        Customer.objects.filter(customer_filter(user), code=code)
        .select_related("post", "currency")
        .prefetch_related(Prefetch("addresses", queryset=Address.objects.order_by("-is_default", "code")))
        .first()
    )
    if customer is None:
        return None
    account = CreditAccount.objects.filter(members__customer=customer).first()
    last = Order.objects.filter(customer=customer).order_by("-pk").first()
    addresses = [a for a in customer.addresses.all() if a.retired_at is None]
    return {"customer": customer, "account": account, "last": last, "addresses": addresses,
            "left": account.limit - account.exposure if account else None}  # fmt: skip


def sender_named(user: Any, text: str) -> str | None:
    """The code of the visible customer that `text` names (code, or the whole name), None when there is none."""
    found = Customer.objects.filter(customer_filter(user), Q(code__iexact=text) | Q(name__iexact=text), status="active")
    return found.values_list("code", flat=True).first()


def sender_of(user: Any) -> str:
    """Whose files a partner's are: the only customer they act for; "" for others."""
    own = list(CustomerUser.objects.filter(user=user).values_list("customer__code", flat=True)[:2]) if "partner" in user.roles else []
    return own[0] if len(own) == 1 else ""


BATCH_NET = """
SELECT changes -> 0 ->> 1, sum((changes -> 0 ->> 2)::numeric) FROM oms_importrow
WHERE file_id = %s AND state = 'create' AND changes -> 0 ->> 0 = 'net' GROUP BY 1 ORDER BY 1
"""


def batch_net(file_id: int) -> list[tuple[str, Decimal]]:
    """(currency, net) of what a checked order file would create, at today's prices. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(BATCH_NET, [file_id])
        return list(cursor.fetchall())


def planned_orders(file: ImportFile, user: Any, limit: int) -> list[dict[str, Any]]:
    """The first orders a checked file would create: number, customer, requested date, lines, net, currency."""
    entry, context = named(file.format), context_of(file, user)
    staged = next_rows(file.pk, PENDING, 0, limit * 5)
    documents = parse(entry, file.header, staged, context)[:limit]
    money = dict(ImportRow.objects.filter(file=file, document__in=[d.number for d in documents]).values_list("number", "changes"))
    codes = {d.head.get("customer") or file.sender for d in documents}
    names = dict(Customer.objects.filter(code__in=codes).values_list("code", "name"))
    found = []
    for document in documents:
        code = document.head.get("customer") or file.sender
        nets = [change for row in document.rows for change in money.get(row.number, ())]
        found.append({
            "row": document.number, "number": document.head["order"], "customer": names.get(code, code), "code": code,
            "requested": document.head.get("requested_date"), "lines": len(document.rows),
            "net": sum((Decimal(amount) for name, _currency, amount in nets if name == "net"), Decimal(0)),
            "currency": next((currency for name, currency, _amount in nets if name == "net"), ""),
        })  # fmt: skip
    return found


def order_rows(user: Any) -> QuerySet[Order]:
    """Orders for the list, newest first."""
    return visible_orders(user).select_related("customer").order_by("-pk")


def order_page(user: Any, number: str) -> Order | None:
    """One order within the row filter, with customer, address and lines."""
    lines = OrderLine.objects.select_related("product").order_by("position")
    return (
        visible_orders(user)
        .filter(number=number)
        .select_related("customer__post", "ship_to", "entered_by", "submitted_by")
        .prefetch_related(Prefetch("lines", queryset=lines))
        .first()
    )


def line_views(order: Order) -> list[dict[str, Any]]:
    """Every line with its live schedule, standing promise, confirmed quantity and last change of price; three statements."""
    changed = prices_before(order.pk)
    return [{**row, "was": changed.get(row["line"].pk)} for row in lines_of_orders([order])[order.pk]]


def lines_of_orders(orders: Collection[Order]) -> dict[int, list[dict[str, Any]]]:
    """Order id → its lines with live schedule, standing promise and confirmed quantity; two statements for all of them."""
    schedule: dict[int, list[Any]] = {}
    for row in live_lines([order.pk for order in orders]):
        schedule.setdefault(row.line_id, []).append(row)
    promises = last_promises([line.pk for order in orders for line in order.lines.all()])
    return {
        order.pk: [
            {
                "line": line,
                "schedule": schedule.get(line.pk, []),
                "promise": promises.get(line.pk),
                "confirmed": sum(r.quantity for r in schedule.get(line.pk, []) if r.kind == "plan"),
            }
            for line in sorted(order.lines.all(), key=lambda x: x.position)
        ]
        for order in orders
    }


def accounts_of(customer_ids: Collection[int]) -> dict[int, CreditAccount]:
    """Customer id → the credit account their orders count against, where there is one. One statement."""
    rows = AccountMember.objects.filter(customer_id__in=customer_ids).select_related("account")
    return {row.customer_id: row.account for row in rows}


@dataclass(frozen=True)
class Backordered:
    """`units` of an approved line without a date, since when it waits, and what was promised of it at first."""

    line: OrderLine
    units: int
    promise: Any

    @property
    def net(self) -> Decimal:
        """Net of those units."""
        return line_net(self.units, self.line.unit_price, self.line.price_unit, self.line.discount, exponent(self.line.order.currency_id))


def open_backorders(user: Any) -> QuerySet[OrderLine]:
    """Lines of approved orders one may see of which something is approved, not shipped, not allocated and not dated."""
    dated = ScheduleLine.objects.filter(order=OuterRef("order"), line=OuterRef("pk"), kind="plan", version=F("order__live_plan__version")).order_by()
    left = F("quantity_approved") - F("quantity_shipped") - F("quantity_allocated")
    return OrderLine.objects.filter(
        RawSQL(f"orders_orderline.id = ANY(ARRAY({UNDATED}))", (), BooleanField()), order__in=visible_orders(user).filter(status="approved"), kind__in=SHIPPED_KINDS
    ).annotate(units=left - Coalesce(Subquery(dated.values("line").annotate(n=Sum("quantity")).values("n")), 0))


def backordered(user: Any, limit: int, code: str = "") -> list[Backordered]:
    """The backordered lines one may see, of one customer (code) or all, by customer and as long as they wait; three statements."""
    lines = open_backorders(user).select_related("order__customer", "product").order_by("order__customer__name", "rank_date", "pk")
    rows = list(lines.filter(order__customer__code=code)[:limit] if code else lines[:limit])
    promises = last_promises([line.pk for line in rows])
    return [Backordered(line, vars(line)["units"], promises.get(line.pk)) for line in rows]


def backorder_customers(user: Any) -> list[tuple[str, str, int]]:
    """(code, name, lines) of the customers with backorders one may see. Two statements."""
    rows = open_backorders(user).order_by().values_list("order__customer__code", "order__customer__name").annotate(n=Count("pk", distinct=True))
    return sorted(rows, key=lambda row: row[1])


def notes_of(order: Order, user: Any) -> QuerySet[OrderNote]:
    """The notes on an order with their files' names, newest first; partners see those that are not internal. Two statements."""
    notes = OrderNote.objects.filter(order=order, **({"internal": False} if "partner" in user.roles else {}))
    files = OrderFile.objects.defer("content").order_by("pk")
    return notes.select_related("by", "dropped_by").prefetch_related(Prefetch("files", queryset=files)).order_by("-pk")


def invoices_of(order: Order) -> QuerySet[Invoice]:
    """The order's invoices, oldest first."""
    return Invoice.objects.filter(of_orders([order.pk])).annotate(left=F("total") - F("applied") - F("credited")).order_by("pk")
