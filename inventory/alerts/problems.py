"""Alerts somebody must act on. What only should be bought, or lies still, stands on the page of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

ALERT = """
SELECT 'stock_alert' AS subject_kind, a.id AS subject_id, p.sku AS number, NULL::bigint AS customer_id, a.location_id,
       a.raised_at AS since, round(a.units * p.standard_cost, 2) AS amount, c.currency_id AS currency,
       jsonb_build_object('kind', a.kind, 'product', p.name, 'location', l.name, 'units', a.units, 'level', a.level, 'day', a.day) AS facts
FROM inventory_stockalert a JOIN inventory_product p ON p.id = a.product_id JOIN inventory_storagelocation l ON l.id = a.location_id
CROSS JOIN oms_company c
WHERE a.cleared_at IS NULL AND a.kind {kinds}
"""


def low(facts: Mapping[str, Any]) -> str:
    """Which level, or which day."""
    if facts["kind"] == "safety":
        return _("%(product)s at %(location)s: %(units)s units below the safety stock of %(level)s.") % facts
    if not facts["units"]:
        return _("%(product)s at %(location)s: nothing is free any more, and more is not there yet.") % facts
    return _("%(product)s at %(location)s: the %(units)s units free last until %(day)s, before more comes.") % facts


PROBLEMS = [
    ProblemKind(
        code="stock.low", label=gettext_lazy("Stock that runs low"), sql=ALERT.format(kinds="IN ('safety', 'runs_out')"), sentence=low,
        action=gettext_lazy("Take up a proposed transfer, or order more"), page="inventory:stock-card",
        roles=frozenset({"warehouse", "manager"}), clears=gettext_lazy("A receipt, a transfer, or another level; looked at every hour."),
    ),
    ProblemKind(
        code="stock.expiring", label=gettext_lazy("Lots that expire soon"), sql=ALERT.format(kinds="= 'expiring'"),
        sentence=lambda facts: _("%(product)s at %(location)s: %(units)s units expire, the first on %(day)s.") % facts,
        action=gettext_lazy("Sell it first, or write it off"), page="inventory:stock-card", roles=frozenset({"warehouse", "manager"}),
        clears=gettext_lazy("Nothing of the lot is left; looked at every hour."),
    ),
]  # fmt: skip
