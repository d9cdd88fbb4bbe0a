"""Carry out settled credits and refunds: credit notes at the invoices' own prices and taxes, less the fee. Once each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from oms.kernel.money import line_net
from orders.returns.choices import Settlement
from orders.returns.locks import lock_return
from orders.returns.models import ReturnCredit, ReturnSettlement
from orders.returns.services.requesting import about
from payments.billing.locks import lock_invoices
from payments.billing.services import Crediting, issue_credit

INVOICED = """
SELECT il.order_line_id, il.invoice_id, il.id, (il.quantity - coalesce(c.quantity, 0))::bigint
FROM payments_invoiceline il JOIN payments_invoice i ON i.id = il.invoice_id
LEFT JOIN (SELECT cl.invoice_line_id, sum(cl.quantity) AS quantity FROM payments_creditnoteline cl
           JOIN payments_creditnote n ON n.id = cl.credit_note_id WHERE NOT n.undone GROUP BY 1) c ON c.invoice_line_id = il.id
WHERE il.order_line_id = ANY(%s) AND NOT i.cancelled AND il.quantity > coalesce(c.quantity, 0)
ORDER BY il.order_line_id, il.invoice_id DESC, il.id
"""


@use_case("returns.credit")
def credit_settled(return_id: int, *, by: Any, at: datetime | None = None) -> list[int]:
    """Issue the credit notes of a return's settled credits and refunds that have none yet, one an invoice; their ids.

    The latest invoice of the order line is credited first. Raises Conflict `not_invoiced` while the goods are not invoiced
    (the news is then tried again, and it is a problem of finance).
    """
    authorize(by, "returns.credit")
    returned, lines, _order_lines = lock_return(return_id)
    settlements = list(
        ReturnSettlement.objects.filter(return_line__in=lines, kind__in=[Settlement.CREDIT, Settlement.REFUND], credits__isnull=True)
        .select_related("return_line__line", "return_line__order").order_by("pk")
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INVOICED, [sorted({s.return_line.line_id for s in settlements})])
        rows = cursor.fetchall()
    lock_invoices({row[1] for row in rows})
    with connection.cursor() as cursor:  # again, under the locks
        cursor.execute(INVOICED, [sorted({s.return_line.line_id for s in settlements})])
        parts = divide([s for s in settlements if s.net > s.fee], cursor.fetchall())
    made = []
    for invoice_id in sorted({part[1] for part in parts}):
        mine = [part for part in parts if part[1] == invoice_id]
        quantities: dict[int, int] = {}
        fees: dict[int, Decimal] = {}
        for _s, _invoice, invoice_line, quantity, fee in mine:
            quantities[invoice_line] = quantities.get(invoice_line, 0) + quantity
            fees[invoice_line] = fees.get(invoice_line, Decimal(0)) + fee
        invoice = lock_invoices([invoice_id])[invoice_id]
        note = issue_credit(invoice, Crediting("credit", _("Return %(number)s") % {"number": returned.number}, quantities, fees=fees))
        event = current().event("return.credited", about(returned, lines), {"return": returned.pk, "credit_note": note.pk, "total": note.total})
        units: dict[int, int] = {}
        for settlement, _invoice, _line, quantity, _fee in mine:
            units[settlement.pk] = units.get(settlement.pk, 0) + quantity
        ReturnCredit.objects.bulk_create(
            ReturnCredit(settlement_id=i, credit_note=note, quantity=q, event_id=event) for i, q in sorted(units.items())
        )
        made.append(note.pk)
    return made


Part = tuple[ReturnSettlement, int, int, int, Decimal]  # settlement, invoice, invoice line, units, fee


def divide(settlements: Sequence[ReturnSettlement], rows: Sequence[tuple[int, int, int, int]]) -> list[Part]:
    """Each settlement's units over the invoice lines that hold them, the fee on the first parts that can bear it."""
    left = {row[2]: row[3] for row in rows}
    parts: list[Part] = []
    for s in settlements:
        sold, wanted, fee = s.return_line.line, s.quantity, s.fee
        for order_line, invoice_id, invoice_line, _quantity in rows:
            units = min(wanted, left[invoice_line]) if order_line == sold.pk else 0
            if units:
                worth = line_net(units, sold.unit_price, sold.price_unit, sold.discount, exponent(s.return_line.order.currency_id))
                kept = min(fee, worth)
                parts.append((s, invoice_id, invoice_line, units, kept))
                left[invoice_line] -= units
                wanted, fee = wanted - units, fee - kept
        if wanted:
            raise Conflict(_("%(n)s of the returned units are not invoiced yet.") % {"n": wanted}, code="not_invoiced",
                           clears=_("The invoice of their shipment."))  # fmt: skip
    return parts
