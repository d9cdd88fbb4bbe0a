"""The file of orders: one row a line; rows with the same `order` are one order and go through the same entry as all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.choices import DELIVERY_RULES, CustomerStatus, ShortageRule
from customers.parties.models import Address, Customer
from customers.territory.selectors import customer_filter
from inventory.catalog.selectors import locations_by_code
from oms.accounts.models import User
from oms.company.models import Company
from oms.company.selectors import exponent
from oms.files.choices import RowState
from oms.files.formats import Column, Context, Document, Format, Row, register
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import half_up, line_net
from orders.book.choices import Channel
from orders.book.models import Order
from orders.desk import past
from orders.desk.past import (
    DECIDED,
    FACTS,
    LEFT,
    by_line,
    check_facts,
    check_left,
    check_parts,
    check_units,
    counted,
    is_part,
    line_facts,
)
from orders.desk.services import Facts, LineFacts, lines_in_order, play_history
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.selectors import goods_line
from orders.entry.services import submit
from orders.pricing.selectors import Asked, Buyer, offers

MOST_LINES, LONGEST_NUMBER = 5_000, 60

# Who sends a customer's own order number often sends no other: it is both then.
PO_NAMES = ("po", "po number", "purchase order", "your order", "bestellnummer", "bestell-nr", "n° de commande")
HEAD = (
    Column("customer", gettext_lazy("code of the customer (default: the sender)"), longest=20,
           also=("client", "account", "debtor", "kunde", "kundennummer", "kunden-nr", "code client", "n° client")),
    Column("ship_to", gettext_lazy("code of the delivery address (default: the customer's)"), default="", longest=20,
           also=("deliver to", "delivery address", "branch", "lieferadresse", "filiale", "adresse de livraison")),
    Column("customer_po", gettext_lazy("the customer's order number"), default="", longest=60,
           also=PO_NAMES),
    Column("po_repeats", gettext_lazy("whether that number may repeat"), "boolean", default=False),
    Column("requested_date", gettext_lazy("day the customer wants it (default: today)"), "date",
           also=("requested", "delivery date", "deliver on", "date", "due", "wanted", "liefertermin", "lieferdatum", "date de livraison")),
    Column("cancel_after", gettext_lazy("not wanted any more after this day"), "date"),
    Column("delivery_rule", gettext_lazy("default: the customer's"), choices=DELIVERY_RULES),
    Column("shortage_rule", gettext_lazy("default: the customer's"), choices={s: s for s in ShortageRule.values}),
    Column("criticality", gettext_lazy("0 is most critical; 2 is usual"), "integer", least=0, most=4),
    Column("instructions", gettext_lazy("for the delivery"), default="", longest=2_000),
    Column("notes", gettext_lazy("internal"), default="", longest=2_000),
    *DECIDED,
)  # fmt: skip
COLUMNS = (
    Column("order", gettext_lazy("the sender's number of the order: received once"), required=True, longest=60,
           also=("order number", "order no", "order id", "document", "auftrag", "auftragsnummer", "auftrags-nr", "beleg", "commande", *PO_NAMES)),
    *HEAD,
    Column("sku", gettext_lazy("of a product; empty on a charge"), default="", longest=40,
           also=("product", "article", "item", "item number", "part number", "material", "artikel", "artikelnummer", "artikel-nr", "référence", "reference")),
    Column("quantity", gettext_lazy("in the unit"), "decimal", least=0, also=("qty", "amount", "pieces", "menge", "anzahl", "stück", "quantité", "qté")),
    Column("unit", gettext_lazy("default: the base unit"), default="", longest=20, also=("uom", "einheit", "me", "unité")),
    Column("price", gettext_lazy("net per price unit, instead of the list's; on a charge its amount"), "decimal", least=0,
           also=("unit price", "net price", "preis", "einzelpreis", "prix")),
    Column("discount", gettext_lazy("share of 1"), "decimal", least=0, most=1, also=("rabatt", "remise")),
    Column("reason", gettext_lazy("of a price or discount by hand"), default="", longest=200, also=("grund", "motif")),
    Column("no_split", gettext_lazy("the line in one delivery or not at all"), "boolean", default=False),
    Column("charge", gettext_lazy("text of a charge (freight, fee): then without SKU"), default="", longest=200),
    *LEFT,
    *FACTS,
)
HEAD_NAMES = frozenset(column.name for column in HEAD)


def check(documents: Sequence[Document], context: Context) -> None:
    """Orders received before are nothing new; the others are checked by the rules of entry, many at once.

    Each row that is to be created says its net in `changes`.
    """
    known = received([external(d, context) for d in documents], context.by)
    locations = locations_by_code({row.cells.get("shipped_from") or "" for d in documents for row in d.rows} - {""})
    new = []
    for document in documents:
        number = external(document, context)
        before = known.get((number, customer_of(document, context))) or known.get((number, None))
        elsewhere = known.get((number, context.by.pk))
        if before is None and elsewhere is not None:
            document.rows[0].refuse("order", _("you received it before, as %(number)s of another customer.") % {"number": elsewhere.number})
        elif before is None:
            document.mark(RowState.CREATE)
            new.append(document)
        else:
            document.mark(RowState.CHANGE if context.history and before.unfinished(document) else RowState.SAME, before.number)
    codes = {customer_of(d, context) for d in new}
    customers = {c.code: c for c in Customer.objects.filter(customer_filter(context.by), code__in=codes)}
    addresses = {(a.customer_id, a.code): a for a in Address.objects.filter(customer__in=customers.values(), retired_at=None)}
    defaults = {customer: a for (customer, _code), a in addresses.items() if a.is_default}
    approvers = {u.username: u for u in User.objects.filter(username__in={d.head.get("approved_by") or "" for d in new})}
    sound: list[tuple[Document, Customer, Address]] = []
    for document in new:
        row, code = document.rows[0], customer_of(document, context)
        customer = customers.get(code)
        check_lines(document)
        check_parts(document)
        check_facts(document, approvers)
        check_left(document, locations)
        if len(external(document, context)) > LONGEST_NUMBER:
            row.refuse("order", _("is longer than %(n)s characters with its sender.") % {"n": LONGEST_NUMBER})
        if customer is None or customer.status != CustomerStatus.ACTIVE:
            row.refuse("customer", _("there is no active customer %(code)s.") % {"code": code or "“”"})
            continue
        place = addresses.get((customer.pk, row.cells["ship_to"])) if row.cells.get("ship_to") else defaults.get(customer.pk)
        if place is None:
            row.refuse("ship_to", _("%(code)s has no such address.") % {"code": customer.code})
        else:
            sound.append((document, customer, place))
    check_po([(d, c) for d, c, _a in sound])
    check_offers(sound, context)


def external(document: Document, context: Context) -> str:
    """The order's number within its sender: two senders may count alike."""
    number = document.head["order"]
    return f"{context.sender}:{number}" if context.sender else number


