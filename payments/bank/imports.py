"""The file of payments: what settled invoices in another system, a row an invoice; credit notes and deductions too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from oms.company.selectors import exponent
from oms.files.choices import RowState
from oms.files.exports import batched
from oms.files.formats import Column, Context, Document, Format, Row, register
from payments.bank.domain import NewBankLine
from payments.bank.models import Application, BankAccount, BankLine, Payment
from payments.bank.services import OldCredit, OldPayment, bring_credit, bring_payments
from payments.billing.models import CreditApplication, CreditNote, Invoice
from payments.credit.models import AccountMember

PAYMENT = "payment"
KINDS = {PAYMENT: PAYMENT, **{kind: kind for kind in CreditNote.Kind.values}}
DEDUCTIONS = (CreditNote.Kind.CASH_DISCOUNT, CreditNote.Kind.WRITE_OFF)

HEAD = (
    Column("kind", gettext_lazy("all but a payment lower the invoice `of`, and come with --history only"), choices=KINDS, default=PAYMENT),
    Column("customer", gettext_lazy("code of the payer; on a credit note the invoice's"), default="", longest=20),
    Column("value_date", gettext_lazy("day the money was there; a credit note's day"), "date"),
    Column("amount", gettext_lazy("gross, in the credit account's currency"), "decimal", least=0, decimals=3),
    Column("of", gettext_lazy("number of the invoice that a credit note lowers"), default="", longest=20),
    Column("payment", gettext_lazy("number of the payment a cash discount was kept of"), default="", longest=20),
    Column("bank_account", gettext_lazy("IBAN of ours; default: the one in that currency"), default="", longest=34),
    Column("booking_date", gettext_lazy("default: the value date"), "date"),
    Column("line_amount", gettext_lazy("of the bank's line, when the payment is a part of it"), "decimal", least=0, decimals=3),
    Column("line_no", gettext_lazy("of equal bank lines the how-manieth; empty: a line of its own"), "integer", least=1),
    Column("text", gettext_lazy("of the bank's line"), default="", longest=10_000),
    Column("counterparty", gettext_lazy("name on the bank's line"), default="", longest=200),
    Column("counterparty_account", gettext_lazy("account on the bank's line"), default="", longest=40),
    Column("reference", gettext_lazy("the payer's"), default="", longest=140),
    Column("bank_reference", gettext_lazy("the bank's"), default="", longest=140),
    Column("refunded", gettext_lazy("how much of it was paid back"), "decimal", least=0, decimals=3, history=True),
)  # fmt: skip
COLUMNS = (
    Column("number", gettext_lazy("of the payment or credit note, as it was given there"), required=True, longest=20),
    *HEAD,
    Column("invoice", gettext_lazy("number of an invoice it settled; the rest stays on account"), default="", longest=20),
    Column("applied", gettext_lazy("how much of that invoice"), "decimal", least=0, decimals=3),
)


class Known:
    """What a batch of documents refers to, read once."""

    def __init__(self, documents: Sequence[Document]) -> None:
        numbers = [d.head["number"] for d in documents]
        self.payments = {p.number: p for p in Payment.objects.filter(number__in=numbers).select_related("customer")}
        self.notes = {n.number: n for n in CreditNote.objects.filter(number__in=numbers)}
        named = {row.cells.get("invoice") or "" for d in documents for row in d.rows} | {d.head.get("of") or "" for d in documents}
        self.invoices = {i.number: i for i in Invoice.objects.filter(number__in=named - {""})}
        self.open = {i.number: i.open_amount for i in self.invoices.values()}
        codes = {d.head.get("customer") or "" for d in documents}
        self.customers = {c.code: c for c in Customer.objects.filter(code__in=codes)}
        members = AccountMember.objects.filter(customer__code__in=codes).select_related("account", "customer")
        self.accounts = {m.customer.code: m.account for m in members}
        self.banks = list(BankAccount.objects.order_by("pk"))
        self.lines = self.recorded(documents)

    def bank(self, head: dict[str, Any], currency: str) -> BankAccount | None:
        """Our account the payment came to: the named one, else the only one in that currency."""
        if head.get("bank_account"):
            wanted = head["bank_account"].replace(" ", "").upper()
            return next((b for b in self.banks if b.iban.replace(" ", "").upper() == wanted), None)
        fitting = [b for b in self.banks if b.currency_id == currency]
        return fitting[0] if len(fitting) == 1 else None

    def recorded(self, documents: Sequence[Document]) -> dict[tuple[Any, ...], BankLine]:
        """The bank lines that may be meant, by account, day, amount, hash and number."""
        hashes = {line_of(d.head).text_hash for d in documents if d.head.get("line_no") and d.head.get("value_date")}
        rows = BankLine.objects.filter(text_hash__in=hashes)
        return {(x.account_id, x.value_date, x.amount, bytes(x.text_hash), x.occurrence_no): x for x in rows}

    def line(self, head: dict[str, Any], bank: BankAccount) -> BankLine | None:
        """The recorded bank line of a payment."""
        return self.lines.get((bank.pk, *line_of(head).key, head.get("line_no")))


def line_of(head: dict[str, Any]) -> NewBankLine:
    """The bank's line as the head tells it."""
    texts = {name: head.get(name) or "" for name in ("text", "counterparty", "counterparty_account", "reference", "bank_reference")}
    amount = head.get("line_amount") or head.get("amount") or Decimal(0)
    return NewBankLine(head.get("booking_date") or head["value_date"], head["value_date"], amount, **texts)


