"""The practice company's regions, posts and people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from customers.territory.models import Post, PostHolding, Territory
from oms.access.services import create_user
from oms.events.services import command
from oms.management.commands.demo import PASSWORD

STEP = 20
START = date(2024, 1, 1)
PEOPLE = [
    ("sofia", "sales", "Sofia", "Laurent"),
    ("jonas", "sales", "Jonas", "Berger"),
    ("amelie", "approver", "Amélie", "Roche"),
    ("marc", "manager", "Marc", "Delacroix"),
    ("fiona", "finance", "Fiona", "Keller"),
    ("walid", "warehouse", "Walid", "Haddad"),
    ("petra", "partner", "Petra", "Weiss"),
    ("admin", "administrator", "Ada", "Novak"),
]
TERRITORIES = [("EU", "Europe", None), ("FR", "France", "EU"), ("DE", "Germany", "EU"), ("IT", "Italy", "EU"),
               ("FR-S", "France South", "FR"), ("FR-N", "France North", "FR")]  # fmt: skip
POSTS = [
    ("HEAD", "Head of sales", "EU", None, "marc"),
    ("DECIDE", "Approver Europe", "EU", "HEAD", "amelie"),
    ("FR-SALES", "Sales France", "FR", "DECIDE", "sofia"),
    ("DE-SALES", "Sales Germany and Italy", "DE", "DECIDE", "jonas"),
    ("IT-SALES", "Sales Italy", "IT", "DECIDE", None),
]


def fill(by: Any) -> None:
    """Eight people, six territories, five posts of which one is vacant."""
    users = {
        name: create_user(name, by=by, password=PASSWORD, roles=[role], first_name=first, last_name=last,
                          email=f"{name}@nordwind.example", is_staff=role in ("administrator", "finance"))
        for name, role, first, last in PEOPLE
    }  # fmt: skip
    with command("demo.territories", by=by) as cmd:
        cmd.event("territory.set_up", [("user", by.pk)], {"posts": len(POSTS)})
        territories: dict[str, Territory] = {}
        for code, name, parent in TERRITORIES:
            territories[code] = Territory.objects.create(code=code, name=name, parent=territories.get(parent or ""))
        posts: dict[str, Post] = {}
        for code, name, territory, parent, holder in POSTS:
            posts[code] = Post.objects.create(code=code, name=name, territory=territories[territory], parent=posts.get(parent or ""))
            if holder:
                PostHolding.objects.create(post=posts[code], user=users[holder], during=DateRange(START, None))
