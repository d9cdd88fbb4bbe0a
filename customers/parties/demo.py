"""The practice company's customers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from customers.parties.models import Address, Contact, Customer, CustomerUser
from customers.territory.models import CustomerPost, Post
from oms.accounts.models import User
from oms.company.models import Calendar
from oms.events.services import command

STEP = 30
NAMES = [
    ("Ateliers Bonnard", "Lyon", "69003"), ("Quincaillerie du Rhône", "Valence", "26000"),
    ("Forges de Provence", "Marseille", "13008"), ("Menuiserie Chabrol", "Nîmes", "30000"),
    ("Société Lemaire & Fils", "Lille", "59000"), ("Outillage Picard", "Amiens", "80000"),
    ("Constructions Navales Ouest", "Brest", "29200"), ("Garage Central", "Dijon", "21000"),
    ("Bâtiment Durand", "Grenoble", "38000"), ("Serrurerie Moderne", "Toulouse", "31000"),
    ("Établissements Vasseur", "Rouen", "76000"), ("Mécanique Générale Alpine", "Annecy", "74000"),
    ("Hansa Werkzeug", "Hamburg", "20095"), ("Müller Maschinenbau", "Stuttgart", "70173"),
    ("Schreinerei Vogel", "München", "80331"), ("Eisen Krause", "Leipzig", "04109"),
    ("Baumarkt Lindner", "Köln", "50667"), ("Rheinstahl Handel", "Duisburg", "47051"),
    ("Officina Rossi", "Torino", "10121"), ("Ferramenta Conti", "Milano", "20121"),
    ("Utensili Ferrari", "Modena", "41121"), ("Cantiere Navale Ligure", "Genova", "16121"),
    ("Werft Nord", "Kiel", "24103"), ("Carpenteria Marino", "Bologna", "40121"),
]  # fmt: skip


def country_of(postal_code: str, i: int) -> str:
    """The first twelve are French, then German, then Italian, two stragglers."""
    return "FR" if i < 12 else "IT" if i in (18, 19, 20, 21, 23) else "DE"


def fill(by: Any) -> None:
    """Twenty-four customers in three countries and three classes; one of them orders by its own machine."""
    posts = {p.code: p for p in Post.objects.all()}
    calendars = {c.code: c for c in Calendar.objects.all()}
    with command("demo.customers", by=by) as cmd:
        cmd.event("customer.imported", [("user", by.pk)], {"customers": len(NAMES)})
        for i, (name, city, postal_code) in enumerate(NAMES):
            country = country_of(postal_code, i)
            post = posts[{"FR": "FR-SALES", "DE": "DE-SALES", "IT": "IT-SALES"}[country]]
            customer = Customer.objects.create(
                code=f"C{1001 + i}", name=name, post=post, customer_class=(0, 1, 1, 2, 2, 3)[i % 6], currency_id="EUR",
                group="trade" if i % 3 else "industry", language="de" if country == "DE" else "en",
                tax_status="domestic" if country == "FR" else "eu_business", delivery_rule=1 if i % 7 == 3 else 0,
                terms_days=(14, 30, 30, 60)[i % 4], prepay_share=Decimal("0.3") if i == 22 else 0,
            )  # fmt: skip
            CustomerPost.objects.create(customer=customer, post=post, during=DateRange(date(2024, 1, 1), None))
            Address.objects.create(
                customer=customer, name=name, street=f"{7 + i * 3} rue de l'Industrie" if country == "FR" else f"Werkstraße {7 + i}" if country == "DE" else f"Via Roma {7 + i}",
                postal_code=postal_code, city=city, country=country, transit_zone=country, receiving_calendar=calendars[country],
                is_default=True,
            )  # fmt: skip
            Contact.objects.create(customer=customer, name=f"{name.split()[0]} Einkauf" if country == "DE" else f"Achats {name.split()[0]}",
                                   email=f"orders{i}@customer.example")
        CustomerUser.objects.create(user=User.objects.get(username="petra"), customer=Customer.objects.get(code="C1013"))