def check(documents: Sequence[Document], context: Context) -> None:
    """Documents that are there stay as they are; of new ones all references, amounts and what is open."""
    known = Known(documents)
    for document in documents:
        row, head = document.rows[0], document.head
        kind = head.setdefault("kind", PAYMENT)
        there = known.payments.get(head["number"]) if kind == PAYMENT else known.notes.get(head["number"])
        if there is not None:
            check_same(row, there)
            continue
        document.mark(RowState.CREATE)
        if not head.get("amount"):
            row.refuse("amount", _("must be more than 0."))
        if head.get("value_date") is None:
            row.refuse("value_date", _("is missing."))
        if not document.good:
            continue
        check_payment(document, known) if kind == PAYMENT else check_credit(document, known, context)


def check_same(row: Row, there: Payment | CreditNote) -> None:
    """A document is never changed by a file."""
    amount, day = (there.amount, there.value_date) if isinstance(there, Payment) else (there.total, there.credit_date)
    for name, value in (("amount", amount), ("value_date", day)):
        if row.cells.get(name) not in (None, value):
            row.refuse(name, _("%(number)s is there with %(value)s; a document does not change.") % {"number": there, "value": COLUMN[name].plain(value)})


COLUMN = {column.name: column for column in COLUMNS}


def check_payment(document: Document, known: Known) -> None:
    """One payment: payer, account, bank line, and what it settles."""
    row, head = document.rows[0], document.head
    account = known.accounts.get(head.get("customer") or "")
    if account is None:
        known_customer = head.get("customer") in known.customers
        row.refuse("customer", (_("%(code)s has no credit account: bring in the limits first.") if known_customer else _("there is no customer %(code)s."))
                   % {"code": head.get("customer") or "“”"})  # fmt: skip
        return
    bank = known.bank(head, account.currency_id)
    if bank is None or bank.currency_id != account.currency_id:
        row.refuse("bank_account", _("name one of our bank accounts in %(currency)s.") % {"currency": account.currency_id})
        return
    line = known.line(head, bank)
    if head.get("line_amount") is not None and head["line_amount"] < head["amount"]:
        row.refuse("line_amount", _("is less than the payment."))
    if line is not None:
        if head["amount"] > line.unmatched:
            row.refuse("amount", _("only %(left)s of this bank line is left.") % {"left": COLUMN["amount"].plain(line.unmatched)})
        line.matched += head["amount"]
    if head.get("of") or head.get("payment"):
        row.refuse("of" if head.get("of") else "payment", _("is for credit notes."))
    check_parts(document, known, account.pk, account.currency_id)


def check_credit(document: Document, known: Known, context: Context) -> None:
    """One credit note: its invoice, and what it settles."""
    row, head = document.rows[0], document.head
    invoice = known.invoices.get(head.get("of") or "")
    if not context.history:
        row.refuse("kind", _("is for history only (--history)."))
    if invoice is None:
        row.refuse("of", _("there is no invoice %(number)s.") % {"number": head.get("of") or "“”"})
        return
    if head["amount"] > invoice.total - invoice.noted:
        row.refuse("amount", _("%(left)s of %(number)s can be credited.") % {"left": COLUMN["amount"].plain(invoice.total - invoice.noted), "number": invoice})
    invoice.noted += head["amount"]
    if head["kind"] == CreditNote.Kind.CANCELLATION and (invoice.order_id or invoice.noted != invoice.total):
        row.refuse("kind", _("a cancelled invoice comes with `cancelled`, and is credited whole."))
    if head["kind"] == CreditNote.Kind.CASH_DISCOUNT and not head.get("payment"):
        row.refuse("payment", _("is missing."))
    check_parts(document, known, invoice.account_id, invoice.currency_id)
    if head["kind"] in DEDUCTIONS and document.good and sum(parts(document).values()) != head["amount"]:
        row.refuse("amount", _("a deduction leaves nothing: it settles what it is."))


def check_parts(document: Document, known: Known, account_id: int, currency: str) -> None:
    """What a document settles: known invoices of the same account, within what is open and within the document."""
    head, left = document.head, document.head["amount"] - (document.head.get("refunded") or 0)
    amounts = [(document.rows[0], "amount", head["amount"]), (document.rows[0], "refunded", head.get("refunded"))]
    amounts += [(row, "applied", row.cells.get("applied")) for row in document.rows]
    for row, name, amount in amounts:
        if amount is not None and amount != round(amount, exponent(currency)):
            row.refuse(name, _("%(currency)s has no such fraction.") % {"currency": currency})
    for row in document.rows:
        number, part = row.cells.get("invoice") or "", row.cells.get("applied") or Decimal(0)
        invoice = known.invoices.get(number)
        if bool(number) != bool(part):
            row.refuse("applied" if number else "invoice", _("is missing."))
        elif number and invoice is None:
            row.refuse("invoice", _("there is no invoice %(number)s.") % {"number": number})
        elif invoice is not None and (invoice.account_id, invoice.currency_id) != (account_id, currency):
            row.refuse("invoice", _("%(number)s belongs to another account.") % {"number": number})
        elif number and part > known.open[number]:
            row.refuse("applied", _("%(number)s is open with %(open)s.") % {"number": number, "open": COLUMN["applied"].plain(known.open[number])})
        elif number:
            known.open[number] -= part
        left -= part
    if left < 0:
        document.rows[0].refuse("amount", _("%(over)s less than what it settles and what was paid back.") % {"over": COLUMN["amount"].plain(-left)})


