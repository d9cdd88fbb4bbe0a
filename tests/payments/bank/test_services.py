"""Recording bank lines, applying them, applying what is left over, undoing."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from oms.events.models import Event
from oms.events.selectors import timeline
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OMSError, Stale
from payments.bank import adapters
from payments.bank.domain import NewBankLine
from payments.bank.selectors import quarantined
from payments.bank.services import (
    apply_line,
    apply_rest,
    import_statement,
    record_bank_line,
    release_statement,
    reverse_payment,
)
from payments.models import (
    Application,
    BankAccount,
    BankLine,
    BankStatement,
    CreditEntry,
    Invoice,
    Payment,
    ReceivableEntry,
)
from tests.payments.conftest import TODAY, Money, days, violated

ZERO = Decimal(0)


def left(line_id: int) -> Decimal:
    return BankLine.objects.get(pk=line_id).unmatched


def applied(invoice: Invoice) -> Decimal:
    return Invoice.objects.get(pk=invoice.pk).applied


def nothing_happened(money: Money, line_id: int) -> bool:
    """No payment, no application, no entry but the invoices' own; the line untouched."""
    return (
        not Payment.objects.exists() and not Application.objects.exists() and left(line_id) == BankLine.objects.get(pk=line_id).amount
        and set(ReceivableEntry.objects.values_list("kind", flat=True)) <= {"invoice"} and money.buckets()[2] == ZERO
    )  # fmt: skip


def test_a_line_is_recorded_once_and_equal_lines_differ_by_the_banks_reference(money: Money) -> None:
    first = money.line("100.00", "INV 1")
    with pytest.raises(Conflict) as again:
        money.line("100.00", "INV  1")
    assert again.value.code == "bank_line_known"
    assert BankLine.objects.count() == 1
    assert money.line("100.00", "INV 1", bank_reference="B2") != first
    assert Event.objects.filter(name="bank.line_recorded").count() == 2


@pytest.mark.parametrize("amount", ["0", "10.005", "NaN", "Infinity", "1e14"])
def test_an_amount_that_is_none_is_refused(money: Money, amount: str) -> None:
    with pytest.raises(Invalid) as refused:
        money.line(amount)
    assert refused.value.code == "bad_amount"
    assert not BankLine.objects.exists()


def test_only_finance_records_applies_and_reverses(money: Money) -> None:
    invoice, line = money.invoice(), money.line("120.00")
    payment = apply_line(line, money.world.customer.pk, {}, by=money.world.finance)
    w = money.world
    for person in (w.sales, w.approver, w.manager, w.warehouse, w.partner):
        for attempt in (
            lambda by=person: record_bank_line(money.bank.pk, NewBankLine(TODAY, TODAY, Decimal(1)), by=by),
            lambda by=person: import_statement(b"date,amount\n2024-01-01,1\n", "x.csv", account_id=money.bank.pk, by=by),
            lambda by=person: apply_line(line, w.customer.pk, {invoice.pk: Decimal(1)}, by=by),
            lambda by=person: apply_rest(payment.pk, {invoice.pk: Decimal(1)}, by=by),
            lambda by=person: reverse_payment(payment.pk, "why not", by=by),
        ):
            with pytest.raises(Forbidden):
                attempt()
    assert (BankLine.objects.count(), Payment.objects.count(), applied(invoice)) == (1, 1, ZERO)


def test_a_line_pays_invoices_and_the_rest_stays_on_the_account(money: Money) -> None:
    one, two = money.invoice("100.00"), money.invoice("50.00")
    line = money.line("200.00")
    parts = {one.pk: Decimal("120.00"), two.pk: Decimal("40.00")}
    payment = apply_line(line, money.world.customer.pk, parts, by=money.world.finance)
    assert (payment.number, payment.clearing, payment.amount, payment.applied) == ("PAY1", "cleared", Decimal("200.00"), Decimal("160.00"))
    assert (applied(one), applied(two), left(line)) == (Decimal("120.00"), Decimal("40.00"), ZERO)
    assert money.buckets() == (ZERO, Decimal("20.00"), Decimal("40.00"), ZERO)
    assert ReceivableEntry.objects.get(kind="payment").amount == Decimal("-200.00")
    assert (money.account.oldest_due_date, money.account.exposure) == (two.due_date, Decimal("-20.00"))
    event = timeline("payment", payment.pk)[0]
    assert (event.name, event.data["applied"]) == ("payment.applied", {str(one.pk): "120.00", str(two.pk): "40.00"})
    assert [timeline("order", o)[-1].name for o in (one.order_id, two.order_id)] == ["payment.applied"] * 2
    assert violated() == []