def customer_of(document: Document, context: Context) -> str:
    """The customer's code of an order; the sender is one where the file does not say."""
    return document.head.get("customer") or context.sender


class Received(NamedTuple):
    """An order that is here, and, when this person's files brought it, how far its history got: units by line, as a file counts them."""

    number: str
    status: str
    brought: bool
    approved: list[int]
    shipped: list[int]
    arrived: list[int]

    def unfinished(self, document: Document) -> bool:
        """Whether the file says more than the books: its run was killed within the order's history."""
        if not self.brought:
            return False
        head, rows = document.head, counted(document)
        if self.status == "submitted":
            return bool(head.get("approved_at") or head.get("cancelled_at"))
        if self.status == "approved" and head.get("cancelled_at"):
            return True
        if self.status == "cancelled" or len(rows) != len(self.shipped):
            return False
        for each, approved, shipped, arrived in zip(rows, self.approved, self.shipped, self.arrived, strict=True):
            said = line_facts(each, document.rows[0], approved + (each[0].cells.get("cancelled") or 0), 0, {})
            if said.shipped > shipped or said.arrived > arrived:
                return True
        return False


RECEIVED = """
SELECT o.external_id, c.code, o.entered_by_id, o.channel = 'file', o.number, o.status, o.channel = 'file' AND o.entered_by_id = %(by)s,
       array_agg(l.quantity_approved ORDER BY l.product_id IS NULL, l.position),
       array_agg(l.quantity_shipped ORDER BY l.product_id IS NULL, l.position),
       array_agg(l.quantity_delivered + l.quantity_undelivered ORDER BY l.product_id IS NULL, l.position)
FROM (SELECT * FROM orders_order WHERE number = ANY(%(numbers)s)
      UNION SELECT * FROM orders_order WHERE external_id = ANY(%(numbers)s) AND external_id <> '' AND channel = 'file') o
JOIN customers_customer c ON c.id = o.customer_id JOIN orders_orderline l ON l.order_id = o.id
GROUP BY o.id, c.code, o.channel, o.entered_by_id, o.external_id, o.number, o.status
"""
Known = tuple[str, "str | int | None"]


