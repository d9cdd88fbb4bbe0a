"""The stage of the order benchmark and of chaos: customers with a key each, products with stock, prices, credit, a lane."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from customers.parties.models import Address, Customer, CustomerUser
from customers.territory.models import Post
from inventory.catalog.models import Product, StorageLocation
from inventory.catalog.services import ProductRow, upsert_products
from inventory.stock.services.facts import Opening, set_opening
from oms.access.services import create_partner_key, create_user
from oms.accounts.selectors import system_user
from oms.company.models import Company
from oms.events.services import command
from orders.planning.models import Lane
from orders.pricing.models import Price, PriceList
from payments.credit.models import AccountMember, CreditAccount

CUSTOMERS, PRODUCTS, PLENTY = 200, 1_000, 50_000_000


@dataclass(frozen=True)
class Stage:
    """Keys of the customers (fresh for this run) and SKUs to order."""

    keys: list[str]
    skus: list[str]

    @classmethod
    def set(cls, hot: bool) -> Stage:
        """Build what is missing for the order benchmark; `hot`: one fresh product with exactly 100 units."""
        skus = [f"HOT-{uuid.uuid4().hex[:8]}"] if hot else [f"BENCH-{n:04}" for n in range(PRODUCTS)]
        return cls.of("BENCH", CUSTOMERS, skus, 100 if hot else PLENTY, places=1 if hot else 2)

    @classmethod
    def of(cls, prefix: str, customers: int, skus: list[str], units: int, places: int) -> Stage:
        """So many customers with a fresh key each, and products with `units` at each of `places` locations."""
        system = system_user()
        make_products(skus, units, places)
        with command("bench.stage", by=system) as cmd:
            cmd.event("bench.staged", [("user", system.pk)], {"customers": customers, "products": len(skus)})
            users = make_customers(prefix, customers)
            keys = [create_partner_key(user, "bench", ["orders"], by=system)[1] for user in users]
        return cls(keys, skus)


def make_products(skus: list[str], units: int, places: int) -> None:
    """Those of the SKUs that are missing, with a price of 1 and stock at the first locations that have a lane."""
    system = system_user()
    known = set(Product.objects.filter(sku__in=skus).values_list("sku", flat=True))
    new = [sku for sku in skus if sku not in known]
    if not new:
        return
    upsert_products([ProductRow(sku, sku, standard_cost=Decimal("0.5")) for sku in new], by=system)
    made = list(Product.objects.filter(sku__in=new).order_by("pk"))
    locations = list(StorageLocation.objects.filter(pk__in=Lane.objects.values("location_id")).order_by("pk"))[:places]
    set_opening([Opening(p.pk, place.pk, "", "", None, units) for p in made for place in locations], by=system)
    with command("bench.prices", by=system) as cmd:
        cmd.event("prices.imported", [("user", system.pk)], {"products": len(made)})
        prices, _made = PriceList.objects.get_or_create(
            code="BENCH", defaults={"name": "Bench", "scope": 3, "currency": Company.objects.get().currency, "valid_from": date(2020, 1, 1)}
        )
        Price.objects.bulk_create(Price(price_list=prices, product=p, unit_price=1) for p in made)


def make_customers(prefix: str, count: int) -> list[int]:
    """Users of the customers PREFIX-…; each customer has an address, an account of plenty and a user."""
    system, company = system_user(), Company.objects.get()
    users = list(CustomerUser.objects.filter(customer__code__startswith=f"{prefix}-").order_by("pk").values_list("user_id", flat=True))
    lane = Lane.objects.order_by("pk").first()
    post = Post.objects.order_by("pk").first()
    assert lane is not None and post is not None, "fill the practice company first"
    for n in range(len(users), count):
        code = f"{prefix}-{n:04}"
        customer = Customer.objects.create(code=code, name=code.title().replace("-", " "), post=post, currency=company.currency)
        Address.objects.create(customer=customer, name=customer.name, city="Bench", country=company.country,
                               transit_zone=lane.transit_zone, is_default=True)
        account = CreditAccount.objects.create(payer=customer, currency=company.currency, limit=10**9)
        AccountMember.objects.create(customer=customer, account=account)
        user = create_user(code.lower(), by=system, roles=["partner"], email=f"{code.lower()}@customer.example")
        CustomerUser.objects.create(user=user, customer=customer)
        users.append(user.pk)
    return users[:count]
