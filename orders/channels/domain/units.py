"""What a sender's unit means for a product. Pure.

Codes of UN/ECE Recommendation 20 and 21, X12 data element 355 and old EDIFACT ones, grouped by what they count; a group
means a product's base unit only when that counts the same.
"""

from __future__ import annotations

from collections.abc import Collection

PIECE = frozenset("ea each c62 h87 pce pc pcs piece pieces st stk nar nmb un unit u e48 e54 one".split())
GROUPS = (
    PIECE,
    frozenset("kgm kg k kilogram".split()),
    frozenset("grm g gr gram".split()),
    frozenset("mtr m mr metre meter".split()),
    frozenset("ltr l lt litre liter".split()),
    frozenset("ca cs case xcs ct ctn carton xct cr".split()),
    frozenset("bx box xbx".split()),
    frozenset("pk pack pkg pa packet xpk xpa".split()),
    frozenset("dz dzn dozen".split()),
    frozenset("pl pal pallet xpx px pf".split()),
    frozenset("pr pair".split()),
)


def unit_for(code: str, base: str, others: Collection[str]) -> str | None:
    """The product's unit that `code` means: "" for the base unit, the code of another, or None when there is none."""
    wanted = code.strip().lower()
    if not wanted or wanted == base.lower():
        return ""
    for other in others:
        if other.lower() == wanted:
            return other
    group = next((g for g in GROUPS if wanted in g), frozenset())
    if base.lower() in group:
        return ""
    fitting = [other for other in others if other.lower() in group]
    return fitting[0] if len(fitting) == 1 else None
