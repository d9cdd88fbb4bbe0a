"""The row filter and the choices of every report: customers by the posts one sees, regions with what lies below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from customers.territory.selectors import BY_TERRITORY, visible_posts
from oms.accounts.choices import Role

# On customers `c`: the row filter of customers/territory as SQL, for people of the house (partners have no reports).
VISIBLE = "(%(everybody)s OR c.post_id = ANY(%(posts)s))"


@dataclass(frozen=True)
class Scope:
    """`everybody`, or the customers of `posts` only."""

    everybody: bool
    posts: tuple[int, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """What VISIBLE needs."""
        return {"everybody": self.everybody, "posts": list(self.posts)}


def scope(user: Any) -> Scope:
    """Whose customers `user` sees: all for finance, the subtree of one's posts for sales, approvers and managers."""
    if user.is_system or Role.FINANCE in user.roles:
        return Scope(True, ())
    if any(role in user.roles for role in BY_TERRITORY):
        return Scope(False, tuple(sorted(visible_posts(user))))
    return Scope(False, ())


@dataclass(frozen=True)
class Choices:
    """What one may choose from, as (code, label) each: regions (indented by depth), posts, people, product families;
    and the currencies of the customers one sees."""

    territories: list[tuple[str, str]]
    posts: list[tuple[str, str]]
    people: list[tuple[str, str]]
    families: list[tuple[str, str]]
    currencies: list[str]


CHOICES = f"""
WITH RECURSIVE tree AS (
    SELECT id, code, name, 0 AS depth, ARRAY[name::text] AS path FROM customers_territory WHERE parent_id IS NULL
    UNION ALL
    SELECT t.id, t.code, t.name, tree.depth + 1, tree.path || t.name::text
    FROM customers_territory t JOIN tree ON t.parent_id = tree.id
), mine AS (
    SELECT id, code, name, territory_id FROM customers_post WHERE %(everybody)s OR id = ANY(%(posts)s)
), above AS (
    SELECT territory_id AS id FROM mine
    UNION SELECT t.parent_id FROM customers_territory t JOIN above ON above.id = t.id WHERE t.parent_id IS NOT NULL
)
SELECT 'territory', code, repeat('· ', depth) || name, path FROM tree WHERE id IN (SELECT id FROM above)
UNION ALL SELECT 'post', code, name, ARRAY[name::text] FROM mine
UNION ALL SELECT DISTINCT 'person', u.username, coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username),
       ARRAY[u.last_name::text, u.first_name::text]
FROM customers_postholding h JOIN mine ON mine.id = h.post_id JOIN oms_user u ON u.id = h.user_id
UNION ALL SELECT DISTINCT 'family', family, family, ARRAY[family::text] FROM inventory_product WHERE family <> ''
UNION ALL SELECT DISTINCT 'currency', c.currency_id, c.currency_id, ARRAY[c.currency_id::text] FROM customers_customer c
WHERE {VISIBLE}
ORDER BY 4
"""


def choices(seen: Scope) -> Choices:
    """What the filters offer within the row filter; one statement."""
    found: dict[str, list[tuple[str, str]]] = {"territory": [], "post": [], "person": [], "family": [], "currency": []}
    with connection.cursor() as cursor:
        cursor.execute(CHOICES, seen.parameters)
        for kind, code, label, _path in cursor.fetchall():
            found[kind].append((code, label))
    return Choices(found["territory"], found["post"], found["person"], found["family"],
                   [code for code, _label in found["currency"]])


# Posts in the subtree of a region, by its code; used inside the reports' statements.
POSTS_BELOW = """
SELECT p.id FROM customers_post p WHERE p.territory_id IN (
    WITH RECURSIVE below AS (
        SELECT id FROM customers_territory WHERE code = %(territory)s
        UNION SELECT t.id FROM customers_territory t JOIN below ON t.parent_id = below.id
    ) SELECT id FROM below)
"""
