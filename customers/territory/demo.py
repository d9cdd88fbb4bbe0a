"""The practice company's regions, posts and people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from customers.territory.models import Post, PostHolding, Territory
from customers.territory.services import hand_over
from oms.access.services import create_user
from oms.accounts.models import User
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
    """Nine people, six territories, five posts of which one is vacant: its salesman left twelve days ago."""
    users = {
        name: create_user(name, by=by, password=PASSWORD, roles=[role], first_name=first, last_name=last,
                          email=f"{name}@nordwind.example", is_staff=role in ("administrator", "finance", "manager"))
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
    luca = create_user("luca", by=by, roles=["sales"], first_name="Luca", last_name="Ferri", email="luca@nordwind.example")
    PostHolding.objects.create(post=posts["IT-SALES"], user=luca, during=DateRange(START, None))
    left = datetime.now(UTC) - timedelta(days=12)
    hand_over(posts["IT-SALES"].pk, None, left.date(), "Left the company; the post is to be filled.", by=users["marc"], at=left)
    User.objects.filter(pk=luca.pk).update(is_active=False)
