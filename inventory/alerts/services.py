"""Use cases of alerts: look at all stock and raise or clear what changed; keep levels; take up proposed transfers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.alerts.locks import lock_standing
from inventory.alerts.models import StockAlert
from inventory.alerts.selectors import Proposal, Standing, proposals, standing
from inventory.catalog.services import set_reorder_level
from inventory.stock.services import set_safety
from inventory.transfers.models import Transfer
from inventory.transfers.services import Wanted, request_transfer
from oms.accounts.policies import authorize
from oms.company.selectors import company_zone
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid

BATCH = 1_000


@use_case("stock.refresh_alerts")
def refresh_alerts(*, by: Any, at: datetime | None = None) -> tuple[int, int]:
    """Raise what stands newly, clear what stands no more, renew figures; one event each way. Returns how many of both.

    The events name their products, and [product, location, kind, units] by product.
    """
    authorize(by, "stock.refresh_alerts")
    command = current()
    held = {(a.product_id, a.location_id, a.kind): a for a in lock_standing()}
    now = {(s.product_id, s.location_id, s.kind): s for s in standing(timezone.localdate(command.at, timezone=company_zone()))}
    fresh, gone = sorted(now.keys() - held.keys()), sorted(held.keys() - now.keys())
    if fresh:
        event = _said("stock.alerts_raised", [now[key] for key in fresh])
        StockAlert.objects.bulk_create(
            [StockAlert(**now[key]._asdict(), raised_at=command.at, raised_id=event) for key in fresh], batch_size=BATCH
        )
    if gone:
        event = _said("stock.alerts_cleared", [held[key] for key in gone])
        StockAlert.objects.filter(pk__in=[held[key].pk for key in gone]).update(cleared_at=command.at, cleared=event)
    moved = []
    for key in held.keys() & now.keys():
        alert, found = held[key], now[key]
        if (alert.units, alert.level, alert.day) != (found.units, found.level, found.day):
            alert.units, alert.level, alert.day = found.units, found.level, found.day
            moved.append(alert)
    StockAlert.objects.bulk_update(moved, ["units", "level", "day"], batch_size=BATCH)
    return len(fresh), len(gone)


def _said(name: str, rows: Sequence[Standing | StockAlert]) -> int:
    return current().event(
        name, [("product", product) for product in sorted({row.product_id for row in rows})],
        {"alerts": [[row.product_id, row.location_id, str(row.kind), row.units] for row in rows]},
    )  # fmt: skip


@use_case("stock.set_levels")
def set_levels(product_id: int, reorder_level: int, safety: dict[int, int], *, by: Any, at: datetime | None = None) -> None:
    """Keep a product's reorder level, and its safety stock by location id. Raises Invalid, Conflict `short` where what should be
    kept back is promised already; then nothing changes."""
    authorize(by, "stock.set_safety")
    set_reorder_level(product_id, reorder_level, by=by, at=at)
    set_safety({(product_id, location): units for location, units in safety.items()}, by=by, at=at)


@use_case("stock.take_proposals")
def take_proposals(keys: Collection[str], *, by: Any, at: datetime | None = None) -> list[Transfer]:
    """Ask for the proposed transfers named by `Proposal.key`, one a pair of locations. Raises Invalid for none, Conflict
    `proposal_gone` when stock moved so that one stands no more; then nothing is asked for."""
    authorize(by, "transfers.request")
    if not keys:
        raise Invalid(_("No transfer is chosen."), code="nothing_chosen", clears=_("Choose at least one row."))
    today = timezone.localdate(current().at, timezone=company_zone())
    standing_now = {p.key: p for p in proposals(by, today)}
    gone = [key for key in keys if key not in standing_now]
    if gone:
        raise Conflict(_("Stock moved: %(n)s of the chosen transfers are not proposed any more.") % {"n": len(gone)},
                       code="proposal_gone", clears=_("Look at the page again and choose anew."))  # fmt: skip
    pairs: dict[tuple[int, int], list[Proposal]] = {}
    for key in sorted(set(keys)):
        p = standing_now[key]
        pairs.setdefault((p.source.pk, p.target.pk), []).append(p)
    return [
        request_transfer(
            source, target, [Wanted(p.product.pk, p.units) for p in rows], by=by, at=at, note=_("Proposed: stock runs low")
        )
        for (source, target), rows in sorted(pairs.items())
    ]
