"""The file of customers: one row a customer and delivery address; a contact may stand on any row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.choices import DELIVERY_RULES, CustomerStatus, ShortageRule, TaxStatus
from customers.parties.models import Address, Customer
from customers.parties.services import (
    ADDRESS_FIELDS,
    CONTACT_FIELDS,
    CUSTOMER_FIELDS,
    CustomerRow,
    upsert_customers,
)
from customers.territory.models import Post
from oms.company.models import Calendar, Company, Currency
from oms.files.formats import Column, Context, Document, Format, Row, compare, merged, register

HEAD = (
    Column("name", gettext_lazy("for people and documents"), longest=200),
    Column("status", gettext_lazy("retired customers cannot order"), choices={s: s for s in CustomerStatus.values}, default="active"),
    Column("post", gettext_lazy("code of the post that owns the customer"), longest=20),
    Column("owned_since", gettext_lazy("since when the post owns it (default: today)"), "date"),
    Column("customer_class", gettext_lazy("0 is the highest"), "integer", default=2, least=0, most=9),
    Column("group", gettext_lazy("for prices and quotas"), default="", longest=30),
    Column("currency", gettext_lazy("ISO code; default: the company's"), longest=3),
    Column("language", gettext_lazy("of mail and documents"), default="en", longest=10),
    Column("tax_status", gettext_lazy("as in the tax rules"), choices={s: s for s in TaxStatus.values}, default="domestic"),
    Column("vat_id", gettext_lazy("with country letters"), default="", longest=20),
    Column("delivery_rule", gettext_lazy("what may be shipped apart"), choices=DELIVERY_RULES, default=0),
    Column("shortage_rule", gettext_lazy("what becomes of what is short"), choices={s: s for s in ShortageRule.values}, default="backorder"),
    Column("max_shipments", gettext_lazy("0 means any number"), "integer", default=0, least=0, most=999),
    Column("po_repeats", gettext_lazy("whether the customer's order numbers repeat"), "boolean", default=False),
    Column("terms_days", gettext_lazy("days to pay after the invoice"), "integer", default=30, least=0, most=999),
    Column("prepay_share", gettext_lazy("share of 1 paid before release"), "decimal", default=0, least=0, most=1, decimals=4),
)
ADDRESS = (
    Column("address", gettext_lazy("code of the delivery address"), default="MAIN", longest=20),
    Column("address_name", gettext_lazy("default: the customer's name"), longest=200),
    Column("street", gettext_lazy("and number"), default="", longest=200),
    Column("postal_code", gettext_lazy("as written there"), default="", longest=20),
    Column("city", gettext_lazy("city"), default="", longest=100),
    Column("region", gettext_lazy("state or province"), default="", longest=100),
    Column("country", gettext_lazy("ISO code of two letters"), longest=2),
    Column("transit_zone", gettext_lazy("zone of the lanes (default: the country)"), longest=20),
    Column("receiving_calendar", gettext_lazy("code of the calendar of receiving days"), longest=20),
    Column("default_address", gettext_lazy("default: the customer's first one"), "boolean"),
)
CONTACT = (
    Column("contact", gettext_lazy("name of a person there"), default="", longest=200),
    Column("contact_title", gettext_lazy("what they do"), default="", longest=100),
    Column("contact_email", gettext_lazy("mail address"), default="", longest=254),
    Column("contact_phone", gettext_lazy("telephone"), default="", longest=50),
)
COLUMNS = (Column("code", gettext_lazy("the customer's number"), required=True, longest=20), *HEAD, *ADDRESS, *CONTACT)
HEAD_NAMES = [c.name for c in HEAD if c.name != "owned_since"]
ADDRESS_NAMES = [c.name for c in ADDRESS if c.name != "address"]


def values(customer: Customer) -> dict[str, Any]:
    """The head's columns of a customer."""
    found = {name: getattr(customer, name) for name in HEAD_NAMES if name not in ("post", "currency")}
    return found | {"post": customer.post.code, "currency": customer.currency_id}


