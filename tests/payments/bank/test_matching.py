"""The matching engine against a plain oracle, and each kind of evidence by exact scores."""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from oms.kernel.money import half_up
from payments.bank.domain import LineView, OpenInvoice, Proposal, match
from payments.bank.domain import index as index_of
from payments.bank.domain.anywhere import Anywhere
from payments.bank.domain.sums import Lookup, Sums
from payments.bank.domain.words import core_of, name_words, tokens

DAY = date(2026, 3, 2)
D = Decimal


def invoice(pk: int, amount: str, account: int = 1, name: str = "Acme Tools", **changes: Any) -> OpenInvoice:
    values = {
        "id": pk, "number": f"INV-{70000 + pk}", "order_number": f"SO{pk:07d}", "customer_po": "", "account_id": account,
        "customer_id": account, "customer_name": name, "due_date": DAY + timedelta(days=pk), "open": D(amount),
    }  # fmt: skip
    return OpenInvoice(**{**values, **changes})


def line(amount: str, words: str = "", payer: str = "", account: str = "", day: date = DAY) -> LineView:
    return LineView(1, D(amount), day, words, payer, account)


def best(x: LineView, invoices: list[OpenInvoice], **known: Any) -> Proposal:
    return match([x], invoices, **known)[1][0]


def codes(p: Proposal) -> list[str]:
    return [r.code for r in p.reasons]


@pytest.mark.parametrize("seed", range(6))
def test_sums_of_up_to_four_are_those_that_trying_all_finds(seed: int) -> None:
    r = random.Random(seed)
    values = [r.randint(1, 60) for _ in range(12)]
    sums = Sums(values)
    for target in range(1, 200, 7):
        wanted = [a for size in (1, 2, 3, 4) for a in combinations(range(12), size) if sum(values[i] for i in a) == target]
        found = sums.find(target, keep=10_000)
        assert (sorted(found.answers), found.whole) == (sorted(wanted), True)


def test_the_one_way_of_hundreds_of_items_is_found_and_two_ways_are_both_said() -> None:
    r = random.Random(7)
    values = [r.randint(10_000, 10**12) for _ in range(400)]
    chosen = tuple(sorted(r.sample(range(400), 4)))
    found = Sums(values).find(sum(values[i] for i in chosen))
    assert (found.answers, found.whole) == ((chosen,), True)
    assert Sums([5, 5, 9]).find(14).answers == ((0, 2), (1, 2))
    assert not Sums(list(range(1, 1200))).find(5).whole
    assert Sums([1, 2, 4, 8, 16, 32]).more(31) == [(0, 1, 2, 3, 4)]
    assert (Sums([3, 4, 5, 9]).run(9), Sums([4, 5, 9]).run(9), Sums([3, 4]).run(100)) == (None, None, None)
    assert Sums([3, 4, 5, 6]).run(15) == (1, 4)
    assert Sums([5, 3, 8, 8]).between(4, 8) == [0, 2, 3]


@pytest.mark.parametrize("most", [100, 10**18])
def test_a_lookup_knows_where_each_number_stood_however_large_it_is(most: int) -> None:
    import numpy as np

    numbers = np.array([random.Random(most).randint(0, most) for _ in range(300)], dtype=np.int64)
    lookup = Lookup(numbers)
    for wanted in [*numbers.tolist()[:50], 7, most + 1]:
        assert lookup.at(wanted) == [n for n, x in enumerate(numbers.tolist()) if x == wanted]
    asked = np.array([*numbers.tolist()[:5], most + 1, *numbers.tolist()[5:9]], dtype=np.int64)
    assert lookup.hits(asked).tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]


