"""MT940, tag by tag: what is needed is read, what is not is left. Statements stand between `:20:` tags, each with its balances.

`:60F:`/`:60M:` opens, `:61:` with the `:86:` behind it is a line, `:62F:`/`:62M:` closes and may be missing. The structured
`:86:` of German banks (`?20`…), slash codes (`/REMI/`, `/NAME/`, `/IBAN/`) and SWIFT's (`/ORDP/`, `/BENM/`) are told apart.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

TAG = re.compile(r"(?m)^:(\d{2}[A-Z]?):")
BALANCE = re.compile(r"\s*([CD])(\d{6})([A-Z]{3})\s*([\d.,' ]+)")
LINE = re.compile(r"\s*(\d{6})(\d{4})?\s*(R?[CD]|E?[CD])([A-Z])?\s*(\d[\d.']*(?:,\d*)?)\s*(?:([A-Z][A-Z0-9]{3}))?(.*)", re.S)
CODES = "EREF PREF MARF KREF CRED DEBT COAM OAMT SVWZ ABWA ABWE IBAN BIC MREF BENM ORDP REMI NAME ID PURP CNTP RTRN ISDT BREF TRCD CSID OCMT EXCH".split()
NO_REFERENCE = ("NONREF", "NOTPROVIDED", "EREF", "PREF", "MARF", "KREF+", "EREF+")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
FULL = 65  # characters of a line of `:86:`
SLASH = re.compile(rf"/({'|'.join(CODES)})/")


def read(data: bytes) -> list[StatementData]:
    """Every message of a file. Raises Invalid `statement_unreadable`."""
    text = _text(data).replace("\r\n", "\n").replace("\r", "\n")
    messages = re.split(r"(?m)^(?=:20:)", re.sub(r"(?m)^\s*\{4:\s*(?=:20:)", "", text))[1:]
    return [_read(message) for message in messages]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read(message: str) -> StatementData:
    try:
        return statement(message)
    except Exception as error:
        start = " ".join(message.split("\n")[:3])[:60]
        raise Invalid(
            _("The MT940 message that starts “%(start)s” can't be read.") % {"start": start}, code="statement_unreadable",
            clears=_("Nothing of the file was recorded. Ask the bank for the file again."), cause=repr(error)[:200],
        ) from error  # fmt: skip


def fields_of(message: str) -> list[tuple[str, str]]:
    """(tag, value) of a message, in order."""
    parts = TAG.split(message)
    return [(tag, value.rstrip().removesuffix("-}").removesuffix("\n-").strip("\n")) for tag, value in zip(parts[1::2], parts[2::2], strict=True)]


def statement(message: str) -> StatementData:
    """One statement. Raises ValueError for what is no statement."""
    found = fields_of(message)
    head = {tag: value.strip() for tag, value in reversed(found)}
    opening, currency, first = _balance(head.get("60F") or head.get("60M") or "")
    if opening is None:
        raise ValueError("no opening balance")
    closing, other, last = _balance(head.get("62F") or head.get("62M") or "")
    if closing is not None and other != currency:
        raise ValueError("two currencies")
    lines: list[NewBankLine] = []
    for i, (tag, value) in enumerate(found):
        if tag == "61":
            said = found[i + 1][1] if i + 1 < len(found) and found[i + 1][0] == "86" else ""
            lines.append(_line(value, said))
    day = last or max((x.booking_date for x in lines), default=first)
    assert day is not None
    return StatementData(
        account=head.get("25", "").replace(" ", ""), number=head.get("28C") or head.get("28") or head.get("20", ""), statement_date=day,
        currency=currency, opening=opening, closing=closing, lines=tuple(lines),
    )  # fmt: skip


def _balance(value: str) -> tuple[Decimal | None, str, date | None]:
    found = BALANCE.match(value)
    if found is None:
        if value.strip():
            raise ValueError(f"balance {value[:30]!r}")
        return None, "", None
    amount = _amount(found.group(4))
    return (amount if found.group(1) == "C" else -amount), found.group(3), _day(found.group(2))


def _amount(text: str) -> Decimal:
    plain = text.replace("'", "").replace(" ", "")
    plain = plain.replace(".", "").replace(",", ".") if "," in plain else plain
    return Decimal(plain.rstrip(".") or "x")


def _day(text: str) -> date:
    """YYMMDD; interest is valued on days like 30 February, which is the month's last."""
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
    year += 1900 if year > 80 else 2000
    return date(year, month, min(day, monthrange(year, month)[1]) if day <= 31 else day)


