"""Pro formas: what an order will come to, and the share that is paid ahead. No ledger entry; a series of their own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from oms.company.selectors import exponent
from oms.company.services import next_numbers
from oms.events.services import current, new_ids
from oms.kernel.errors import Conflict
from oms.kernel.money import half_up
from payments.billing.domain import totals
from payments.billing.models import ProForma, ProFormaLine
from payments.billing.services.issuing import InvoiceHeader, InvoiceLineData


def issue_pro_forma(header: InvoiceHeader, lines: Sequence[InvoiceLineData], share: Decimal) -> ProForma:
    """Part: write the pro forma of an order whose earlier one, if any, is withdrawn; `share` of its total is asked for.

    Raises Conflict `nothing_to_invoice`.
    """
    cmd, places = current(), exponent(header.currency)
    money = totals(lines, places)
    due = half_up(money.total * share, places)
    if not lines or due <= 0:
        raise Conflict(_("There is nothing to be paid ahead."), code="nothing_to_invoice")
    (pk,) = new_ids("payments_proforma")
    made = ProForma(
        pk=pk, account_id=header.account_id, customer_id=header.customer_id, currency_id=header.currency, order_id=header.order_id,
        order_number=header.order_number, customer_po=header.customer_po, issued_date=header.invoice_date, share=share, net=money.net,
        tax=money.tax, total=money.total, due=due,
    )  # fmt: skip
    made.event_id = cmd.event("pro_forma.issued", about(made), {"pro_forma": pk, "order": header.order_id, "total": money.total, "due": due})
    ((made.serial, made.number),) = next_numbers("pro_forma", 1, prefix="PF")
    made.save(force_insert=True)
    ProFormaLine.objects.bulk_create(
        ProFormaLine(pro_forma=made, order_line_id=x.order_line_id, sku=x.sku, description=x.description, quantity=x.quantity,
                     unit_price=x.unit_price, price_unit=x.price_unit, discount=x.discount, net=net, tax_category=x.tax_category,
                     tax_rate=x.tax_rate)
        for x, net in zip(lines, money.nets, strict=True)
    )  # fmt: skip
    return made


def withdraw_pro_forma(found: ProForma) -> None:
    """Part: a locked pro forma, on which nothing stands paid any more, is void."""
    current().event("pro_forma.withdrawn", about(found), {"pro_forma": found.pk, "order": found.order_id})
    found.withdrawn = True
    found.save(update_fields=["withdrawn"])


def about(found: ProForma) -> list[tuple[str, int]]:
    """What an event about a pro forma is about."""
    return [("pro_forma", found.pk), ("order", found.order_id), ("customer", found.customer_id), ("credit_account", found.account_id)]