def address_values(address: Address) -> dict[str, Any]:
    """The address's columns."""
    calendar = address.receiving_calendar
    return {
        "address": address.code, "address_name": address.name, "street": address.street, "postal_code": address.postal_code,
        "city": address.city, "region": address.region, "country": address.country, "transit_zone": address.transit_zone,
        "receiving_calendar": calendar.code if calendar else None, "default_address": address.is_default,
    }  # fmt: skip


class Known:
    """What the rows of a batch refer to, read once: customers with addresses and contacts, posts, calendars, currencies."""

    def __init__(self, documents: Sequence[Document]) -> None:
        addresses = Address.objects.select_related("receiving_calendar")
        found = Customer.objects.filter(code__in=[d.head["code"] for d in documents]).select_related("post")
        self.customers = {c.code: c for c in found.prefetch_related(Prefetch("addresses", queryset=addresses), "contacts")}
        self.posts = dict(Post.objects.filter(code__in={d.head.get("post") for d in documents}).values_list("code", "pk"))
        self.posts |= {c.post.code: c.post_id for c in self.customers.values()}
        self.calendars = dict(Calendar.objects.values_list("code", "pk"))
        self.currencies = set(Currency.objects.values_list("code", flat=True))

    def head(self, code: str) -> dict[str, Any] | None:
        customer = self.customers.get(code)
        return values(customer) if customer else None

    def addresses(self, code: str) -> dict[str, dict[str, Any]]:
        customer = self.customers.get(code)
        return {a.code: address_values(a) for a in customer.addresses.all()} if customer else {}

    def contacts(self, code: str) -> dict[str, dict[str, Any]]:
        customer = self.customers.get(code)
        return {c.name: {f"contact_{f}": getattr(c, f) for f in CONTACT_FIELDS} for c in customer.contacts.all()} if customer else {}


def fill(documents: Sequence[Document], known: Known, company_currency: str) -> None:
    """Put the defaults that depend on other values into the typed rows: currency, address name, zone, default address."""
    for document in documents:
        code, head = document.head["code"], document.head
        if code not in known.customers and not head.get("currency"):
            head["currency"] = company_currency
        for name in HEAD_NAMES:
            if name in ("name", "post", "currency") and not head.get(name):
                head.pop(name, None)
        addresses = known.addresses(code)
        for n, row in enumerate(document.rows):
            row.cells.setdefault("address", "MAIN")
            old = addresses.get(row.cells["address"])
            for name in ("address_name", "country", "transit_zone", "default_address"):
                if row.cells.get(name) is None:
                    row.cells.pop(name, None)
            if old is None and "country" in row.cells:
                row.cells.setdefault("address_name", head.get("name") or (known.head(code) or {}).get("name") or code)
                row.cells.setdefault("transit_zone", row.cells["country"])
                row.cells.setdefault("default_address", n == 0 and not addresses)


def check(documents: Sequence[Document], context: Context) -> None:
    """What customers, posts, calendars and currencies do not know; then the differences of head, address and contact."""
    known = Known(documents)
    fill(documents, known, company_currency())
    for document in documents:
        code, head = document.head["code"], known.head(document.head["code"])
        first = document.rows[0]
        for name in ("name", "post", "country"):
            if head is None and not first.cells.get(name):
                first.refuse(name, _("is missing: %(code)s is a new customer.") % {"code": code})
        if first.cells.get("post") and first.cells["post"] not in known.posts:
            first.refuse("post", _("there is no post %(code)s.") % {"code": first.cells["post"]})
        if first.cells.get("currency") and first.cells["currency"] not in known.currencies:
            first.refuse("currency", _("the currency %(code)s is not set up.") % {"code": first.cells["currency"]})
        compare(CUSTOMERS, first, head, HEAD_NAMES)
        for row in document.rows:
            check_address(row, known, code)