def received(numbers: Sequence[str], by: Any) -> dict[Known, Received]:
    """What is here of what a file names: (its number, customer's code) and (its number, who brought it) by file, (ours, None). One statement."""
    found: dict[Known, Received] = {}
    with connection.cursor() as cursor:
        cursor.execute(RECEIVED, {"by": by.pk, "numbers": list(numbers)})
        for theirs, code, by_id, filed, number, *rest in cursor.fetchall():
            found[number, None] = known = Received(number, *rest)
            if filed:
                found[theirs, code] = found[theirs, by_id] = known
    return found


def check_lines(document: Document) -> None:
    """What every row of an order must have by its kind."""
    goods = 0
    for row in document.rows:
        cells = row.cells
        if is_part(row):
            continue
        if bool(cells.get("sku")) == bool(cells.get("charge")):
            row.refuse("sku", _("a row has either a SKU or the text of a charge."))
        elif cells.get("charge"):
            if not cells.get("price"):
                row.refuse("price", _("a charge needs an amount above 0."))
        else:
            goods += 1
            if not cells.get("quantity"):
                row.refuse("quantity", _("must be more than 0."))
    if not goods and document.good:
        document.rows[0].refuse("sku", _("an order needs at least one product."))
    if len(document.rows) > MOST_LINES:
        document.rows[0].refuse("order", _("has more than %(n)s lines.") % {"n": MOST_LINES})


def check_po(orders: Sequence[tuple[Document, Customer]]) -> None:
    """A customer's order number is used once, in the books and in the batch."""
    asked = [(d, c) for d, c in orders if d.head.get("customer_po") and not (d.head.get("po_repeats") or c.po_repeats)]
    live = Order.objects.filter(customer__in=[c.pk for _d, c in asked], customer_po__in=[d.head["customer_po"] for d, _c in asked])
    used = set(live.exclude(status__in=["rejected", "cancelled", "discarded"]).values_list("customer_id", "customer_po"))
    for document, customer in asked:
        key = (customer.pk, document.head["customer_po"])
        if key in used:
            document.rows[0].refuse("customer_po", _("%(po)s was used before by this customer.") % {"po": key[1]})
        used.add(key)


def check_offers(orders: Sequence[tuple[Document, Customer, Address]], context: Context) -> None:
    """SKU, unit, quantity and price of every line by the function that enters them: one read a customer, place and day."""
    company = Company.objects.values_list("country", flat=True).first() or ""
    groups: dict[tuple[Customer, str, date], list[Row]] = {}
    base: dict[int, int] = {}
    for document, customer, place in orders:
        on = (document.head.get("ordered_at") or datetime.now(context.zone)).date()
        groups.setdefault((customer, place.country, on), []).extend(r for r in document.rows if r.cells.get("sku") and not r.errors)
        for row in document.rows:
            if row.cells.get("charge") and row.cells.get("price"):
                row.changes = [("net", customer.currency_id, str(half_up(row.cells["price"], exponent(customer.currency_id))))]
    for (customer, country, on), rows in groups.items():
        buyer = Buyer(customer.pk, customer.group, customer.customer_class, customer.currency_id, customer.tax_status, company, country)
        lines = [line_request(row, context) for row in rows]
        for row, line, offer in zip(rows, lines, offers(buyer, on, [Asked(x.sku, x.quantity, x.unit) for x in lines]), strict=True):
            try:
                made = goods_line(0, line, offer, context.by, context.history)
            except Invalid as error:
                row.refuse(str(error.data.get("field", "sku")), error.message)
                continue
            base[row.number] = made.quantity
            net = line_net(made.quantity, made.unit_price, made.price_unit, made.discount, exponent(customer.currency_id))
            row.changes = [("net", customer.currency_id, str(net))]
    for document, _customer, _place in orders:
        if by_line(document):
            check_units(document, base | {row.number: 1 for row in document.rows if row.cells.get("charge")})


def line_request(row: Row, context: Context) -> LineRequest:
    """A row as a line; history's prices and discounts need no reason of their own."""
    cells = row.cells
    by_hand = cells.get("price") is not None or bool(cells.get("discount"))
    reason = cells.get("reason") or (_("history") if context.history and by_hand else "")
    return LineRequest(cells["sku"], cells["quantity"], cells.get("unit") or "", cells.get("price"), cells.get("discount"),
                       bool(cells.get("no_split")), reason)


def request_of(document: Document, context: Context) -> EntryRequest:
    """The order as every channel enters it, with its rows as they came."""
    head = document.head
    charges = tuple(ChargeRequest(r.cells["charge"], r.cells["price"]) for r in document.rows if r.cells.get("charge"))
    text = io.StringIO()
    csv.writer(text).writerows([context.header, *(row.raw for row in document.rows)])
    return EntryRequest(
        customer=customer_of(document, context), lines=tuple(line_request(r, context) for r in document.rows if r.cells.get("sku")),
        channel=Channel.FILE.value, charges=charges, external_id=external(document, context), requested_date=head.get("requested_date"),
        cancel_after=head.get("cancel_after"), delivery_rule=head.get("delivery_rule"), shortage_rule=head.get("shortage_rule"),
        criticality=head.get("criticality"), history=context.history, payload=text.getvalue().encode(), payload_type="text/csv",
        ship_to=head.get("ship_to") or "", customer_po=head.get("customer_po") or "", po_repeats=bool(head.get("po_repeats")),
        instructions=head.get("instructions") or "", notes=head.get("notes") or "",
    )  # fmt: skip


def apply(documents: Sequence[Document], context: Context) -> None:
    """Each order by itself: received before (a kill between order and mark) it only goes on with its history."""
    approvers = {u.username: u for u in User.objects.filter(username__in={d.head.get("approved_by") or "" for d in documents})}
    locations = locations_by_code({row.cells.get("shipped_from") or "" for d in documents for row in d.rows} - {""})
    for document in documents:
        order_id, number = enter(document, context)
        for row in document.rows:
            row.result = number
        if context.history:
            play_history(order_id, facts_of(document, order_id, approvers, locations), by=context.by)


def enter(document: Document, context: Context) -> tuple[int, str]:
    """(id, number) of the order: entered now, or by the run that was killed."""
    try:
        answer = submit(request_of(document, context), by=context.by, at=document.head.get("ordered_at"))
        return answer.order_id or 0, answer.number
    except Conflict as error:
        if error.code != "duplicate_external_id":
            raise
        order = Order.objects.filter(channel=Channel.FILE, customer__code=customer_of(document, context), external_id=external(document, context)).first()
        if order is None:  # of another customer
            raise
        return order.pk, order.number


def facts_of(document: Document, order_id: int, approvers: Mapping[str, User], locations: Mapping[str, int]) -> Facts:
    """The order's history: of the whole, or line by line."""
    head = document.head
    lines: tuple[LineFacts, ...] = ()
    if by_line(document):
        first, there = document.rows[0], lines_in_order(order_id)
        pairs = enumerate(zip(counted(document), there, strict=True), start=1)
        lines = tuple(line_facts(rows, first, line.quantity_ordered, n, locations) for n, (rows, line) in pairs)
    return Facts(
        head.get("approved_at"), approvers.get(head.get("approved_by") or ""), head.get("shipped_at"), head.get("delivered_date"),
        head.get("proof") or "customer", head.get("cancelled_at"), lines, bool(head.get("invoices")),
    )  # fmt: skip


def export() -> Iterator[dict[str, Any]]:
    """Every order that was submitted, with its past."""
    return past.export(HEAD_NAMES)


ORDERS = register(
    Format("orders", gettext_lazy("Orders: a row a line or charge."), COLUMNS, "orders.submit", check, apply, export,
           document="order", head=tuple(c.name for c in HEAD), own=True, formulas=False)
)  # fmt: skip