@pytest.mark.parametrize("seed", range(4))
def test_sums_of_anybody_are_the_fewest_that_trying_all_finds(seed: int) -> None:
    r = random.Random(seed)
    values = [[r.randint(1, 5_000) for _ in range(r.randint(1, 9))] for _ in range(12)]
    anywhere = Anywhere(values)
    for target in [*range(50, 9_000, 333), sum(values[3][:4]), sum(values[5][:3])]:
        outside = [r.randrange(12)]
        for size in (2, 3, 4):
            wanted = [(payer, a) for payer, own in enumerate(values) if payer not in outside
                      for a in combinations(range(len(own)), size) if sum(own[i] for i in a) == target]  # fmt: skip
            if wanted:
                break
        found, whole = anywhere.find(target, outside)
        assert whole and [(s.payer, s.places) for s in found] == wanted[:8]


def test_a_batch_looks_for_nobodys_sums_only_so_far_and_says_so() -> None:
    anywhere = Anywhere([[1, 2, 4], [10, 20, 40]])
    assert [(s.payer, s.places) for s in anywhere.find(70)[0]] == [(1, (0, 1, 2))]
    anywhere.work = 0
    assert anywhere.find(30)[0] and anywhere.find(70) == ([], False)


def test_sums_are_prepared_again_when_their_room_was_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    open_ = [invoice(a * 100 + i, f"{7 * i + a}.{a:02d}", account=a, name=f"Payer{a}x Word{a}y") for a in range(1, 9) for i in range(12)]
    lines = [LineView(n, sum((x.open for x in open_[k : k + 2]), D(0)), DAY, "", open_[k].customer_name) for n, k in enumerate(range(0, 96, 3))]
    before = match(lines, open_)
    monkeypatch.setattr(index_of, "PREPARED", 1)
    assert match(lines, open_) == before


def test_words_are_read_however_they_are_spaced_and_accented() -> None:
    assert {"INV2026", "INV20260017", "17"} <= tokens("inv 2026/0017 and 17")
    assert (core_of("INV-0012345"), core_of("SO0000012"), core_of("10248")) == ("12345", "", "10248")
    assert name_words("Müller & Söhne GmbH") == name_words("MUELLER SOEHNE") == {"MULLER", "SOHNE"}


def test_a_written_number_and_the_exact_amount_are_certain_whoever_paid() -> None:
    p = best(line("119.00", "Rechnung INV 70001"), [invoice(1, "119.00"), invoice(2, "119.00")])
    assert (p.allocations, p.score, p.certain, codes(p)) == (((1, D("119.00")),), 95, True, ["invoice_number", "amount"])
    p = best(line("50.00", "order SO 0000002 thanks"), [invoice(1, "50.00"), invoice(2, "50.00")])
    assert (p.allocations, p.score, p.certain) == (((2, D("50.00")),), 90, True)
    p = best(line("50.00", "10249"), [invoice(1, "50.00", order_number="10248"), invoice(2, "50.00", order_number="10249", account=2)])
    assert (p.allocations, p.certain) == (((2, D("50.00")),), True)


def test_one_payer_one_way_is_certain_by_account_and_by_name() -> None:
    open_ = [invoice(i, a) for i, a in enumerate(("10.00", "20.50", "41.13", "80.07", "161.77"), start=1)]
    three = best(line("212.90", account="FR 76 1"), open_, senders={"FR761": [1]})
    assert (dict(three.allocations), three.score, three.certain, codes(three)) == (
        {1: D("10.00"), 3: D("41.13"), 5: D("161.77")}, 95, True, ["amount_sum", "unique", "known_account"])
    four = best(line("303.47", payer="ACME TOOLS LTD"), open_)
    assert (dict(four.allocations), four.score, four.certain) == (
        {2: D("20.50"), 3: D("41.13"), 4: D("80.07"), 5: D("161.77")}, 90, True)