def check_address(row: Row, known: Known, code: str) -> None:
    """One row's address and contact."""
    addresses, contacts = known.addresses(code), known.contacts(code)
    old = addresses.get(row.cells["address"])
    calendar = row.cells.get("receiving_calendar")
    if calendar and calendar not in known.calendars:
        row.refuse("receiving_calendar", _("there is no calendar %(code)s.") % {"code": calendar})
    country = row.cells.get("country")
    if country and not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        row.refuse("country", _("is an ISO code of two capital letters."))
    if old is not None or country:
        compare(CUSTOMERS, row, old, ADDRESS_NAMES)
    elif code in known.customers and any(row.cells.get(name) for name in ADDRESS_NAMES):
        row.refuse("country", _("is missing: %(address)s is a new address.") % {"address": row.cells["address"]})
    if row.cells.get("contact"):
        compare(CUSTOMERS, row, contacts.get(row.cells["contact"]), [f"contact_{f}" for f in CONTACT_FIELDS])


def company_currency() -> str:
    """The company's currency, "" before set-up."""
    return Company.objects.values_list("currency_id", flat=True).first() or ""


def apply(documents: Sequence[Document], context: Context) -> None:
    """Customers, addresses and contacts as the rows say; columns the file lacks stay."""
    known = Known(documents)
    fill(documents, known, company_currency())
    upsert_customers([customer_row(d, known) for d in documents], by=context.by)


def customer_row(document: Document, known: Known) -> CustomerRow:
    """A document as the use case takes it."""
    first, code = document.rows[0], document.head["code"]
    head = merged(CUSTOMERS, first, known.head(code), HEAD_NAMES)
    head |= {"post_id": known.posts[head["post"]], "currency_id": head["currency"]}
    addresses: dict[str, Mapping[str, Any]] = {}
    contacts: dict[str, Mapping[str, Any]] = {}
    for row in document.rows:
        old = known.addresses(code).get(row.cells["address"])
        if old is not None or row.cells.get("country"):
            found = merged(CUSTOMERS, row, old, ADDRESS_NAMES)
            found |= {"name": found["address_name"], "is_default": bool(found["default_address"]),
                      "receiving_calendar_id": known.calendars.get(found["receiving_calendar"])}  # fmt: skip
            addresses[row.cells["address"]] = {f: found[f] for f in ADDRESS_FIELDS}
        if row.cells.get("contact"):
            old_contact = known.contacts(code).get(row.cells["contact"])
            named = merged(CUSTOMERS, row, old_contact, [f"contact_{f}" for f in CONTACT_FIELDS])
            contacts[row.cells["contact"]] = {f: named[f"contact_{f}"] for f in CONTACT_FIELDS}
    return CustomerRow(code, {f: head[f] for f in CUSTOMER_FIELDS}, addresses, contacts, first.cells.get("owned_since"))


def export() -> Iterator[dict[str, Any]]:
    """Every customer by code: a row an address, contacts beside them."""
    addresses = Address.objects.select_related("receiving_calendar").order_by("-is_default", "code")
    customers = Customer.objects.select_related("post").prefetch_related(Prefetch("addresses", queryset=addresses), "contacts")
    for customer in customers.order_by("code").iterator(chunk_size=1_000):
        places, people = list(customer.addresses.all()), list(customer.contacts.all())
        for n in range(max(len(places), len(people), 1)):
            row = {"code": customer.code} | values(customer) | address_values(places[min(n, len(places) - 1)]) if places else {"code": customer.code} | values(customer)
            if n < len(people):
                row |= {"contact": people[n].name} | {f"contact_{f}": getattr(people[n], f) for f in CONTACT_FIELDS}
            yield row


CUSTOMERS = register(
    Format("customers", gettext_lazy("Who buys: a row for every customer and delivery address."), COLUMNS, "customers.upsert",
           check, apply, export, key=("code", "address", "contact"), document="code", head=tuple(c.name for c in HEAD))
)  # fmt: skip
