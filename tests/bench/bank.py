"""`python -m tests.bench.bank [--lines 50000] [--customers 2000] [--formats csv,mt940,camt053]`: a bank file in and matched.

A made case with known truth: each line pays one to four open invoices of one customer, by number, by name, by a known
account, or by the amount alone. Counted is CPU time of this process and wall time of import and of proposing apart, and
how many answers are right. Works on a clone of the tests' template database.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from payments.bank.domain import NewBankLine, OpenInvoice

DAY = date(2026, 3, 2)
SYLLABLES = "ba be bo da de do ga ge go ka ke ko la le lo ma me mo na ne no ra re ro sa se so ta te to va ve vo za ze zo".split()
KINDS = ("number", "name", "account", "nothing")
WEIGHTS = (45, 30, 20, 5)


@dataclass(frozen=True)
class Case:
    """Open invoices, lines that pay them, and for each line the invoices it pays; `accounts` {payer's account: customer}."""

    invoices: list[OpenInvoice]
    lines: list[NewBankLine]
    truth: list[frozenset[int]]
    kinds: list[str]
    accounts: dict[str, int]


def word(r: random.Random) -> str:
    return "".join(r.choice(SYLLABLES) for _ in range(r.randint(3, 5))).title()


def make(lines: int, customers: int, seed: int = 1) -> Case:
    """A case of so many lines; amounts are spread so that the right answer is nearly always the only one."""
    r = random.Random(seed)
    names = {
        c: f"{word(r)} {word(r)} {r.choice(('GmbH', 'Ltd', 'SARL', 'BV'))}" for c in range(1, customers + 1)
    }
    weights = [r.paretovariate(2) for _ in names]
    open_: list[OpenInvoice] = []
    rows: list[tuple[NewBankLine, frozenset[int], str]] = []
    for customer in r.choices(list(names), weights, k=lines):
        chosen = []
        for _ in range(r.choices((1, 2, 3, 4), (60, 20, 12, 8))[0]):
            pk = len(open_) + 1
            chosen.append(OpenInvoice(pk, f"INV-{100_000 + pk}", f"SO{pk:07d}", f"PO-{r.randint(1, 10**7)}", customer, customer, names[customer],
                                      DAY - timedelta(days=r.randint(0, 60)), Decimal(r.randint(1_000, 5_000_000)) / 100))  # fmt: skip
            open_.append(chosen[-1])
        kind = r.choices(KINDS, WEIGHTS)[0]
        said = " ".join(x.number for x in chosen) if kind == "number" else "Payment of invoices, thank you"
        payer, account = (
            (names[customer].upper() if kind == "name" else ""),
            (f"FR76{customer:012d}" if kind == "account" else ""),
        )
        rows.append((NewBankLine(DAY, DAY, sum((x.open for x in chosen), Decimal(0)), f"TRANSFER {said}", payer, account, "", f"B{len(rows)}"),
                     frozenset(x.id for x in chosen), kind))  # fmt: skip
    lines_, truth, kinds = ([row[i] for row in rows] for i in range(3))
    return Case(
        open_, lines_, truth, kinds, {f"FR76{c:012d}": c for c in sorted({x.customer_id for x in open_})}
    )  # type: ignore[arg-type]


IBAN = "FR7630006000011234567890189"


def csv_of(case: Case) -> bytes:
    head = "booking_date;value_date;amount;text;counterparty;counterparty_account;bank_reference\n"
    rows = (
        f"{x.booking_date};{x.value_date};{x.amount};{x.text};{x.counterparty};{x.counterparty_account};{x.bank_reference}\n"
        for x in case.lines
    )
    return (head + "".join(rows)).encode()


def mt940_of(case: Case) -> bytes:
    day, total = f"{DAY:%y%m%d}", sum((x.amount for x in case.lines), Decimal(0))
    rows = "".join(
        f":61:{day}{day[2:]}C{str(x.amount).replace('.', ',')}N051NONREF//{x.bank_reference}\n:86:166?00GUTSCHRIFT?20SVWZ+{x.text[:27]}"
        f"{''.join(f'?{21 + i}{x.text[27 * (i + 1) : 27 * (i + 2)]}' for i in range(len(x.text) // 27))}"
        f"{f'?31{x.counterparty_account}' if x.counterparty_account else ''}{f'?32{x.counterparty[:27]}' if x.counterparty else ''}\n"
        for x in case.lines
    )  # fmt: skip
    return f":20:S\n:25:{IBAN}\n:28C:1\n:60F:C{day}EUR0,00\n{rows}:62F:C{day}EUR{str(total).replace('.', ',')}\n-\n".encode()


def camt_of(case: Case) -> bytes:
    def balance(code: str, amount: Decimal) -> str:
        return (f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
                f"<Dt><Dt>{DAY}</Dt></Dt></Bal>")  # fmt: skip

    rows = "".join(
        f'<Ntry><Amt Ccy="EUR">{x.amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{DAY}</Dt></BookgDt>'
        f"<ValDt><Dt>{DAY}</Dt></ValDt><AcctSvcrRef>{x.bank_reference}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties>"
        f"{f'<Dbtr><Nm>{x.counterparty}</Nm></Dbtr>' if x.counterparty else ''}"
        f"{f'<DbtrAcct><Id><IBAN>{x.counterparty_account}</IBAN></Id></DbtrAcct>' if x.counterparty_account else ''}"
        f"</RltdPties><RmtInf><Ustrd>{x.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for x in case.lines
    )  # fmt: skip
    total = sum((x.amount for x in case.lines), Decimal(0))
    return (f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>'
            f"<Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>{balance('OPBD', Decimal(0))}{balance('CLBD', total)}{rows}</Stmt></BkToCstmrStmt></Document>").encode()  # fmt: skip


WRITERS: dict[str, Callable[[Case], bytes]] = {"csv": csv_of, "mt940": mt940_of, "camt053": camt_of}


def timed(do: Callable[[], Any]) -> tuple[Any, float, float]:
    """(answer, wall, CPU of this process) of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = do()
    return found, round(time.perf_counter() - wall, 2), round(time.process_time() - cpu, 2)


CUSTOMERS = """
INSERT INTO customers_customer SELECT (jsonb_populate_record(m, jsonb_build_object('id', 1000000 + k.id, 'code', 'B' || k.id, 'name', k.name))).*
FROM customers_customer m, unnest(%s::bigint[], %s::text[]) k(id, name) WHERE m.id = %s
"""
ACCOUNTS = """
INSERT INTO payments_creditaccount
SELECT (jsonb_populate_record(m, jsonb_build_object('id', 1000000 + k.id, 'payer_id', 1000000 + k.id))).*
FROM payments_creditaccount m, unnest(%s::bigint[]) k(id) WHERE m.id = %s
"""
MEMBERS = "INSERT INTO payments_accountmember (customer_id, account_id) SELECT 1000000 + k, 1000000 + k FROM unnest(%s::bigint[]) k"
PAYERS = "INSERT INTO payments_payeraccount (account, customer_id, uses) SELECT a, 1000000 + k, 1 FROM unnest(%s::text[], %s::bigint[]) x(a, k)"
INVOICES = """
INSERT INTO payments_invoice (id, number, serial, series, account_id, customer_id, currency_id, order_id, order_number, customer_po,
    shipment_number, invoice_date, due_date, net, tax, total, issued_at, event_id)
SELECT i, number, i, 'bench', 1000000 + k, 1000000 + k, 'EUR', i, o, po, '', d, d, t, 0, t, now(), %s
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::date[], %s::numeric[]) v(i, number, k, o, po, d, t)
"""


def stage(case: Case) -> Any:
    """The case's customers, accounts and open invoices in the database, and our bank account; who may import."""
    from django.db import connection

    from oms.events.services import command
    from payments.models import BankAccount
    from tests.conftest import admin
    from tests.world import World

    world = World.make()
    BankAccount.objects.create(name="Main", iban=IBAN, currency_id="EUR")
    names = sorted({x.customer_id: x.customer_name for x in case.invoices}.items())
    with command("bench.bank", by=world.system) as cmd:
        event = cmd.event("bench.staged", [("user", world.system.pk)], {})
    ids, x = [pk for pk, _name in names], case.invoices
    with admin(
        connection.settings_dict["NAME"]
    ) as server:  # past the guards: a document apiece would take minutes
        server.execute("ALTER TABLE payments_invoice DISABLE TRIGGER ALL")
        server.execute(CUSTOMERS, [ids, [name for _pk, name in names], world.customer.pk])
        server.execute(ACCOUNTS, [ids, world.account.pk])
        server.execute(MEMBERS, [ids])
        server.execute(PAYERS, [list(case.accounts), list(case.accounts.values())])
        server.execute(
            INVOICES,
            [
                event,
                [i.id for i in x],
                [i.number for i in x],
                [i.customer_id for i in x],
                [i.order_number for i in x],
                [i.customer_po for i in x],
                [i.due_date for i in x],
                [i.open for i in x],
            ],
        )
        server.execute("ANALYZE")
    return world.finance


