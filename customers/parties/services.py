"""Writes of customers: brought to given values by their codes, set-wise; who owns them changes with its history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from customers.parties.locks import lock_customers
from customers.parties.models import Address, Contact, Customer
from customers.territory.models import CustomerPost, PostHolding
from customers.territory.selectors import visible_posts
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, NotFound

BATCH = 2_000


@dataclass(frozen=True)
class CustomerRow:
    """A customer as it shall be: `values` are the model's fields by column name (`post_id`, `currency_id`), `addresses`
    and `contacts` those of their models by code and by name; what is not named stays."""

    code: str
    values: Mapping[str, Any]
    addresses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    owned_since: date | None = None


CUSTOMER_FIELDS = (
    "name", "status", "post_id", "customer_class", "group", "currency_id", "language", "tax_status", "vat_id", "delivery_rule",
    "shortage_rule", "max_shipments", "po_repeats", "terms_days", "prepay_share",
)  # fmt: skip
# Free text: the event says that it changed, never to what (it could not be erased).
UNTOLD = frozenset({"name", "vat_id"})
ADDRESS_FIELDS = (
    "name", "street", "postal_code", "city", "region", "country", "transit_zone", "receiving_calendar_id", "is_default",
)  # fmt: skip
RELATED = {"post_id": "post", "currency_id": "currency", "receiving_calendar_id": "receiving_calendar"}
CONTACT_FIELDS = ("title", "email", "phone")


@use_case("customers.upsert")
def upsert_customers(rows: Sequence[CustomerRow], *, by: Any, at: datetime | None = None) -> dict[str, int]:
    """Bring every customer, found by code, with the addresses and contacts named, to the given values; {code: id}.

    A new owner post closes the old one's time today (or `owned_since`). Raises Forbidden `own_reassignment` for whoever
    holds the old or the new post (RELIABILITY.md I27).
    """
    authorize(by, "customers.upsert")
    if not rows:
        return {}
    before = {c.code: c for c in Customer.objects.filter(code__in=[row.code for row in rows])}
    _refuse_own(rows, before, by)
    written = Customer.objects.bulk_create(
        [Customer(code=row.code, **{f: row.values[f] for f in CUSTOMER_FIELDS}) for row in rows],
        batch_size=BATCH, update_conflicts=True, unique_fields=["code"], update_fields=[RELATED.get(f, f) for f in CUSTOMER_FIELDS],
    )  # fmt: skip
    ids = {customer.code: customer.pk for customer in written}
    _owners(rows, before, ids)
    _addresses(rows, ids)
    _contacts(rows, ids)
    cmd = current()
    for row in rows:
        old = before.get(row.code)
        named = sorted(f for f in CUSTOMER_FIELDS if old is None or getattr(old, f) != row.values[f])
        data = {"customer": ids[row.code], "fields": named, "post": row.values["post_id"]}
        if old is not None:
            data["changes"] = {f: [getattr(old, f), row.values[f]] for f in named if f not in UNTOLD}
        cmd.event("customer.changed" if old else "customer.created", [("customer", ids[row.code])], data)
    return ids


@use_case("customers.assign")
def assign_customers(customer_ids: Collection[int], post_id: int, note: str, *, by: Any, at: datetime | None = None) -> int:
    """Give customers to another post from today on; returns how many moved. What they did until yesterday stays with the old one.

    Only customers `by` sees, to a post `by` sees. Raises Forbidden `own_reassignment`, NotFound `no_customer`, `no_post`,
    Conflict `owned_already`.
    """
    authorize(by, "customers.assign")
    visible = visible_posts(by)
    if post_id not in visible:
        raise NotFound(_("There is no such post below yours."), code="no_post")
    customers = lock_customers(customer_ids)
    if len(customers) != len(set(customer_ids)) or any(c.post_id not in visible for c in customers):
        raise NotFound(_("Not all of these customers are in your region."), code="no_customer")
    moved = [c for c in customers if c.post_id != post_id]
    if not moved:
        raise Conflict(_("These customers belong to the post already."), code="owned_already")
    rows = [CustomerRow(c.code, {"post_id": post_id}) for c in moved]
    before = {c.code: c for c in moved}
    _refuse_own(rows, before, by)
    _owners(rows, before, {c.code: c.pk for c in moved})
    Customer.objects.filter(pk__in=[c.pk for c in moved]).update(post_id=post_id)
    for c in moved:
        current().event("customer.assigned", [("customer", c.pk), ("post", c.post_id), ("post", post_id)],
                        {"customer": c.pk, "from": c.post_id, "post": post_id}, note=note.strip())  # fmt: skip
    return len(moved)


def _refuse_own(rows: Sequence[CustomerRow], before: Mapping[str, Customer], by: Any) -> None:
    moved = {(old.post_id, row.values["post_id"]) for row in rows
             if (old := before.get(row.code)) and old.post_id != row.values["post_id"]}  # fmt: skip
    posts = {post for pair in moved for post in pair}
    if posts and PostHolding.objects.filter(user_id=by.pk, post_id__in=posts, during__contains=current().at.date()).exists():
        raise Forbidden(_("Nobody gives customers to or takes them from a post of their own."), code="own_reassignment",
                        clears=_("Ask a colleague above both posts."))


def _owners(rows: Sequence[CustomerRow], before: Mapping[str, Customer], ids: Mapping[str, int]) -> None:
    """The dated edge customer → post: opened for new customers, closed and opened where the post changed."""
    today = current().at.date()
    moved = [row for row in rows if row.code not in before or before[row.code].post_id != row.values["post_id"]]
    standing = CustomerPost.objects.filter(customer_id__in=[ids[row.code] for row in moved], during__endswith=None)
    closed = {edge.customer_id: edge for edge in standing}
    opened = []
    for row in moved:
        edge = closed.get(ids[row.code])
        since = row.owned_since or today
        if edge is not None:
            since = max(since, edge.during.lower + timedelta(days=1))
            edge.during = DateRange(edge.during.lower, since)
        opened.append(CustomerPost(customer_id=ids[row.code], post_id=row.values["post_id"], during=DateRange(since, None)))
    CustomerPost.objects.bulk_update(closed.values(), ["during"], batch_size=BATCH)
    CustomerPost.objects.bulk_create(opened, batch_size=BATCH)


def _addresses(rows: Sequence[CustomerRow], ids: Mapping[str, int]) -> None:
    """A new default address takes the mark from the old one first."""
    chosen = {ids[row.code]: code for row in rows for code, values in row.addresses.items() if values["is_default"]}
    for address in Address.objects.filter(customer_id__in=chosen, is_default=True):
        if chosen[address.customer_id] != address.code:
            Address.objects.filter(pk=address.pk).update(is_default=False)
    Address.objects.bulk_create(
        [Address(customer_id=ids[row.code], code=code, **{f: values[f] for f in ADDRESS_FIELDS})
         for row in rows for code, values in row.addresses.items()],
        batch_size=BATCH, update_conflicts=True, unique_fields=["customer", "code"],
        update_fields=[RELATED.get(f, f) for f in ADDRESS_FIELDS],
    )  # fmt: skip


def _contacts(rows: Sequence[CustomerRow], ids: Mapping[str, int]) -> None:
    known = {(c.customer_id, c.name): c for c in Contact.objects.filter(customer_id__in=[ids[row.code] for row in rows if row.contacts])}
    new, changed = [], []
    for row in rows:
        for name, values in row.contacts.items():
            contact = known.get((ids[row.code], name))
            if contact is None:
                new.append(Contact(customer_id=ids[row.code], name=name, **{f: values[f] for f in CONTACT_FIELDS}))
            else:
                for f in CONTACT_FIELDS:
                    setattr(contact, f, values[f])
                changed.append(contact)
    Contact.objects.bulk_create(new, batch_size=BATCH)
    Contact.objects.bulk_update(changed, CONTACT_FIELDS, batch_size=BATCH)


@use_case("customers.add_address")
def add_address(customer_id: int, values: Mapping[str, Any], *, by: Any, at: datetime | None = None) -> Address:
    """A further delivery address of a customer, by its code; the same code again is the same address."""
    authorize(by, "customers.upsert")
    address, made = Address.objects.get_or_create(customer_id=customer_id, code=values["code"], defaults=dict(values))
    if made:
        current().event("customer.address_added", [("customer", customer_id)], {"customer": customer_id, "address": address.pk})
    return address