def test_two_equal_answers_are_both_shown_and_neither_is_certain() -> None:
    found = match([line("30.00", payer="Acme Tools")], [invoice(1, "30.00"), invoice(2, "30.00")])[1]
    assert [(p.allocations, p.score, p.ambiguous, p.certain) for p in found] == [
        (((1, D("30.00")),), 60, True, False), (((2, D("30.00")),), 60, True, False),
    ]  # fmt: skip
    found = match([line("30.00")], [invoice(1, "30.00"), invoice(2, "30.00", account=2, name="Beta Works")])[1]
    assert [(p.account_id, p.ambiguous, p.certain) for p in found] == [(1, True, False), (2, True, False)]
    # an account that two customers have paid from, who both owe exactly that
    both = match([line("30.00", account="X1")], [invoice(1, "30.00"), invoice(2, "30.00", account=2, name="Beta Works")], {"X1": [1, 2]})[1]
    assert [(p.score, p.ambiguous) for p in both] == [(89, True), (89, True)]


def test_an_unknown_payer_is_found_by_the_amount_but_never_certain() -> None:
    open_ = [invoice(1, "11.11"), invoice(2, "22.22"), invoice(3, "33.37", account=2, name="Beta"), invoice(4, "44.49", account=2, name="Beta")]
    single, pair = best(line("22.22"), open_), best(line("77.86"), open_)
    assert (single.allocations, single.score, single.certain, codes(single)) == (((2, D("22.22")),), 60, False, ["amount_only"])
    assert (dict(pair.allocations), pair.score, pair.certain) == ({3: D("33.37"), 4: D("44.49")}, 45, False)
    assert match([line("55.59")], open_)[1] == []  # sums never cross accounts


def test_part_over_fee_and_discount_say_what_they_are() -> None:
    one = [invoice(1, "100.00", discount=D("2.00"), discount_until=DAY)]
    part = best(line("60.00", "INV-70001"), one)
    assert (part.allocations, part.rest, part.score, codes(part)) == (((1, D("60.00")),), 0, 50, ["invoice_number", "partial"])
    over = best(line("150.00", "INV-70001"), one)
    assert (over.allocations, over.rest, over.certain, codes(over)) == (((1, D("100.00")),), D("50.00"), False, ["invoice_number", "rest"])
    fee = best(line("98.50", "INV-70001", day=DAY + timedelta(days=1)), one)
    assert (fee.allocations, fee.score, codes(fee)) == (((1, D("98.50")),), 70, ["invoice_number", "bank_fee"])
    kept = best(line("98.00", "INV-70001"), one)
    assert (kept.allocations, kept.discounts, kept.score, kept.certain) == (((1, D("98.00")),), ((1, D("2.00")),), 90, True)
    late = best(line("98.00", "INV-70001", day=DAY + timedelta(days=1)), one)
    assert (late.discounts, late.certain) == ((), False)


def test_named_invoices_of_which_some_were_paid_and_named_ones_with_others() -> None:
    order = [invoice(i, a, order_number="SO0000009") for i, a in ((1, "10.00"), (2, "25.00"), (3, "40.00"))]
    some = best(line("35.00", "SO0000009"), order)
    assert (dict(some.allocations), some.score, some.certain) == ({1: D("10.00"), 2: D("25.00")}, 90, True)
    more = best(line("65.00", "INV-70001 and another"), [invoice(1, "10.00"), invoice(2, "55.00"), invoice(3, "70.00")])
    assert (dict(more.allocations), more.score, codes(more)[:2]) == ({1: D("10.00"), 2: D("55.00")}, 85, ["invoice_number", "rest_sum"])


def test_a_member_who_owes_nothing_pays_for_the_account() -> None:
    p = best(line("10.00", account="X9"), [invoice(1, "10.00", customer_id=5), invoice(2, "12.00", customer_id=5)], senders={"X9": [77]}, members={77: 1})
    assert (p.customer_id, p.account_id, p.score, p.certain) == (77, 1, 95, True)


