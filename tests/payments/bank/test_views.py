"""Pages of the bank, through Django's client: a file in, a line by hand, matching, splitting, undoing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from payments.bank.services import apply_line
from payments.models import Application, BankAccount, BankLine, BankStatement, Invoice, Payment
from tests.payments.bank.test_services import mt940
from tests.payments.conftest import IBAN, TODAY, Money, days, violated

ZERO = Decimal(0)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def finance(money: Money) -> Client:
    return signed_in(money.world.finance)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:3_000]
    return response.content.decode()


def line_page(line_id: int) -> str:
    return reverse("payments:bank-line", args=[line_id])


def upload(client: Client, data: bytes, name: str = "a.sta", **fields: str) -> Any:
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("payments:bank-import"), {"file": file, "account": "", **fields})


def test_what_waits_stands_first_oldest_on_top(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00")
    done = money.line("120.00", "DONE-LINE")
    apply_line(done, money.world.customer.pk, {invoice.pk: Decimal("120.00")}, by=money.world.finance)
    money.line("7.00", "NEW-LINE"), money.line("-3.00", "OUT-LINE")
    money.line("5.50", "OLD-LINE", value_date=TODAY - days(9))
    page = text(finance.get(reverse("payments:bank-lines")))
    assert "2 lines to match, 12.50 in all" in page
    order = [page.index(word) for word in ("OLD-LINE", "NEW-LINE", "OUT-LINE", "DONE-LINE")]
    assert order[:2] == sorted(order[:2]) and max(order[:2]) < min(order[2:])
    for query, seen in (("state=unmatched", {"OLD-LINE", "NEW-LINE"}), ("state=out", {"OUT-LINE"}), ("state=matched", {"DONE-LINE"}),
                        ("q=5,50", {"OLD-LINE"}), ("q=new-", {"NEW-LINE"}), ("state=partly", set())):  # fmt: skip
        page = text(finance.get(f"{reverse('payments:bank-lines')}?{query}"))
        assert set(re.findall(r"[A-Z]+-LINE", page.split("data-table=")[1])) == seen, query


@pytest.mark.parametrize("rows", [3, 300])
def test_the_pages_take_the_same_number_of_statements(money: Money, finance: Client, rows: int, django_assert_max_num_queries: Any) -> None:
    upload(finance, mt940(1, "0.00", [f"{n + 1}.00" for n in range(rows)]))
    for _n in range(min(rows, 40)):
        money.invoice("100.00")
    first = BankLine.objects.earliest("pk").pk
    for url, most in ((reverse("payments:bank-lines"), 6), (reverse("payments:statement-list"), 5),
                      (reverse("payments:statement-detail", args=[BankStatement.objects.get().pk]), 7), (line_page(first), 16)):  # fmt: skip
        finance.get(url)
        with django_assert_max_num_queries(most):
            text(finance.get(url))


def test_a_file_comes_in_once_and_can_be_tried_first(money: Money, finance: Client) -> None:
    data = mt940(7, "10.00", ["5.00", "6.00"])
    assert "2 new lines." in text(upload(finance, data, **{"try": "1"}))
    assert not BankLine.objects.exists() and not BankStatement.objects.exists()
    answer = upload(finance, data)
    statement = BankStatement.objects.get()
    assert answer.url == reverse("payments:statement-detail", args=[statement.pk])
    assert (statement.opening, statement.closing, statement.lines.count()) == (Decimal("10.00"), Decimal("21.00"), 2)
    page = text(finance.get(answer.url))
    assert "2 new lines." in page and "10.00" in page and "21.00" in page and "0 of 2" in page
    page = text(finance.get(upload(finance, data, "renamed.sta").url))
    assert "Nothing new: the file came in before. 2 lines were known." in page
    assert (BankStatement.objects.count(), BankLine.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x00\x01\x02", "The file is no text"),
        (b"", "The submitted file is empty"),
        (b"<Document/>", "is not CAMT.053"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&b;</Document>', "CAMT.053"),
        (b":20:X\n:25:1\n:28C:1\n:60F:Cgarbage\n:61:x\n", ":20:X"),
        (b"date,amount\n2026-01-01,1.00\n2026-01-02,abc\n", "row 3, column amount: “abc” is not an amount"),
        (b"date,amount\n2026-02-30,1.00\n", "row 2, column booking_date: “2026-02-30” is not a date"),
        (b"date,amount\n2026-01-01,1.00\n", "none of ours"),
    ],
)
def test_a_broken_file_is_refused_clearly_and_brings_nothing(money: Money, finance: Client, data: bytes, said: str) -> None:
    assert said in text(upload(finance, data, "x"), 400)
    assert not BankLine.objects.exists() and not BankStatement.objects.exists()


def test_a_csv_needs_its_account_and_no_file_goes_to_another_account(money: Money, finance: Client) -> None:
    other = BankAccount.objects.create(name="Second", iban="NL91ABNA0417164300", currency_id="EUR")
    assert "not of Second" in text(upload(finance, mt940(1, "0.00", ["5.00"]), account=other.iban), 400)
    assert not BankLine.objects.exists()
    assert upload(finance, b"date,amount\n2026-01-02,1.00\n", account=other.iban).status_code == 302
    assert BankLine.objects.get().account == other


def keyed(**changes: str) -> dict[str, str]:
    return {"idempotency_key": "6f0f0d7e-5c36-4a52-9d5d-0e8f9b3a0001", "account": IBAN, "value_date": str(TODAY), "amount": "1.234,50",
            "counterparty": "Acme Tools", "counterparty_account": "", "text": "INV", "bank_reference": "", **changes}  # fmt: skip


def test_a_line_is_keyed_by_hand_once(money: Money, finance: Client) -> None:
    url = reverse("payments:bank-key")
    answer = finance.post(url, keyed())
    line = BankLine.objects.get()
    assert (line.amount, line.counterparty, answer.url) == (Decimal("1234.50"), "Acme Tools", line_page(line.pk))
    assert "recorded already" in text(finance.post(url, keyed()), 409)
    assert "is not an amount" in text(finance.post(url, keyed(amount="12x")), 400)
    assert "no such fraction" in text(finance.post(url, keyed(amount="1.001")), 400)
    assert BankLine.objects.count() == 1


def offered(page: str) -> list[dict[str, str]]:
    """The hidden fields of each proposal."""
    forms = re.findall(r'<form class="offer".*?</form>', page, re.S)
    return [dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) for form in forms]


def without_token(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def test_enter_confirms_the_best_proposal_and_moves_on(money: Money, finance: Client) -> None:
    one, two = money.invoice("100.00"), money.invoice("50.00")
    first, second = money.line("120.00", f"paid {one.number}", value_date=TODAY - days(2)), money.line("60.00", f"paid {two.number}")
    assert finance.get(reverse("payments:bank-match")).url == line_page(first)
    page = text(finance.get(line_page(first)))
    best = without_token(offered(page)[0])
    assert best == {"customer": "ACME", "shown": "120.00", f"pay-{one.number}": "120.00"}
    assert f"{one.number} is written on the line" in page and "exactly what is open" in page and "certain" in page
    assert page.count("autofocus") == 1
    answer = finance.post(line_page(first), best)
    assert answer.url == line_page(second)
    page = text(finance.get(answer.url))
    assert "PAY1: 120.00 applied." in page and "1 of 2 matched, 60.00 left" in page
    answer = finance.post(line_page(second), without_token(offered(page)[0]))
    assert answer.url == reverse("payments:bank-lines")
    assert [Invoice.objects.get(pk=i.pk).open_amount for i in (one, two)] == [ZERO, ZERO]
    assert "Everything that came in is matched." in text(finance.get(answer.url))
    assert violated() == []


def test_a_line_is_split_by_amounts_and_the_rest_stays_on_the_account(money: Money, finance: Client) -> None:
    one, two = money.invoice("100.00"), money.invoice("50.00")
    line = money.line("150.00", "no idea")
    page = text(finance.get(line_page(line), {"customer": "ACME"}))
    assert f'name="pay-{one.number}"' in page and 'data-whole="150.00"' in page
    assert page.count("autofocus") == 1 and re.search(rf'name="pay-{one.number}"[^>]*autofocus', page)  # Enter confirms no proposal here
    typed = {"customer": "ACME", "shown": "150.00", "amount": "", f"pay-{one.number}": "100,00", f"pay-{two.number}": " 20.5 "}
    page = text(finance.get(finance.post(line_page(line), typed).url))
    assert "PAY1: 120.50 applied, 29.50 stays on the account." in page
    assert (Invoice.objects.get(pk=one.pk).open_amount, Invoice.objects.get(pk=two.pk).open_amount) == (Decimal(20), Decimal("39.5"))
    assert money.buckets()[2] == Decimal("29.50")


def test_a_line_of_two_payers_is_split_between_them(money: Money, finance: Client) -> None:
    beta, account = money.other()
    line = money.line("100.00", "both")
    answer = finance.post(line_page(line), {"customer": "ACME", "shown": "100.00", "amount": "40.00"})
    assert answer.url == line_page(line)
    assert "Partly matched" in text(finance.get(answer.url)) and "60.00" in text(finance.get(answer.url))
    assert finance.post(line_page(line), {"customer": "BETA", "shown": "60.00"}).url == reverse("payments:bank-lines")
    assert (money.buckets()[2], money.buckets(account)[2]) == (Decimal(40), Decimal(60))


@pytest.mark.parametrize(
    ("changes", "said", "status"),
    [
        ({"pay-INV1": "121.00"}, "INV1 is open with 120.00", 409),
        ({"pay-INV1": "110.00", "pay-INV2": "60.00"}, "170.00 would be applied of 150.00", 409),
        ({"pay-INV1": "1.001"}, "smallest unit", 400),
        ({"pay-INV1": "-1"}, "above 0", 400),
        ({"pay-INV1": "many"}, "“many” for INV1 is not an amount", 400),
        ({"pay-INV9": "1"}, "There is no invoice INV9", 400),
        ({"customer": "NOBODY"}, "Say who paid", 400),
        ({"amount": "151"}, "Only 150.00 of this line is left", 409),
        ({"shown": "999.00", "pay-INV1": "1"}, "Somebody matched a part of this line meanwhile", 412),
    ],
)
def test_what_does_not_fit_is_said_with_the_input_kept(money: Money, finance: Client, changes: dict[str, str], said: str, status: int) -> None:
    money.invoice("100.00"), money.invoice("50.00")
    line = money.line("150.00")
    page = text(finance.post(line_page(line), {"customer": "ACME", "shown": "150.00", **changes}), status)
    assert said in page
    if "pay-INV1" in changes:
        assert f'value="{changes["pay-INV1"]}"' in page
    assert not Payment.objects.exists() and not Application.objects.exists()


def test_the_second_tab_is_told_and_nothing_is_applied_twice(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00")
    line = money.line("120.00", invoice.number)
    form = without_token(offered(text(finance.get(line_page(line))))[0])
    assert finance.post(line_page(line), form).status_code == 302
    page = text(finance.post(line_page(line), form), 409)
    assert "This line is matched already; nothing was applied again." in page and "PAY1" in page
    assert (Payment.objects.count(), Application.objects.count()) == (1, 1)


def test_a_payment_is_reversed_with_a_reason_from_its_page(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00")
    line = money.line("120.00", invoice.number)
    payment = apply_line(line, money.world.customer.pk, {invoice.pk: Decimal("120.00")}, by=money.world.finance)
    url = reverse("payments:payment-detail", args=[payment.number])
    page = text(finance.get(url))
    assert invoice.number in page and "120.00 is open again" in page
    reverse_url = reverse("payments:payment-reverse", args=[payment.number])
    assert "Say why" in text(finance.post(reverse_url, {"reason": " "}), 400)
    assert Invoice.objects.get().open_amount == ZERO
    assert finance.post(reverse_url, {"reason": "wrong customer"}).url == url
    page = text(finance.get(url))
    assert "Reversed" in page and "wrong customer" in page and "undone" in page and "Reverse the payment" not in page
    assert (Invoice.objects.get().open_amount, BankLine.objects.get().matched) == (Decimal(120), ZERO)
    assert violated() == []


def test_what_is_on_account_is_applied_later(money: Money, finance: Client) -> None:
    line = money.line("100.00")
    finance.post(line_page(line), {"customer": "ACME", "shown": "100.00"})
    invoice = money.invoice("100.00")
    url = reverse("payments:payment-detail", args=["PAY1"])
    assert f'name="pay-{invoice.number}"' in text(finance.get(url))
    finance.post(reverse("payments:payment-apply", args=["PAY1"]), {f"pay-{invoice.number}": "80.00"})
    assert "PAY1: 80.00 applied, 20.00 stays on the account." in text(finance.get(url))
    assert Invoice.objects.get().open_amount == Decimal(40)
    assert "above 0" in text(finance.post(reverse("payments:payment-apply", args=["PAY1"]), {f"pay-{invoice.number}": "-5"}), 400)
    assert Invoice.objects.get().open_amount == Decimal(40)


def test_managers_look_and_change_nothing(money: Money) -> None:
    invoice = money.invoice("100.00")
    line = money.line("120.00", invoice.number)
    manager = signed_in(money.world.manager)
    page = text(manager.get(line_page(line)))
    assert invoice.number in page and "Confirm" not in page and reverse("payments:bank-import") not in text(manager.get(reverse("payments:bank-lines")))
    assert manager.post(line_page(line), {"customer": "ACME", f"pay-{invoice.number}": "120.00"}).status_code == 403
    assert not Payment.objects.exists()
    assert signed_in(money.world.sales).get(line_page(line)).status_code == 403


def test_the_navigation_counts_what_waits_for_finance(money: Money, finance: Client) -> None:
    line, _out = money.line("120.00", "one"), money.line("-120.00", "out")
    assert finance.get(reverse("web:counts")).json()["payments:bank-lines"] == 1
    page = text(finance.get("/"))
    assert line_page(line) in page and "120.00" in page
    assert signed_in(money.world.manager).get(reverse("web:counts")).json()["payments:bank-lines"] == 0


def test_the_list_is_exported_with_typed_amounts(money: Money, finance: Client) -> None:
    money.line("1234.50", "=HYPERLINK(1)", counterparty="Acme")
    data = b"".join(finance.get(f"{reverse('payments:bank-lines')}?export=csv").streaming_content).decode()
    assert "Acme" in data and "1234.500" in data and "'=HYPERLINK(1)" in data


def test_the_command_imports_tries_and_refuses(money: Money, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.sta"
    file.write_bytes(mt940(1, "0.00", ["5.00", "6.00"]))
    call_command("import_bank_statement", str(file), "--dry-run")
    assert "created 2" in capsys.readouterr().out and not BankLine.objects.exists()
    call_command("import_bank_statement", str(file), "--format", "mt940")
    assert "in 2, created 2, changed 0, known 0, rejected 0, statements 1" in capsys.readouterr().out
    call_command("import_bank_statement", str(file))
    assert "in 2, created 0, changed 0, known 2" in capsys.readouterr().out and BankLine.objects.count() == 2
    csv = tmp_path / "b.csv"
    csv.write_text("date,amount\n2026-01-02,x\n")
    with pytest.raises(CommandError, match=r"b\.csv: .*row 2, column amount: “x” is not an amount"):
        call_command("import_bank_statement", str(csv))
    with pytest.raises(CommandError, match="No account of ours"):
        call_command("import_bank_statement", str(csv), "--account", "DE00")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_bank_statement", str(tmp_path / "none"))
    assert BankLine.objects.count() == 2


def test_the_banks_real_files_come_in_by_command_flagged_where_they_do_not_add_up(
    money: Money, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    BankAccount.objects.create(name="ABN", iban="NL71ABNA0517852257", currency_id="EUR")
    call_command("import_bank_statement", str(shared_data / "bank/mt940_abnamro.txt"))
    said = capsys.readouterr().out
    assert "in 10, created 10, changed 0, known 0, rejected 0, statements 2" in said
    assert said.count("flagged: statement") == 2 and "-2038.00" in said and "-1002.60" in said


def test_an_account_is_told_by_the_banks_code_where_two_numbers_end_alike(money: Money, finance: Client) -> None:
    BankAccount.objects.create(name="Rabo", iban="NL71RABO0123456789", currency_id="EUR")
    ours = BankAccount.objects.create(name="Sparkasse", iban="DE06870520000123456789", currency_id="EUR")
    data = mt940(1, "0.00", ["5.00"]).replace(IBAN.encode(), b"87052000/123456789")
    assert upload(finance, data).status_code == 302
    assert BankLine.objects.get().account == ours
