"""What letters say: plain text in the customer's language. Pure but for the rows they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import override

from oms.company.models import Company
from oms.web import format as fmt
from oms.web.documents import written as _
from oms.web.documents import written_many
from orders.approval.models import ApprovalLine
from orders.book.models import Order
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.letters.selectors import Moved
from orders.returns.models import Return, ReturnLine
from orders.service.models import Case, CaseMessage
from payments.billing.models import DunningNotice, Invoice
from payments.confirmations.models import BalanceConfirmation


@dataclass(frozen=True)
class Letter:
    """A title, the text without greeting and close, and the file that goes along (kind, id)."""

    title: str
    text: str
    file: tuple[str, int] | None = None


def day(value: date | None) -> str:
    """A date in a letter."""
    return fmt.day(value) if value else _("no day yet")


def named(order: Order) -> str:
    """Our number, and theirs when they gave one."""
    if order.customer_po:
        return _("your order %(po)s (our number %(number)s)") % {"po": order.customer_po, "number": order.number}
    return _("your order %(number)s") % {"number": order.number}


def whole(letter: Letter, name: str, company: Company, language: str, stop_url: str = "") -> str:
    """The text as it is read: greeting, letter, close, and how to get no more of it."""
    with override(language):
        greeting = _("Good day %(name)s,") % {"name": name} if name else _("Good day,")
        parts = [greeting, letter.text, _("Kind regards"), company.name]
        if stop_url:
            parts.append("-- \n" + _("Not to get mail of this kind any more: %(url)s") % {"url": stop_url})
    return "\n\n".join(parts) + "\n"


def confirmation(order: Order, decided: Sequence[ApprovalLine], promised: Mapping[int, date | None], reasons: Mapping[str, str], language: str) -> Letter:
    """What was approved and when it comes, what was cut and why, what is still looked at."""
    with override(language):
        code = order.currency_id
        approved = [d for d in decided if d.approved > 0]
        lines = [
            _("%(quantity)s × %(what)s, %(price)s %(currency)s each, arrives: %(day)s") % {
                "quantity": fmt.quantity(d.approved), "what": d.line.description, "price": fmt.price(d.line.unit_price * (1 - d.line.discount), code),
                "currency": code, "day": day(promised.get(d.line_id))}
            for d in approved
        ]  # fmt: skip
        text = [_("we confirm %(order)s:") % {"order": named(order)}, "\n".join(f"  {line}" for line in lines)]
        text += cut_part([d for d in decided if d.cut > 0], reasons)
        if not any(d.cut for d in decided):
            text.append(_("The whole order is worth %(total)s %(currency)s with tax.") % {"total": fmt.money(order.total, code), "currency": code})
        return Letter(_("Order %(number)s is confirmed") % {"number": order.number}, "\n\n".join(text))


def cut_part(cut: Sequence[ApprovalLine], reasons: Mapping[str, str]) -> list[str]:
    """What will not come, line by line, with the reason."""
    if not cut:
        return []
    rows = [f"  {fmt.quantity(d.cut)} × {d.line.description}: {reasons.get(d.reason, d.reason)}" for d in cut]
    return [_("We cannot deliver:") + "\n" + "\n".join(rows)]


def cut(order: Order, decided: Sequence[ApprovalLine], reasons: Mapping[str, str], rejected: bool, language: str) -> Letter:
    """A decision that only took something away."""
    with override(language):
        title = _("Order %(number)s was not accepted") if rejected else _("Order %(number)s cannot be delivered whole")
        text = [_("about %(order)s:") % {"order": named(order)}, *cut_part([d for d in decided if d.cut > 0], reasons)]
        return Letter(title % {"number": order.number}, "\n\n".join(text))


def cancelled(order: Order, whole_order: bool, why: str, language: str) -> Letter:
    """The order, or what was left of it, was cancelled."""
    with override(language):
        said = _("%(order)s is cancelled.") if whole_order else _("what was not shipped of %(order)s is cancelled.")
        text = [said % {"order": named(order)}, *([_("Reason: %(why)s") % {"why": why}] if why else [])]
        return Letter(_("Order %(number)s is cancelled") % {"number": order.number}, "\n\n".join(text))


def promise(order: Order, lines: Sequence[Moved], language: str) -> Letter:
    """Old day, new day, why, line by line."""
    with override(language):
        why = {"supply": _("the goods come later than we thought"), "lead_time": _("the way to you takes longer")}
        rows = [
            _("%(quantity)s × %(what)s: %(after)s instead of %(before)s") % {
                "quantity": fmt.quantity(m.quantity), "what": m.description, "after": day(m.after), "before": day(m.before)}
            + (f" ({why[m.binding]})" if m.binding in why and (m.after is None or m.before is None or m.after > m.before) else "")
            for m in lines
        ]  # fmt: skip
        later = any(m.after is None or (m.before is not None and m.after > m.before) for m in lines)
        intro = _("the days of %(order)s have changed. We are sorry for it.") if later else _("parts of %(order)s come earlier.")
        title = _("Order %(number)s: new delivery days") % {"number": order.number}
        return Letter(title, "\n\n".join([intro % {"order": named(order)}, "\n".join(f"  {row}" for row in rows)]))


def shipped(shipment: Shipment, lines: Sequence[ShipmentLine], language: str) -> Letter:
    """What left, with whom, to be followed by which number, expected when."""
    with override(language):
        rows = [f"  {fmt.quantity(x.quantity)} × {x.line.description}" for x in lines]
        how = [_("Expected: %(day)s") % {"day": day(shipment.delivery_date)}]
        if shipment.carrier:
            how.append(_("Carrier: %(carrier)s") % {"carrier": shipment.carrier})
        if shipment.tracking_number:
            how.append(_("Tracking number: %(number)s") % {"number": shipment.tracking_number})
        text = [_("goods of %(order)s left our warehouse in %(place)s:") % {"order": named(shipment.order), "place": shipment.location.name}, "\n".join(rows), "\n".join(how)]
        return Letter(_("Shipment %(number)s is on its way") % {"number": shipment.number}, "\n\n".join(text))


def invoice(found: Invoice, language: str) -> Letter:
    """What is to be paid by when; the invoice itself goes along."""
    with override(language):
        text = _("you find our invoice %(number)s attached: %(total)s %(currency)s, to be paid by %(day)s.") % {
            "number": found.number, "total": fmt.money(found.total, found.currency_id), "currency": found.currency_id, "day": day(found.due_date)}  # fmt: skip
        return Letter(_("Invoice %(number)s") % {"number": found.number}, text, ("invoice", found.pk))


def reminder(notice: DunningNotice, language: str) -> Letter:
    """The reminder goes along."""
    with override(language):
        text = _("%(total)s of your account is overdue; you find the invoices in the attached reminder. If your payment has crossed this mail, please ignore it.") % {
            "total": fmt.money(notice.total)}  # fmt: skip
        return Letter(_("Reminder %(number)s") % {"number": notice.number}, text, ("reminder", notice.pk))


def balance(row: BalanceConfirmation, url: str, language: str) -> Letter:
    """What was owed at the end of a day, and where to answer; the statement goes along."""
    with override(language):
        said = {"day": day(row.day), "amount": fmt.money(row.balance, row.currency_id), "currency": row.currency_id}
        text = [_("by our books you owed us %(amount)s %(currency)s at the end of %(day)s; the attached statement shows how it came to it.") % said]
        text.append(_("Please tell us whether your books show the same: %(url)s") % {"url": url} if url
                    else _("Please tell us by an answer to this mail whether your books show the same."))  # fmt: skip
        return Letter(_("Confirmation of balance on %(day)s") % said, "\n\n".join(text), ("balance", row.pk))


def returned(found: Return, lines: Sequence[ReturnLine], step: str, why: str, language: str, credited: Decimal | None = None) -> Letter:
    """What became of a wish to send goods back: allowed, refused, arrived, credited."""
    with override(language):
        number = {"number": found.number}
        said = {
            "authorised": _("you may send back what you asked for. Please lay the return slip into the parcel and name %(number)s."),
            "refused": _("we cannot take back what you asked for."),
            "received": _("the goods you sent back have arrived; we look at them now."),
            "credited": _("we have credited the goods you sent back."),
        }[step]
        units = {"authorised": "quantity_authorised", "received": "quantity_received"}.get(step, "quantity_requested")
        rows = [f"  {fmt.quantity(getattr(x, units))} × {x.line.description}" for x in lines]
        text = [said % number, "\n".join(rows)]
        if credited is not None:
            text.append(_("Credited: %(total)s") % {"total": fmt.money(credited)})
        if why:
            text.append(_("Reason: %(why)s") % {"why": why})
        title = {"authorised": _("Return %(number)s is allowed"), "refused": _("Return %(number)s is refused"), "received": _("Return %(number)s has arrived"),
                 "credited": _("Return %(number)s is credited")}[step]  # fmt: skip
        return Letter(title % number, "\n\n".join(text))


def answer(case: Case, message: CaseMessage, language: str) -> Letter:
    """What was answered, with the case's number to answer to."""
    with override(language):
        files = list(message.files.values_list("name", flat=True))
        text = [message.text]
        if files:
            text.append(written_many("A file belongs to it: %(names)s", "Files belong to it: %(names)s", len(files)) % {"names": ", ".join(files)})
        return Letter(f"[{case.number}] {case.title}", "\n\n".join(text))


def plain(value: Any) -> str:
    """A free text on one line."""
    return " ".join(str(value or "").split())
