"""Bank statements out and in again: nothing new here, the same lines, balances and quarantine in an empty company."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from oms.events.models import Event
from payments.bank.models import BankAccount, BankLine, BankStatement
from payments.bank.selectors import quarantined
from payments.bank.services import NewBankLine, import_statement, record_bank_line
from tests.oms.files.conftest import world
from tests.payments.bank.test_services import mt940
from tests.world import World

__all__ = ["world"]

IBAN = "FR7630006000011234567890189"


@pytest.fixture
def bank(world: World) -> BankAccount:
    return BankAccount.objects.create(name="House bank", iban=IBAN, currency_id="EUR")


def run(name: str, *arguments: str) -> str:
    """What a command said; its refusal as text."""
    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}REFUSED {error}"
    return out.getvalue()


def lines() -> Any:
    return sorted(BankLine.objects.values_list("value_date", "amount", "text", "counterparty", "reference", "occurrence_no", "statement__number", "text_hash"))


def test_statements_and_keyed_lines_come_back_the_same(world: World, bank: BankAccount, tmp_path: Path) -> None:
    out, again = tmp_path / "out.csv", tmp_path / "again.csv"
    with transaction.atomic():
        import_statement(mt940(1, "0.00", ["5.00", "5.00", "2.75"]), "a", by=world.finance, account_id=bank.pk)
        import_statement(mt940(3, "9.00", ["1.00"]), "b", by=world.finance, account_id=bank.pk)  # a gap before it
        import_statement(b"date,amount,text\n2026-03-01,-4.00,\"=SUM(A1), two\nlines\"\n", "c.csv", by=world.finance, account_id=bank.pk)
        record_bank_line(bank.pk, NewBankLine(date(2026, 3, 2), date(2026, 3, 3), Decimal(3), text="keyed", counterparty="-Acme"), by=world.finance)
        assert run("export_bank_statement", str(out)) == f"6 lines written to {out}\n"
        assert run("import_bank_statement", str(out)) == "in 6, created 0, changed 0, known 6, rejected 0, statements 0\n"
        before, held = lines(), sorted(quarantined(list(BankStatement.objects.values_list("pk", flat=True))).values())
        transaction.set_rollback(True)
    assert not BankLine.objects.exists()
    assert run("import_bank_statement", str(out), "--dry-run").startswith("in 6, created 6, ")
    assert not BankLine.objects.exists()
    assert run("import_bank_statement", str(out), "--history") == "in 6, created 6, changed 0, known 0, rejected 0, statements 3\n"
    assert lines() == before and len(held) == 1
    assert sorted(quarantined(list(BankStatement.objects.values_list("pk", flat=True))).values()) == held
    assert Event.objects.filter(name="bank.statement_imported").first().data["imported_by"] == world.system.pk  # type: ignore[union-attr]
    run("export_bank_statement", str(again), "--account", IBAN)
    assert again.read_bytes() == out.read_bytes()
    call_command("verify", room="payments", verbosity=0)


def test_partial_takes_the_good_statements_and_names_the_others(world: World, bank: BankAccount, tmp_path: Path) -> None:
    import_statement(mt940(1, "0.00", ["5.00"]), "a", by=world.finance, account_id=bank.pk)
    path = tmp_path / "s.csv"
    run("export_bank_statement", str(path))
    text = path.read_text()
    head, row = text.splitlines()
    cells = row.split(",")
    strange = ",".join(["DE00", "8", *cells[2:]])
    changed = ",".join([*cells[:4], "6", *cells[5:]])
    fresh = ",".join([cells[0], "2", cells[2], "5", "12", *cells[5:9], "7", *cells[10:]])
    path.write_text("\n".join([head, strange, changed, fresh]) + "\n")
    refused = run("import_bank_statement", str(path))
    assert refused.startswith("REFUSED s.csv: The statement is of the account DE00, which is none of ours.")
    assert BankLine.objects.count() == 1
    said = run("import_bank_statement", str(path), "--partial")
    assert said.splitlines()[0] == "in 3, created 1, changed 0, known 0, rejected 2, statements 1"
    assert "  statement 8: The statement is of the account DE00" in said and f"REFUSED 2 statements were refused: see {path}.rejected.csv." in said
    assert Path(f"{path}.rejected.csv").read_text().splitlines()[1].startswith('s.csv,0,statement,8,"The statement is of the account DE00')
    assert BankStatement.objects.count() == 2


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [("amount", "1,5", "is not an amount"), ("value_date", "2026-02-30", "is not a date"), ("line_no", "0", "is not a number from 1"),
     ("opening", "x", "is not an amount"), ("reference", "r" * 141, "has 141 characters; at most 140 fit.")],
)  # fmt: skip
def test_a_broken_cell_is_named_with_row_and_column(world: World, bank: BankAccount, tmp_path: Path, column: str, value: str, why: str) -> None:
    import csv

    from payments.bank.adapters.exported import COLUMNS

    good = dict(zip(COLUMNS, [IBAN, "1", "2026-03-01", "0", "5", "EUR", "", "2026-03-01", "2026-03-01", "5", "1", "t", "", "", "", ""], strict=True))
    path = tmp_path / "s.csv"
    with path.open("w", newline="") as target:
        csv.writer(target).writerows([COLUMNS, good.values(), [{**good, column: value}[c] for c in COLUMNS]])
    said = run("import_bank_statement", str(path))
    assert said.startswith(f"REFUSED s.csv: row 3, column {column}: ") and why in said
    assert not BankLine.objects.exists()


def test_who_may_not_read_the_bank_writes_no_file(world: World, bank: BankAccount, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    assert run("export_bank_statement", str(path), "--by", "sales").startswith("REFUSED Your role may not do this (payments.view_bank).")
    assert not path.exists()
    assert "orders.enter_history" in run("import_bank_statement", __file__, "--history", "--by", "finance")