def test_a_line_is_split_over_customers_by_amounts(money: Money) -> None:
    mine = money.invoice("100.00")
    customer, account = money.other()
    theirs = money.invoice("50.00", customer=customer, account=account)
    line, finance = money.line("180.00"), money.world.finance
    apply_line(line, money.world.customer.pk, {mine.pk: Decimal("120.00")}, amount=Decimal("120.00"), by=finance)
    assert left(line) == Decimal("60.00")
    apply_line(line, customer.pk, {theirs.pk: Decimal("60.00")}, unmatched=Decimal("60.00"), by=finance)
    assert (left(line), applied(mine), applied(theirs)) == (ZERO, Decimal("120.00"), Decimal("60.00"))
    assert money.buckets() == money.buckets(account) == (ZERO, ZERO, ZERO, ZERO)
    assert violated() == []


@pytest.mark.parametrize(("line", "part", "options", "code"), [
    ("100.00", "100.01", {}, "above_payment"),
    ("200.00", "120.01", {}, "above_open"),
    ("100.00", "0.00", {}, "bad_amount"),
    ("100.00", "-5.00", {}, "bad_amount"),
    ("100.00", "5.005", {}, "bad_amount"),
    ("100.00", "50.00", {"amount": Decimal("49.99")}, "above_payment"),
    ("100.00", "50.00", {"amount": Decimal("100.01")}, "matched"),
    ("100.00", "50.00", {"amount": Decimal("99.995")}, "bad_amount"),
    ("100.00", "50.00", {"unmatched": Decimal("99.00")}, "line_changed"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_whole(money: Money, line: str, part: str, options: dict[str, Decimal], code: str) -> None:
    invoice, line_id = money.invoice("100.00"), money.line(line)
    with pytest.raises(OMSError) as refused:
        apply_line(line_id, money.world.customer.pk, {invoice.pk: Decimal(part)}, by=money.world.finance, **options)
    assert refused.value.code == code
    assert nothing_happened(money, line_id)


def test_a_payment_pays_only_its_own_account(money: Money) -> None:
    customer, account = money.other()
    theirs = money.invoice("50.00", customer=customer, account=account)
    line = money.line("60.00")
    with pytest.raises(Conflict) as refused:
        apply_line(line, money.world.customer.pk, {theirs.pk: Decimal("60.00")}, by=money.world.finance)
    assert refused.value.code == "other_account"
    assert nothing_happened(money, line)


def test_money_out_missing_things_and_customers_without_account_are_refused(money: Money) -> None:
    finance, customer = money.world.finance, money.world.customer.pk
    out = money.line("-60.00")
    with pytest.raises(Invalid) as outgoing:
        apply_line(out, customer, {}, by=finance)
    assert outgoing.value.code == "not_incoming"
    line = money.line("60.00")
    with pytest.raises(NotFound):
        apply_line(line, customer, {0: Decimal(1)}, by=finance)
    with pytest.raises(NotFound):
        apply_line(0, customer, {}, by=finance)
    money.world.customer.credit_membership.delete()
    with pytest.raises(Conflict) as none:
        apply_line(line, customer, {}, by=finance)
    assert none.value.code == "no_account"
    assert not Payment.objects.exists()


def test_what_was_left_over_is_applied_later(money: Money) -> None:
    finance = money.world.finance
    payment = apply_line(money.line("100.00", value_date=TODAY - days(5)), money.world.customer.pk, {}, by=finance)
    invoice = money.invoice("75.00")
    assert money.buckets() == (ZERO, Decimal("90.00"), Decimal("100.00"), ZERO)
    with pytest.raises(Conflict) as above:
        apply_rest(payment.pk, {invoice.pk: Decimal("90.01")}, by=finance)
    assert above.value.code == "above_open"
    with pytest.raises(Invalid):
        apply_rest(payment.pk, {}, by=finance)
    apply_rest(payment.pk, {invoice.pk: Decimal("90.00")}, by=finance)
    assert money.buckets() == (ZERO, ZERO, Decimal("10.00"), ZERO)
    assert Application.objects.get().value_date == TODAY
    other = money.invoice("75.00")
    with pytest.raises(Conflict) as spent:
        apply_rest(payment.pk, {other.pk: Decimal("10.01")}, by=finance)
    assert spent.value.code == "above_payment"
    assert violated() == []


def test_reversal_puts_everything_back_and_keeps_the_trace(money: Money) -> None:
    invoice, line, finance = money.invoice("100.00", day=TODAY - days(60)), money.line("150.00"), money.world.finance
    payment = apply_line(line, money.world.customer.pk, {invoice.pk: Decimal("100.00")}, by=finance)
    with pytest.raises(Invalid):
        reverse_payment(payment.pk, "  ", by=finance)
    reversed_ = reverse_payment(payment.pk, "not our customer's", by=finance)
    assert (reversed_.clearing, reversed_.applied) == ("reversed", ZERO)
    assert (applied(invoice), left(line)) == (ZERO, Decimal("150.00"))
    assert money.buckets() == (ZERO, Decimal("120.00"), ZERO, ZERO)
    assert list(Application.objects.order_by("pk").values_list("amount", flat=True)) == [Decimal("100.00"), Decimal("-100.00")]
    assert list(ReceivableEntry.objects.order_by("pk").values_list("kind", "amount")) == [
        ("invoice", Decimal("120.00")), ("payment", Decimal("-150.00")), ("reversal", Decimal("150.00")),
    ]  # fmt: skip
    assert money.account.oldest_due_date == invoice.due_date
    with pytest.raises(Conflict) as twice:
        reverse_payment(payment.pk, "again", by=finance)
    assert twice.value.code == "reversed"
    with pytest.raises(Conflict):
        apply_rest(payment.pk, {invoice.pk: Decimal(1)}, by=finance)
    assert timeline("payment", payment.pk)[-1].note == "not our customer's"
    apply_line(line, money.world.customer.pk, {invoice.pk: Decimal("120.00")}, by=finance)
    assert money.buckets() == (ZERO, ZERO, Decimal("30.00"), ZERO)
    assert violated() == []


def race(money: Money, attempt: Any) -> list[Any]:
    """Two people try `attempt` at once; what each got: a payment or an error."""
    both, results = threading.Barrier(2), []

    def person() -> None:
        try:
            results.append(attempt(both))
        except OMSError as error:
            results.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=person) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    return results


def test_two_tabs_never_apply_one_line_twice(live_money: Money) -> None:
    one, two = live_money.invoice("100.00"), live_money.invoice("100.00")
    line, customer, finance = live_money.line("120.00"), live_money.world.customer.pk, live_money.world.finance
    chosen = iter([one.pk, two.pk])

    def attempt(both: threading.Barrier) -> str:
        invoice = next(chosen)
        both.wait(5)
        return apply_line(line, customer, {invoice: Decimal("120.00")}, by=finance).number

    assert sorted(race(live_money, attempt)) == ["PAY1", "matched"]
    assert (Payment.objects.count(), applied(one) + applied(two), left(line)) == (1, Decimal("120.00"), ZERO)
    assert live_money.buckets() == (ZERO, Decimal("120.00"), ZERO, ZERO)
    assert violated() == []


def test_red_control_without_the_lock_the_second_tab_finds_the_line_unmatched_too(live_money: Money) -> None:
    """Read, check, write without the lock: both are told that the line is theirs; only the database's CHECK is left."""
    line = live_money.line("120.00")

    def attempt(both: threading.Barrier) -> bool:
        free = BankLine.objects.get(pk=line).unmatched >= 120
        both.wait(5)
        return free

    assert race(live_money, attempt) == [True, True]


def test_the_last_cent_of_an_invoice_is_paid_once(live_money: Money) -> None:
    invoice, customer, finance = live_money.invoice("100.00"), live_money.world.customer.pk, live_money.world.finance
    lines = iter([live_money.line("120.00", "one"), live_money.line("120.00", "two")])

    def attempt(both: threading.Barrier) -> str:
        line = next(lines)
        both.wait(5)
        return apply_line(line, customer, {invoice.pk: Decimal("120.00")}, by=finance).number

    assert sorted(race(live_money, attempt)) == ["PAY1", "above_open"]
    assert applied(invoice) == Decimal("120.00")
    assert violated() == []


ACCOUNTS = {
    "mt940_abnamro.txt": "NL71ABNA0517852257", "mt940_ing-unix.txt": "NL20INGB0001234567",
    "mt940_rabobank-iban.txt": "NL71RABO0123456789", "mt940_sparkasse.txt": "DE06870520000123456789",
    "camt053.v2.multi.statement.xml": "NL26VAYB8060476890",
}  # fmt: skip
# File → (statements, lines, differences).
CONTENTS = {
    "mt940_abnamro.txt": (2, 10, ["-2038.00", "-1002.60"]), "mt940_ing-unix.txt": (1, 7, ["49.06"]),
    "mt940_rabobank-iban.txt": (2, 4, []), "mt940_sparkasse.txt": (2, 2, []),
    "camt053.v2.multi.statement.xml": (2, 2, []),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ACCOUNTS))
def test_the_banks_files_come_in_once(money: Money, shared_data: Path, name: str) -> None:
    account = BankAccount.objects.create(name=name, iban=ACCOUNTS[name], currency_id="EUR")
    data = (shared_data / "bank" / name).read_bytes()
    statements, lines, differences = CONTENTS[name]
    first = import_statement(data, name, by=money.world.finance)
    assert (len(first.statements), first.new, first.known) == (statements, lines, 0)
    assert [str(d) for _n, d in first.differences] == differences
    before = (list(BankLine.objects.values()), list(BankStatement.objects.values()), Event.objects.count())
    again = import_statement(data, f"renamed {name}", by=money.world.finance)
    assert (again.statements, again.new, again.known) == ([], 0, lines)
    assert (list(BankLine.objects.values()), list(BankStatement.objects.values()), Event.objects.count()) == before
    assert set(BankLine.objects.values_list("account_id", flat=True)) == {account.pk}
    assert violated() == []


def test_a_statement_that_closes_in_another_currency_waits_until_somebody_says_why_it_stands(money: Money, shared_data: Path) -> None:
    """Opening and entry are in EUR, the closing balance is said to be in SEK: the money is there, the balance can't be checked."""
    BankAccount.objects.create(name="NL", iban="NL26VAYB8060476890", currency_id="EUR")
    data = (shared_data / "bank/camt053.v4.xml").read_bytes()
    result = import_statement(data, "v4", by=money.world.finance)
    assert (result.new, result.differences, result.flaws) == (1, [], [("12312/2", "a balance is in SEK, the entries are in EUR")])
    statement = BankStatement.objects.get()
    assert (statement.opening, statement.closing, statement.balances) == (Decimal("18.15"), Decimal("27.00"), False)
    assert quarantined([statement.pk]) == {statement.pk: Decimal(0)}
    assert import_statement(data, "again", by=money.world.finance).new == 0
    release_statement(statement.pk, "the bank confirms 27.00 EUR", by=money.world.finance)
    assert quarantined([statement.pk]) == {} and violated() == []


def test_entries_in_several_currencies_are_refused(money: Money, shared_data: Path) -> None:
    BankAccount.objects.create(name="NL", iban="NL26VAYB8060476890", currency_id="EUR")
    data = (shared_data / "bank/camt053.v2.multi.statement.xml").read_bytes().replace(b'Ccy="EUR">8.85', b'Ccy="SEK">8.85')
    with pytest.raises(Invalid) as refused:
        import_statement(data.replace(b"</Acct>", b"<Ccy>EUR</Ccy></Acct>"), "mixed", by=money.world.finance)
    assert refused.value.code == "statement_currencies"
    assert not BankLine.objects.exists()


# Every file of the data folders that a bank may be asked for: what becomes of it. All others are no statements.
STATEMENTS = {
    "bank/camt053.v2.multi.statement.xml": [("EUR", 1, "0.00", ""), ("EUR", 1, "0.00", "")],
    "bank/camt053.v4.xml": [("EUR", 1, "0", "a balance is in SEK, the entries are in EUR")],
    "bank/mt940_abnamro.txt": [("EUR", 8, "-2038.00", ""), ("EUR", 2, "-1002.60", "")],
    "bank/mt940_ing-unix.txt": [("EUR", 7, "49.06", "")],
    "bank/mt940_rabobank-iban.txt": [("EUR", 2, "0.00", ""), ("EUR", 2, "0.00", "")],
    "bank/mt940_sparkasse.txt": [("EUR", 1, "0.00", ""), ("EUR", 1, "0.00", "")],
}  # fmt: skip


def test_every_file_of_the_data_folders_is_read_or_refused_with_its_reason(shared_data: Path) -> None:
    read, refused = {}, {}
    for path in sorted(p for p in shared_data.rglob("*") if p.is_file()):
        name = str(path.relative_to(shared_data))
        try:
            read[name] = [(s.currency, len(s.lines), str(s.difference), s.flaw) for s in adapters.read(path.read_bytes())]
        except Invalid as error:
            refused[name] = error
    assert read == STATEMENTS
    assert len(refused) >= 30 and {error.code for error in refused.values()} == {"statement_unreadable"}
    assert all(str(error) and error.clears for error in refused.values())


def test_an_account_of_nobody_is_refused(money: Money, shared_data: Path) -> None:
    data = (shared_data / "bank/mt940_abnamro.txt").read_bytes()
    with pytest.raises(Invalid) as refused:
        import_statement(data, "abn", by=money.world.finance)
    assert refused.value.code == "unknown_account"
    assert not BankStatement.objects.exists()
    money.bank.currency_id = "USD"
    money.bank.save()
    with pytest.raises(Invalid) as currency:
        import_statement(data, "abn", account_id=money.bank.pk, by=money.world.finance)
    assert currency.value.code == "statement_currency"
    assert not BankLine.objects.exists()


def mt940(number: int, opening: str, amounts: list[str], day: str = "240105") -> bytes:
    """A statement of Acme's payments with nothing that tells its lines apart."""
    closing = Decimal(opening) + sum(map(Decimal, amounts))
    lines = "".join(f":61:{day}{day[2:]}C{a.replace('.', ',')}NTRFNONREF\n:86:ACME\n" for a in amounts)
    balance = lambda tag, x: f":{tag}:C{day}EUR{str(x).replace('.', ',')}\n"  # noqa: E731
    text = f":20:S\n:25:FR7630006000011234567890189\n:28C:{number}/1\n{balance('60F', opening)}{lines}{balance('62F', closing)}-\n"
    return text.encode()


def test_equal_lines_of_one_statement_are_all_recorded(money: Money) -> None:
    result = import_statement(mt940(1, "0.00", ["5.00", "5.00", "5.00"]), "a", by=money.world.finance)
    assert (result.new, result.differences) == (3, [])
    assert list(BankLine.objects.order_by("pk").values_list("occurrence_no", flat=True)) == [1, 2, 3]


def test_an_equal_line_on_the_next_statement_of_the_same_day_is_another_line(money: Money) -> None:
    import_statement(mt940(1, "0.00", ["5.00"]), "a", by=money.world.finance)
    assert import_statement(mt940(2, "5.00", ["5.00", "7.00"]), "b", by=money.world.finance).new == 2
    assert sorted(BankLine.objects.values_list("amount", "occurrence_no")) == [(5, 1), (5, 2), (7, 1)]
    assert violated() == []


def test_an_overlapping_export_brings_only_what_is_new(money: Money) -> None:
    import_statement(mt940(1, "0.00", ["5.00", "5.00"]), "a", by=money.world.finance)
    result = import_statement(mt940(9, "0.00", ["5.00", "5.00", "8.00"]), "b", by=money.world.finance)
    assert (result.new, result.known) == (1, 2)
    assert BankLine.objects.count() == 3
    assert violated() == []


def test_a_csv_names_no_account_so_it_must_be_chosen(money: Money) -> None:
    data = b"Date;Amount;Text;IBAN\n05.01.2024;1.234,50;Acme INV1;DE02120300000000202051\n2024-01-06;-3.00;fee;\n"
    with pytest.raises(Invalid):
        import_statement(data, "x.csv", by=money.world.finance)
    result = import_statement(data, "x.csv", account_id=money.bank.pk, by=money.world.finance)
    assert (result.new, result.known) == (2, 0)
    assert set(BankLine.objects.values_list("amount", "text")) == {(Decimal("1234.50"), "Acme INV1"), (Decimal("-3.00"), "fee")}
    assert violated() == []


def test_two_people_who_send_one_file_bring_its_lines_once(live_money: Money) -> None:
    data, finance = mt940(1, "0.00", ["5.00", "5.00"]), live_money.world.finance

    def attempt(both: threading.Barrier) -> int:
        both.wait(5)
        return import_statement(data, "a", by=finance).new

    assert sorted(race(live_money, attempt)) == [0, 2]
    assert (BankLine.objects.count(), BankStatement.objects.count()) == (2, 1)


def test_a_stale_page_is_told_what_is_left(money: Money) -> None:
    line, finance, customer = money.line("100.00"), money.world.finance, money.world.customer.pk
    apply_line(line, customer, {}, amount=Decimal("30.00"), unmatched=Decimal("100.00"), by=finance)
    with pytest.raises(Stale) as stale:
        apply_line(line, customer, {}, amount=Decimal("30.00"), unmatched=Decimal("100.00"), by=finance)
    assert stale.value.data["left"] == "70.000"
    assert left(line) == Decimal("70.00")
    assert CreditEntry.objects.filter(bucket="unapplied").count() == 1