@pytest.mark.parametrize("seed", range(3))
def test_payments_of_one_to_four_orders_are_all_found_where_there_is_one_way(seed: int) -> None:
    """Twenty payers with a hundred open items each; every answer that is the only one comes first and is right."""
    r = random.Random(seed)
    open_ = [invoice(a * 1000 + i, f"{r.randint(10**5, 10**9)}.{r.randint(0, 99):02d}", account=a, name=f"Payer{a} Nameword{a}") for a in range(1, 21) for i in range(100)]
    by_account = {a: [x for x in open_ if x.account_id == a] for a in range(1, 21)}
    lines, wanted = [], {}
    for n in range(60):
        chosen = r.sample(by_account[r.randint(1, 20)], r.randint(1, 4))
        payer = "" if n % 3 == 0 else chosen[0].customer_name
        words = " ".join(x.number for x in chosen) if n % 3 == 0 else ""
        lines.append(LineView(n, sum((x.open for x in chosen), D(0)), DAY, words, payer))
        wanted[n] = {x.id for x in chosen}
    found = match(lines, open_)
    right = [n for n in wanted if {i for i, _ in found[n][0].allocations} == wanted[n] and found[n][0].certain]
    assert len(right) == 60


def northwind(folder: Path) -> list[OpenInvoice]:
    """Northwind's orders as open invoices, lines rounded half up (data/README.md: 1,265,793.29 in all)."""
    def table(name: str) -> list[dict[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    names = {row["CustomerID"]: row["CompanyName"] for row in table("customers")}
    codes = {code: n for n, code in enumerate(names, start=1)}
    totals: dict[str, Decimal] = {}
    for row in table("order_details"):
        net = half_up(D(row["UnitPrice"]) * int(row["Quantity"]) * (1 - D(row["Discount"])), 2)
        totals[row["OrderID"]] = totals.get(row["OrderID"], D(0)) + net
    assert sum(totals.values()) == D("1265793.29")
    return [OpenInvoice(int(o["OrderID"]), f"INV-{o['OrderID']}", o["OrderID"], "", codes[o["CustomerID"]], codes[o["CustomerID"]],
                        names[o["CustomerID"]], date.fromisoformat(o["RequiredDate"]), totals[o["OrderID"]]) for o in table("orders")]  # fmt: skip


def ways(items: list[OpenInvoice]) -> Counter[int]:
    """In how many ways one to four of the items make each amount in cents, by trying all."""
    values = [int(x.open * 100) for x in items]
    return Counter(sum(a) for size in (1, 2, 3, 4) for a in combinations(values, size))


@pytest.mark.parametrize("told", ["account", "name", "nothing"])
def test_real_orders_paid_singly_and_in_sums_of_up_to_four_are_all_matched(shared_data: Path, told: str) -> None:
    """All 830 orders of Northwind's 89 buying customers are open at once; each payment has one right answer."""
    open_, r = northwind(shared_data / "northwind"), random.Random(told)
    by_customer: dict[int, list[OpenInvoice]] = {}
    for x in open_:
        by_customer.setdefault(x.customer_id, []).append(x)
    own = {customer: ways(items) for customer, items in by_customer.items()}
    anybodys: Counter[int] = Counter()
    for counts in own.values():
        anybodys.update(counts)
    lines, wanted = [], {}
    for customer, items in by_customer.items():
        left = r.sample(items, len(items))
        while left:
            chosen, left = left[: (size := r.randint(1, 4))], left[size:]
            amount = sum((x.open for x in chosen), D(0))
            if (anybodys if told == "nothing" else own[customer])[int(amount * 100)] == 1:
                wanted[len(lines)] = {x.id for x in chosen}
                name, account = chosen[0].customer_name if told == "name" else "", f"ACC{customer}" if told == "account" else ""
                lines.append(LineView(len(lines), amount, DAY, "payment", name, account))
    found = match(lines, open_, {f"ACC{c}": [c] for c in by_customer})
    assert [n for n in wanted if {i for i, _part in found[n][0].allocations} != wanted[n] or found[n][0].ambiguous] == []
    assert len(lines) > (100 if told == "nothing" else 300)
    assert all(found[n][0].certain == (told != "nothing") for n in wanted)