def parts(document: Document) -> dict[str, Decimal]:
    """{invoice number: part} of a document; two rows of one invoice are added."""
    found: dict[str, Decimal] = {}
    for row in document.rows:
        if row.cells.get("invoice"):
            found[row.cells["invoice"]] = found.get(row.cells["invoice"], Decimal(0)) + row.cells["applied"]
    return found


def apply(documents: Sequence[Document], context: Context) -> None:
    """The payments together, then each credit note by itself, since it may need one of them."""
    known = Known(documents)
    payments, credits = [], []
    for document in documents:
        head = document.head
        applied = {known.invoices[number].pk: part for number, part in parts(document).items()}
        refunded = head.get("refunded") or Decimal(0)
        if head.get("kind", PAYMENT) != PAYMENT:
            credits.append(OldCredit(head["number"], head["kind"], known.invoices[head["of"]].pk, head["amount"], head["value_date"], applied,
                                     head.get("payment") or "", refunded))  # fmt: skip
            continue
        customer, account = known.customers[head["customer"]], known.accounts[head["customer"]]
        bank = known.bank(head, account.currency_id)
        assert bank is not None, "checked before"
        line = known.line(head, bank)
        payments.append(OldPayment(head["number"], customer.pk, account.pk, bank.pk, line_of(head), head["amount"], line.pk if line else None,
                                   head.get("line_no"), applied, refunded))  # fmt: skip
    bring_payments(payments, by=context.by)
    for credit in credits:
        bring_credit(credit, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every payment that stands and is cleared, then every credit note that stands; a row an invoice they settle.

    Reversed and bounced payments have no effect; a cheque that waits to clear is a receipt of collections.
    """
    yield from export_payments()
    yield from export_credits()


def export_payments() -> Iterator[dict[str, Any]]:
    """Payments with their bank lines."""
    rows = Payment.objects.filter(clearing=Payment.Clearing.CLEARED).select_related("customer", "bank_line__account").order_by("pk")
    for some in batched(rows.iterator(chunk_size=1_000)):
        applied = settled(Application.objects.filter(payment__in=some), "payment_id")
        for p in some:
            x = p.bank_line
            head = {
                "number": p.number, "kind": PAYMENT, "customer": p.customer.code, "value_date": p.value_date, "amount": p.amount,
                "bank_account": x.account.iban, "booking_date": x.booking_date, "line_amount": x.amount, "line_no": x.occurrence_no,
                "text": x.text, "counterparty": x.counterparty, "counterparty_account": x.counterparty_account,
                "reference": x.reference, "bank_reference": x.bank_reference, "refunded": p.refunded or None,
            }  # fmt: skip
            yield from ({**head, **row} for row in applied.get(p.pk, [{}]))


def export_credits() -> Iterator[dict[str, Any]]:
    """Credit notes, cancellations and deductions."""
    notes = CreditNote.objects.filter(undone=False).select_related("customer", "invoice").order_by("pk")
    for some in batched(notes.iterator(chunk_size=1_000)):
        applied = settled(CreditApplication.objects.filter(credit_note__in=some), "credit_note_id")
        numbers = dict(Payment.objects.filter(pk__in=[n.payment_id for n in some if n.payment_id]).values_list("pk", "number"))
        for n in some:
            head = {"number": n.number, "kind": n.kind, "customer": n.customer.code, "value_date": n.credit_date, "amount": n.total,
                    "of": n.invoice.number, "payment": numbers.get(n.payment_id or 0, ""), "refunded": n.refunded or None}  # fmt: skip
            yield from ({**head, **row} for row in applied.get(n.pk, [{}]))


def settled(applications: Any, by: str) -> dict[int, list[dict[str, Any]]]:
    """Document id → what stands settled by it, a dict an invoice. One statement."""
    found: dict[int, list[dict[str, Any]]] = {}
    sums = applications.values_list(by, "invoice__number").annotate(part=Sum("amount")).exclude(part=0).order_by(by, "invoice_id")
    for document, number, part in sums:
        found.setdefault(document, []).append({"invoice": number, "applied": part})
    return found


PAYMENTS = register(
    Format("payments", gettext_lazy("Payments and credit notes: a row an invoice they settle."), COLUMNS, "payments.apply", check, apply, export,
           document="number", head=tuple(c.name for c in HEAD), own=True)
)  # fmt: skip