def run(case: Case, fmt: str) -> dict[str, Any]:
    """Import the case in one format and propose for every line of it."""
    from payments.bank.selectors import open_lines, propose
    from payments.bank.services import import_statement
    from payments.models import BankAccount

    user, data = stage(case), WRITERS[fmt](case)
    account = BankAccount.objects.get(iban=IBAN).pk
    result, wall, cpu = timed(lambda: import_statement(data, f"bench.{fmt}", by=user, account_id=account))
    assert result.new == len(case.lines), result
    found, match_wall, match_cpu = timed(lambda: propose(list(open_lines().select_related(None))))
    places = {x.bank_reference: x.pk for x in open_lines()}
    answers = [found[places[line.bank_reference]] for line in case.lines]
    first = [{i for i, _amount in proposals[0].allocations} if proposals else set() for proposals in answers]
    certain = [bool(p and p[0].certain) for p in answers]
    right = {
        kind: [f == t for f, t, k in zip(first, case.truth, case.kinds, strict=True) if k == kind]
        for kind in KINDS
    }
    wrong = sum(c and f != t for c, f, t in zip(certain, first, case.truth, strict=True))
    return {
        "format": fmt, "mb": round(len(data) / 2**20, 1), "import_wall": wall, "import_cpu": cpu, "propose_wall": match_wall,
        "propose_cpu": match_cpu, "wall": round(wall + match_wall, 2), "certain": sum(certain), "certain_and_wrong": wrong,
        "right": {kind: f"{sum(rows)}/{len(rows)}" for kind, rows in right.items()},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", default="csv,mt940,camt053")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.conftest import clone, clone_name, drop, ensure_template, use

    case = make(options.lines, options.customers, options.seed)
    for fmt in options.formats.split(","):
        name = clone_name()
        clone(ensure_template(), name)
        use(name)
        try:
            print(json.dumps(run(case, fmt)), flush=True)
        finally:
            from django.db import connections

            connections.close_all()
            drop(name)


if __name__ == "__main__":
    main()
