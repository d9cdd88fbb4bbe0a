"""Parcels that are late, stuck, failed or in trouble, and carriers that do not answer."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

ROW = """
SELECT 'shipment' AS subject_kind, s.id AS subject_id, s.number, o.customer_id, s.location_id, {since} AS since, NULL::numeric AS amount,
       '' AS currency, jsonb_build_object('order', o.number, 'carrier', s.carrier, 'tracking', s.tracking_number, {facts}) AS facts
FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id {joined}
WHERE {where}
"""
LAST = """
JOIN LATERAL (SELECT t.kind, t.at, t.text, t.carrier_id FROM orders_trackingevent t WHERE t.shipment_id = s.id ORDER BY t.at DESC, t.id DESC LIMIT 1) last ON true
"""
ON_THE_WAY = "s.status IN ('shipped', 'in_transit', 'failed')"

LATE = ROW.format(since="s.delivery_date::timestamptz", facts="'day', s.delivery_date", joined="",
                  where=f"{ON_THE_WAY} AND s.status <> 'failed' AND s.delivery_date < CURRENT_DATE")  # fmt: skip
FAILED = ROW.format(
    since="coalesce(failed.at, s.shipped_at)", facts="'why', coalesce(failed.note, '')",
    joined="""LEFT JOIN LATERAL (SELECT e.at, convert_from(e.payload, 'UTF8')::jsonb ->> 'note' AS note FROM oms_eventsubject x JOIN oms_event e ON e.id = x.event_id
              WHERE x.kind = 'shipment' AND x.object_id = s.id AND e.name = 'shipment.delivery_failed' ORDER BY e.id DESC LIMIT 1) failed ON true""",
    where="s.status = 'failed'",
)  # fmt: skip
STUCK = ROW.format(since="last.at", facts="'at', last.at::date, 'days', carrier.silent_days",
                   joined=LAST + "JOIN orders_carrier carrier ON carrier.id = last.carrier_id",
                   where=f"{ON_THE_WAY} AND last.at < now() - make_interval(days => carrier.silent_days)")  # fmt: skip
TROUBLE = ROW.format(since="last.at", facts="'why', last.text, 'kind', last.kind", joined=LAST, where=f"{ON_THE_WAY} AND last.kind IN ('trouble', 'back')")
ONLY_TOLD = ROW.format(since="last.at", facts="'why', last.text", joined=LAST,
                       where="s.status IN ('released', 'picking', 'picked', 'packed') AND s.tracking_number <> ''")  # fmt: skip
CONSIGNMENT = """
SELECT 'shipment' AS subject_kind, s.id AS subject_id, s.number, o.customer_id, s.location_id, c.asked_at AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('service', carrier.name || ' ' || service.name, 'why', c.reason) AS facts
FROM orders_consignment c JOIN orders_shipment s ON s.id = c.shipment_id JOIN orders_order o ON o.id = s.order_id
JOIN orders_carrierservice service ON service.id = c.service_id JOIN orders_carrier carrier ON carrier.id = service.carrier_id
WHERE {where}
"""
UNANSWERED = CONSIGNMENT.format(where="c.state IN ('asked', 'voiding') AND c.attempts > 2")
REFUSED = CONSIGNMENT.format(
    where="""c.state = 'refused' AND s.status IN ('released', 'picking', 'picked', 'packed')
             AND NOT EXISTS (SELECT FROM orders_consignment later WHERE later.shipment_id = s.id AND later.id > c.id)"""
)
WAREHOUSE = frozenset({"warehouse", "manager"})


def _kind(code: str, label: object, sql: str, sentence: str, action: object, clears: object) -> ProblemKind:
    return ProblemKind(code=code, label=label, sql=sql, sentence=lambda facts: _(sentence) % facts, action=action,
                       page="orders:shipment-detail", roles=WAREHOUSE, clears=clears)  # fmt: skip


PROBLEMS = [
    _kind("parcel.late", gettext_lazy("Late parcels"), LATE, "Of order %(order)s, promised for %(day)s and not there yet (%(carrier)s %(tracking)s).",
          gettext_lazy("Ask the carrier; tell the customer"), gettext_lazy("Its delivery, or that it is lost.")),
    _kind("parcel.failed", gettext_lazy("Deliveries that failed"), FAILED, "Of order %(order)s: %(why)s (%(carrier)s %(tracking)s).",
          gettext_lazy("Agree on another day, or take it back"), gettext_lazy("Its delivery, or the goods back here.")),
    _kind("parcel.stuck", gettext_lazy("Stuck parcels"), STUCK, "Of order %(order)s: %(carrier)s has said nothing of %(tracking)s since %(at)s.",
          gettext_lazy("Ask the carrier"), gettext_lazy("Any word of the carrier, its delivery, or that it is lost.")),
    _kind("parcel.trouble", gettext_lazy("Parcels in trouble"), TROUBLE, "Of order %(order)s: %(why)s (%(carrier)s %(tracking)s).",
          gettext_lazy("Ask the carrier"), gettext_lazy("Any later word of the carrier.")),
    _kind("parcel.only_told", gettext_lazy("Parcels the carrier has and we have not shipped"), ONLY_TOLD,
          "Of order %(order)s: %(carrier)s tells of %(tracking)s, but it has not left here. %(why)s",
          gettext_lazy("Ship it"), gettext_lazy("Its goods issue.")),
    _kind("consignment.unanswered", gettext_lazy("Carriers that do not answer"), UNANSWERED, "%(service)s does not answer: %(why)s",
          gettext_lazy("Give it to another service"), gettext_lazy("It is asked again by itself until it answers.")),
    _kind("consignment.refused", gettext_lazy("Shipments a carrier refused"), REFUSED, "%(service)s does not take it: %(why)s",
          gettext_lazy("Choose another service"), gettext_lazy("Another service, or its goods issue.")),
]  # fmt: skip
