"""Invoices and statements of account as printed: every value as the text that stands on paper, in the customer's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import override

from customers.parties.models import Customer
from oms.company.models import Company
from oms.web.documents import written as _
from oms.web.format import money, percent, price, quantity
from payments.billing.choices import AGE_WORDS
from payments.billing.models import CreditNote, DunningNotice, Invoice, ProForma
from payments.billing.selectors import AccountStatement
from payments.credit.models import CreditAccount


def _day(value: date | None) -> str:
    return date_format(value, "j N Y") if value else ""


def address_of(customer: Customer) -> list[str]:
    """The customer's name and default address, line by line."""
    found = next(iter(sorted(customer.addresses.all(), key=lambda a: (not a.is_default, a.pk))), None)
    if found is None:
        return [customer.name]
    return [line for line in (customer.name, found.street, f"{found.postal_code} {found.city}".strip(), found.country) if line]


def _sender(company: Company) -> dict[str, Any]:
    return {
        "name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": company.iban,
        "footer": company.document_footer,
    }  # fmt: skip


def invoice_data(invoice: Invoice, company: Company, notes: Sequence[str]) -> dict[str, Any]:
    """What the invoice's template sets; `invoice` with its lines, taxes and customer's addresses prefetched."""
    code = invoice.currency_id
    with override(invoice.customer.language):
        return {
            "sender": _sender(company), "to": address_of(invoice.customer), "lang": invoice.customer.language[:2],
            "title": _("Invoice %(number)s") % {"number": invoice.number},
            "facts": [
                [_("Date"), _day(invoice.invoice_date)], [_("Due"), _day(invoice.due_date)] if invoice.instalments == 1 else
                [_("Instalments"), _("%(count)s, from %(day)s") % {"count": invoice.instalments, "day": _day(invoice.due_date)}],
                [_("Customer"), invoice.customer.code], [_("Your VAT number"), invoice.customer.vat_id],
                [_("Our order"), invoice.order_number], [_("Your order"), invoice.customer_po],
                [_("Shipment"), invoice.shipment_number],
            ],
            "heads": [_("Article"), _("Quantity"), _("Price"), _("Discount"), _("Tax"), f"{_('Net')} {code}"],
            "lines": invoice_rows(invoice),
            "totals": [
                [_("Net"), money(invoice.net, code)],
                *[[_("%(category)s %(rate)s on %(net)s") % {
                    "category": _(str(tax.get_category_display())), "rate": percent(tax.rate, 1), "net": money(tax.net, code)},
                    money(tax.tax, code)] for tax in invoice.taxes.all()],
                [_("Total %(currency)s") % {"currency": code}, money(invoice.total, code)],
            ],
            "notes": list(notes),
            "pay": pay_words(invoice, company),
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def invoice_rows(invoice: Invoice) -> list[list[str]]:
    """The lines as printed; of several orders each stands under its number and the customer's."""
    theirs = {} if invoice.order_id else {x.order_number: x.customer_po for x in invoice.orders.all()}
    rows, shown = [], ""
    for line in invoice.lines.all():
        if line.order_number != shown:
            shown = line.order_number
            rows.append([_("Order %(number)s") % {"number": shown}, theirs.get(shown, ""), "", "", "", "", ""])
        rows.append([
            line.description, line.sku, quantity(line.quantity), unit_price(line, invoice.currency_id),
            percent(line.discount, 1) if line.discount else "", percent(line.tax_rate, 1), money(line.net, invoice.currency_id),
        ])  # fmt: skip
    return rows


def pay_words(invoice: Invoice, company: Company) -> str:
    """How to pay: all at once, or each instalment by its day."""
    code = invoice.currency_id
    to = {"amount": money(invoice.total, code), "currency": code, "day": _day(invoice.due_date), "iban": company.iban, "number": invoice.number}
    if invoice.instalments == 1:
        return _("Please pay %(amount)s %(currency)s by %(day)s to %(iban)s and name %(number)s.") % to
    plan = "; ".join(f"{part.number}. {_day(part.due_date)}: {money(part.amount, code)} {code}" for part in invoice.parts)
    return _("Please pay to %(iban)s and name %(number)s, in %(count)s instalments. %(plan)s") % {**to, "count": invoice.instalments, "plan": plan}


def pro_forma_data(found: ProForma, company: Company) -> dict[str, Any]:
    """What the pro forma's template sets (the invoice's): it says that it is none; lines prefetched."""
    code = found.currency_id
    with override(found.customer.language):
        return {
            "sender": _sender(company), "to": address_of(found.customer), "lang": found.customer.language[:2],
            "title": _("Pro forma %(number)s") % {"number": found.number},
            "facts": [
                [_("Date"), _day(found.issued_date)], [_("Customer"), found.customer.code], [_("Your VAT number"), found.customer.vat_id],
                [_("Our order"), found.order_number], [_("Your order"), found.customer_po],
            ],
            "heads": [_("Article"), _("Quantity"), _("Price"), _("Discount"), _("Tax"), f"{_('Net')} {code}"],
            "lines": [
                [x.description, x.sku, quantity(x.quantity), unit_price(x, code), percent(x.discount, 1) if x.discount else "",
                 percent(x.tax_rate, 1), money(x.net, code)]
                for x in found.lines.all()
            ],
            "totals": [
                [_("Net"), money(found.net, code)], [_("Tax"), money(found.tax, code)],
                [_("Total %(currency)s") % {"currency": code}, money(found.total, code)],
                [_("Paid ahead, %(share)s") % {"share": percent(found.share, 1)}, money(found.due, code)],
            ],
            "notes": [_("This is no invoice. The invoice follows the delivery and names what you paid ahead.")],
            "pay": _("We deliver once %(amount)s %(currency)s is on %(iban)s. Please name %(number)s.") % {
                "amount": money(found.due, code), "currency": code, "iban": company.iban, "number": found.number},
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def credit_note_data(note: CreditNote, company: Company) -> dict[str, Any]:
    """What the credit note's template sets (the invoice's, with signs turned by its words); lines prefetched."""
    code = note.currency_id
    with override(note.customer.language):
        return {
            "sender": _sender(company), "to": address_of(note.customer), "lang": note.customer.language[:2],
            "title": f"{_(str(note.get_kind_display()))} {note.number}",
            "facts": [
                [_("Date"), _day(note.credit_date)], [_("Invoice"), note.invoice.number],
                [_("Invoice date"), _day(note.invoice.invoice_date)], [_("Customer"), note.customer.code],
                [_("Your VAT number"), note.customer.vat_id], [_("Our order"), note.invoice.order_number],
                [_("Your order"), note.invoice.customer_po],
            ],
            "heads": [_("Article"), _("Quantity"), _("Price"), _("Discount"), _("Tax"), f"{_('Net')} {code}"],
            "lines": [
                [x.invoice_line.description, x.invoice_line.sku, quantity(x.quantity), unit_price(x.invoice_line, code), "",
                 percent(x.rate, 1), money(x.net, code)]
                if x.invoice_line else [_("Amount"), "", "", "", "", percent(x.rate, 1), money(x.net, code)]
                for x in note.lines.all()
            ],
            "totals": [
                [_("Net"), money(note.net, code)], [_("Tax"), money(note.tax, code)],
                [_("Total %(currency)s") % {"currency": code}, money(note.total, code)],
            ],
            "notes": [],
            "pay": _("%(applied)s is set against what is open; %(left)s stands on your account.") % {
                "applied": money(note.applied, code), "left": money(note.left, code)},
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def unit_price(line: Any, currency: str) -> str:
    """The price as agreed: `12.50`, or `12.50 / 100` when it is for several units."""
    text = price(line.unit_price, currency)
    return text if line.price_unit == 1 else f"{text} / {line.price_unit}"


def statement_data(account: CreditAccount, statement: AccountStatement, company: Company) -> dict[str, Any]:
    """What the statement of account's template sets; the payer's addresses prefetched."""
    code = account.currency_id
    with override(account.payer.language):
        return {
            "sender": _sender(company), "to": address_of(account.payer), "lang": account.payer.language[:2],
            "title": _("Statement of account on %(day)s") % {"day": _day(statement.on)},
            "facts": [[_("Customer"), account.payer.code], [_("Currency"), code],
                      [_("You owe"), money(statement.closing, code)], [_("Of it overdue"), money(statement.overdue, code)]],
            "open_title": _("Open on %(day)s") % {"day": _day(statement.on)},
            "open_heads": [_("Document"), _("Your reference"), _("Date"), _("Due"), _("Amount"), f"{_('Open')} {code}"],
            "open": [[x.name, x.reference, _day(x.day), _day(x.due_date), money(x.total, code), money(x.rest, code)]
                     for x in statement.items],
            "open_total": [_("You owe"), money(statement.closing, code)],
            "ages": [[_(str(word)) for word in AGE_WORDS], [money(age, code) for age in statement.ages]],
            "moves_title": _("Postings since %(day)s") % {"day": _day(statement.since)},
            "moves_heads": [_("Date"), _("What"), _("Document"), _("Amount"), f"{_('Balance')} {code}"],
            "moves": [["", _("Balance brought forward"), "", "", money(statement.opening, code)],
                      *[[_day(p.day), _(str(p.word)), p.number, money(p.amount, code), money(p.balance, code)]
                        for p in statement.postings]],
            "pay": _("Please pay what is due to %(iban)s. Tell us at once if something here is wrong.") % {"iban": company.iban},
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def reminder_data(notice: DunningNotice, company: Company) -> dict[str, Any]:
    """What a reminder's letter sets; items with invoices and the payer's addresses prefetched."""
    account = notice.account
    code = account.currency_id
    with override(account.payer.language):
        titles = {1: _("Payment reminder %(number)s"), 2: _("Second reminder %(number)s"), 3: _("Last reminder %(number)s")}
        pleas = {
            1: _("Please look at this: it may have escaped you. Pay %(amount)s %(currency)s to %(iban)s."),
            2: _("We have not received your payment. Please pay %(amount)s %(currency)s within seven days to %(iban)s."),
            3: _("Pay %(amount)s %(currency)s at once to %(iban)s. Until then nothing new is delivered."),
        }
        return {
            "sender": _sender(company), "to": address_of(account.payer), "lang": account.payer.language[:2],
            "title": titles[notice.level] % {"number": notice.number},
            "facts": [[_("Date"), _day(notice.notice_date)], [_("Customer"), account.payer.code]],
            "heads": [_("Invoice"), _("Date"), _("Due"), _("Days overdue"), "", f"{_('Open')} {code}"],
            "lines": [[x.invoice.number, x.invoice.customer_po or x.invoice.order_number, _day(x.invoice.invoice_date), _day(x.due_date or x.invoice.due_date),
                       str((notice.notice_date - (x.due_date or x.invoice.due_date)).days), "", money(x.open, code)] for x in notice.items.all()],
            "totals": [[_("Overdue %(currency)s") % {"currency": code}, money(notice.total, code)]],
            "notes": [], "pay": pleas[notice.level] % {"amount": money(notice.total, code), "currency": code, "iban": company.iban},
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip
