"""CSV with a header: at least a date and an amount; comma, semicolon or tab; no balances."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

COLUMNS = {
    "booking_date": (
        "booking_date", "booking date", "date", "transaction date", "posting date", "posted date", "started date", "completed date",
        "buchungstag", "buchungsdatum", "datum", "boekdatum", "date operation", "date comptable", "fecha", "data", "data contabile",
    ),
    "value_date": ("value_date", "value date", "valuta", "valutadatum", "wertstellung", "wert", "date valeur", "date de valeur",
                   "fecha valor", "data valuta", "rentedatum"),
    "amount": ("amount", "transaction amount", "betrag", "umsatz", "bedrag", "montant", "importe", "importo", "value"),
    "debit": ("debit", "debit amount", "money out", "paid out", "withdrawal", "withdrawals", "soll", "af", "débit", "cargo", "addebiti"),
    "credit": ("credit", "credit amount", "money in", "paid in", "deposit", "deposits", "haben", "bij", "crédit", "abono", "accrediti"),
    "sign": ("af bij", "debit/credit", "credit/debit", "dr/cr", "d/c", "cr/dr", "soll/haben", "s/h", "type of entry"),
    "currency": ("currency", "währung", "waehrung", "munt", "valuuta", "devise", "divisa", "ccy"),
    "text": ("text", "description", "details", "verwendungszweck", "buchungstext", "memo", "narrative", "mededelingen", "omschrijving",
             "libelle", "libellé", "concepto", "descrizione", "transaction description", "remittance information", "purpose"),
    "counterparty": ("counterparty", "name", "payee", "payer", "auftraggeber/empfänger", "beguenstigter/zahlungspflichtiger",
                     "begünstigter/zahlungspflichtiger", "name zahlungsbeteiligter", "naam tegenpartij", "naam / omschrijving",
                     "counterparty name", "beneficiary"),
    "counterparty_account": ("counterparty_account", "counterparty account", "iban", "kontonummer", "kontonummer/iban",
                             "iban zahlungsbeteiligter", "tegenrekening", "tegenrekening iban/bban", "account number"),
    "reference": ("reference", "customer reference", "kundenreferenz", "kundenreferenz (end-to-end)", "end-to-end id", "payment reference",
                  "betalingskenmerk"),
    "bank_reference": ("bank_reference", "bank reference", "id", "transaction id", "volgnr", "transaction reference"),
}
MOST_LINES = 200_000
HEADS = 30
PLAIN = re.compile(r"-?\d{1,14}(\.\d{1,2})?", re.ASCII)
DEBITS = frozenset({"d", "dr", "debit", "s", "soll", "af", "dbit", "-"})


def read(data: bytes) -> list[StatementData]:
    """The one statement a CSV file is. Raises Invalid `statement_unreadable` with the row at fault."""
    text = _text(data)
    if "\x00" in text:
        raise _unreadable(_("it is not text"))
    first = [line for line in text.split("\n", HEADS)[:HEADS] if line.strip()]
    delimiter = max(";,\t|", key=lambda d: max((line.count(d) for line in first), default=0))
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return [_statement(list(rows), hashlib.sha256(data).hexdigest()[:16])]
    except csv.Error as error:
        raise _unreadable(str(error)) from error


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _unreadable(cause: str) -> Invalid:
    return Invalid(
        _("The file is not read as MT940, CAMT.053, OFX or BAI2, nor as CSV: %(cause)s.") % {"cause": cause}, code="statement_unreadable",
        clears=_("A CSV file names its columns in the first row, at least date and amount."),
    )  # fmt: skip


def _statement(rows: list[list[str]], number: str) -> StatementData:
    start, places = _header(rows)
    body = [(n, row) for n, row in enumerate(rows[start + 1 :], start=start + 2) if any(cell.strip() for cell in row)]
    if not body or len(body) > MOST_LINES:
        raise _unreadable(_("it has %(n)s rows; 1 to %(most)s are read") % {"n": len(body), "most": MOST_LINES})
    currencies, lines = set(), []
    for n, row in body:
        cells = {f: row[i].strip() if i is not None and i < len(row) else "" for f, i in places.items()}
        try:
            lines.append(_line(cells))
        except ValueError as error:
            raise _unreadable(_("row %(row)s, %(why)s") % {"row": n, "why": error}) from error
        currencies.add(cells["currency"].upper())
    if len(currencies) > 1:
        raise _unreadable(_("it holds several currencies"))
    return StatementData("", number, max(x.booking_date for x in lines), currencies.pop(), None, None, tuple(lines))


def _header(rows: list[list[str]]) -> tuple[int, dict[str, int | None]]:
    """The row that names date and amount (banks put their own lines above it), and where each column stands."""
    for n, row in enumerate(rows[:HEADS]):
        header = [" ".join(cell.strip().lower().replace("(eur)", "").split()) for cell in row]
        places = {field: next((header.index(name) for name in names if name in header), None) for field, names in COLUMNS.items()}
        amounts = places["amount"] is not None or (places["debit"] is not None and places["credit"] is not None)
        if (places["booking_date"] is not None or places["value_date"] is not None) and amounts:
            if places["booking_date"] is None:
                places["booking_date"] = places["value_date"]
            return n, places
    raise _unreadable(_("the first row names no columns date and amount"))


def _amount(cells: dict[str, str]) -> Decimal:
    """Of one column, signed or with a column that says debit; or of two columns."""
    if cells["amount"]:
        value = amount_of(cells["amount"])
        return -abs(value) if cells["sign"].strip().lower() in DEBITS else value
    credit, debit = (amount_of(cells[name]) if cells[name].strip("0., ") else Decimal(0) for name in ("credit", "debit"))
    if not credit and not debit:
        raise ValueError(_("column amount: “%(text)s” is not an amount") % {"text": ""})
    return credit - abs(debit)


def _line(cells: dict[str, str]) -> NewBankLine:
    booking = _day("booking_date", cells["booking_date"])
    return NewBankLine(
        booking_date=booking, value_date=_day("value_date", cells["value_date"]) if cells["value_date"] else booking,
        amount=_amount(cells), text=cells["text"][:4000], counterparty=cells["counterparty"][:200],
        counterparty_account=cells["counterparty_account"].replace(" ", "")[:40], reference=cells["reference"][:140],
        bank_reference=cells["bank_reference"][:140],
    )  # fmt: skip


@lru_cache(1_000)
def _day(column: str, text: str) -> date:
    try:
        if found := re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})", text):
            day, month, year = map(int, found.groups())
            return date(year if year > 99 else 2000 + year, month, day)
        if found := re.fullmatch(r"(\d{4})[./](\d{1,2})[./](\d{1,2})", text):
            return date(*map(int, found.groups()))
        if re.fullmatch(r"\d{8}", text):
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise ValueError(_("column %(column)s: “%(text)s” is not a date") % {"column": column, "text": text[:20]}) from error


def amount_of(text: str) -> Decimal:
    """`1234.56`, `1,234.56`, `1.234,56` and `-12,50`: the last of comma and point separates decimals.

    Raises ValueError with the sentence for what is no amount other than 0.
    """
    if PLAIN.fullmatch(text) and (simple := Decimal(text)):
        return simple
    wrong = _("column amount: “%(text)s” is not an amount") % {"text": text[:20]}
    plain = re.sub(r"[\s\u00a0'’]|EUR|USD|GBP|CHF|[€$£]", "", text).replace("\u2212", "-").removeprefix("+")
    if plain.endswith("-") or plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain.strip("-()")
    if plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(wrong) from error
    if not value.is_finite() or value == 0 or abs(value) >= Decimal(10) ** 14:
        raise ValueError(wrong)
    return value
