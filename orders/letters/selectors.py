"""Reads of mail to customers: within the row filter; who gets a kind; what a letter tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from customers.parties.models import Contact, Customer
from customers.territory.selectors import customer_filter
from oms.mail.models import Mail
from orders.letters.choices import LetterKind
from orders.letters.models import LetterRule


@dataclass(frozen=True)
class Recipient:
    """A contact that gets a letter."""

    contact_id: int
    name: str
    address: str


def wanted(contacts: list[Contact], rules: Mapping[tuple[int, str], bool], kind: str) -> list[Contact]:
    """Those of a customer's contacts with an address who get a kind: as their rule says; without one the first only."""
    first = contacts[0].pk if contacts else 0
    return [c for c in contacts if rules.get((c.pk, kind), c.pk == first)]


def contacts_of(customer_id: int) -> list[Contact]:
    """The contacts that have an address, the first entered first."""
    return list(Contact.objects.filter(customer_id=customer_id).exclude(email="").order_by("pk"))


def rules_of(customer_id: int) -> dict[tuple[int, str], bool]:
    """(contact, kind) → wanted."""
    rows = LetterRule.objects.filter(contact__customer_id=customer_id).values_list("contact_id", "kind", "wanted")
    return {(contact, kind): wants for contact, kind, wants in rows}


def recipients(customer_id: int, kind: str) -> tuple[list[Recipient], bool]:
    """Who gets a kind, and whether the customer has any address at all. Two statements, one without addresses."""
    contacts = contacts_of(customer_id)
    if not contacts:
        return [], False
    return [Recipient(c.pk, c.name, c.email) for c in wanted(contacts, rules_of(customer_id), kind)], True


def nobody(customer_id: int, kind: str) -> str:
    """The key of the one letter of a kind that says that nobody at the customer can get it."""
    return f"nobody:{customer_id}:{kind}"


def reached(customer_ids: Collection[int]) -> set[int]:
    """Of customers, those with a contact that has an address."""
    return set(Contact.objects.filter(customer_id__in=customer_ids).exclude(email="").values_list("customer_id", flat=True))


def said(keys: Collection[str]) -> set[str]:
    """Of letters' keys, those that were written."""
    return set(Mail.objects.filter(key__in=keys).values_list("key", flat=True))


def visible_mail(user: Any) -> QuerySet[Mail]:
    """Mail to customers `user` may see, with the customer's name and code, the latest first."""
    customer = Customer.objects.filter(pk=OuterRef("customer_id"))
    rows = Mail.objects.filter(customer_id__in=Customer.objects.filter(customer_filter(user)).values("pk"))
    return rows.annotate(customer=Subquery(customer.values("name")[:1]), code=Subquery(customer.values("code")[:1])).order_by("-pk")


MOVED = """
SELECT l.position, l.description, p.quantity, p.delivery_date, p.binding, (
    SELECT q.delivery_date FROM orders_promise q WHERE q.line_id = p.line_id AND q.id < p.id AND q.kind IN ('first', 'current') ORDER BY q.id DESC LIMIT 1)
FROM orders_promise p JOIN orders_orderline l ON l.id = p.line_id
WHERE l.order_id = %s AND p.event_id = %s AND p.kind = 'current' ORDER BY l.position
"""


@dataclass(frozen=True)
class Moved:
    """A line whose promise moved: how many units, from which day to which (None: no day is known), why late ("" for earlier)."""

    description: str
    quantity: int
    before: date | None
    after: date | None
    binding: str


def moved(order_id: int, event_id: int) -> list[Moved]:
    """What an event changed for the customer: lines with another day than before. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(MOVED, [order_id, event_id])
        rows = cursor.fetchall()
    return [Moved(text, quantity, before, after, binding) for _n, text, quantity, after, binding, before in rows if before != after]


LATEST = {
    LetterKind.CONFIRMED: "SELECT e.id, o.id FROM orders_order o JOIN orders_approval a ON a.order_id = o.id JOIN oms_event e ON e.id = a.event_id "
                          "WHERE o.customer_id = %s ORDER BY a.id DESC LIMIT 1",
    LetterKind.SHIPPED: "SELECT s.event_id, s.id FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id WHERE o.customer_id = %s AND s.shipped_at IS NOT NULL "
                        "ORDER BY s.id DESC LIMIT 1",
    LetterKind.INVOICE: "SELECT i.event_id, i.id FROM payments_invoice i WHERE i.customer_id = %s ORDER BY i.id DESC LIMIT 1",
    LetterKind.REMINDER: "SELECT n.event_id, n.id FROM payments_dunningnotice n JOIN payments_creditaccount a ON a.id = n.account_id WHERE a.payer_id = %s "
                         "ORDER BY n.id DESC LIMIT 1",
}  # fmt: skip


def latest(kind: str, customer_id: int) -> tuple[int, int] | None:
    """(event, object) of the customer's last occasion for a kind, for a preview; None when there was none or it has no preview."""
    if kind not in LATEST:
        return None
    with connection.cursor() as cursor:
        cursor.execute(LATEST[LetterKind(kind)], [customer_id])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