def _line(value: str, said: str) -> NewBankLine:
    found = LINE.match(value)
    if found is None:
        raise ValueError(f"line {value[:40]!r}")
    day, entry, mark, _funds, amount, _kind, rest = found.groups()
    valued = _day(day)
    # RC takes a credit back, RD a debit
    sign = {"C": 1, "D": -1, "RC": -1, "RD": 1, "EC": 1, "ED": -1}[mark]
    first, _newline, more = rest.partition("\n")
    customer, _slashes, bank = first.partition("//")
    parts = details(said)
    reference = parts.get("EREF") or ("" if customer.strip() in NO_REFERENCE else customer.strip())
    account = parts.get("IBAN") or (more.strip() if IBAN.fullmatch(more.strip()) else "")
    return NewBankLine(
        booking_date=_near(valued, entry), value_date=valued, amount=sign * _amount(amount), text=parts["text"][:4000],
        counterparty=parts.get("NAME", "")[:200], counterparty_account=account.replace(" ", "")[:40],
        reference=reference[:140], bank_reference="" if bank.strip() in NO_REFERENCE else bank.strip()[:140],
    )  # fmt: skip


def _near(day: date, entry: str | None) -> date:
    """The booking day: month and day of the year that is nearest to the value date."""
    if not entry:
        return day
    tries = [date(year, int(entry[:2]), int(entry[2:])) for year in (day.year - 1, day.year, day.year + 1) if _possible(year, entry)]
    return min(tries, key=lambda d: abs((d - day).days)) if tries else day


def _possible(year: int, entry: str) -> bool:
    try:
        date(year, int(entry[:2]), int(entry[2:]))
    except ValueError:
        return False
    return True


def details(said: str) -> dict[str, str]:
    """What an `:86:` says: `text` always; `NAME`, `IBAN`, `EREF` where it is structured."""
    plain = said.replace("\r", "")
    if re.match(r"\s*\d{3}\??", plain) and re.search(r"\?\d\d", plain):
        return _questions(plain.replace("\n", ""))
    flat = _unwrapped(plain)
    if SLASH.search(flat):
        return _slashes(flat)
    return {"text": " ".join(plain.split())}


def _unwrapped(text: str) -> str:
    """Lines as one. A full line goes on in the next; between words a line that ends early lost the blank it ended with."""
    first, *more = text.split("\n")
    joined, before = first, first
    for line in more:
        words = len(before) < FULL and (before[-1:].isalpha() or before[-1:] in ".,") and line[:1].isalpha()
        joined, before = f"{joined} {line}" if words else joined + line, line
    return joined


def _questions(flat: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for code, value in re.findall(r"\?(\d\d)([^?]*)", flat):
        parts[code] = parts.get(code, "") + value
    purpose = "".join(parts.get(f"{n}", "") for n in [*range(20, 30), *range(60, 64)])
    pieces = re.split(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)\+", purpose)
    coded = dict(zip(pieces[1::2], (p.strip() for p in pieces[2::2]), strict=False))
    text = coded.get("SVWZ") or purpose
    name = (parts.get("32", "") + parts.get("33", "")).strip()
    return {
        "text": " ".join(f"{parts.get('00', '')} {text} {coded.get('EREF', '')}".split()), "NAME": name,
        "IBAN": coded.get("IBAN") or parts.get("38") or parts.get("31", ""), "EREF": coded.get("EREF", "").replace("NOTPROVIDED", ""),
    }  # fmt: skip


def _slashes(flat: str) -> dict[str, str]:
    pieces = SLASH.split(flat)
    coded: dict[str, str] = {}
    for code, value in zip(pieces[1::2], pieces[2::2], strict=False):
        coded.setdefault(code, value.strip("/ ").strip())
    if "CNTP" in coded:  # /CNTP/account/BIC/name/city
        account, _bic, name, *_more = [*coded["CNTP"].split("/"), "", "", ""]
        coded.setdefault("IBAN", account)
        coded.setdefault("NAME", name)
    told = " ".join(filter(None, [pieces[0], coded.get("REMI", "").removeprefix("USTD//").removeprefix("STRD/CUR/"), coded.get("EREF", "").replace("NOTPROVIDED", ""),
                                  coded.get("PURP", ""), coded.get("SVWZ", "")]))
    return {"text": " ".join(told.split()), "NAME": coded.get("NAME", ""), "IBAN": coded.get("IBAN", ""),
            "EREF": coded.get("EREF", "").replace("NOTPROVIDED", "")}
