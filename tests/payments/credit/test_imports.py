"""Credit limits by file: the first load sets them, one person only tightens them, what is exported comes back the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.management import call_command
from pytest import mark

from customers.models import Customer
from oms.events.models import Event
from payments.models import AccountMember, CreditAccount
from tests.oms.files.conftest import Files, files, table, world
from tests.world import World, make_customer

__all__ = ["files", "world"]

FULL = table(
    "customer limit limit_expires limit_share max_days_overdue max_amount_overdue blocked blocked_reason members",
    ("NEW", "25000", "2031-12-31", "0.8", "14", "500", "yes", "bounced cheque", "NEW,SHOP"), ("THIRD", "70", "", "", "", "", "", "", ""),
)  # fmt: skip


def customers(world: World) -> None:
    for code in ("NEW", "SHOP", "THIRD"):
        make_customer(code, code.title(), world.post)


def test_the_first_load_opens_accounts_with_their_terms_and_members(world: World, files: Files) -> None:
    customers(world)
    path = files.csv("l.csv", FULL)
    assert files.run("limits", path).counts == "2 rows in, 2 created, 0 changed, 0 the same, 0 rejected"
    account = CreditAccount.objects.get(payer__code="NEW")
    assert (account.currency_id, account.limit, account.limit_expires, account.limit_share) == ("EUR", 25_000, date(2031, 12, 31), Decimal("0.8"))
    assert (account.max_days_overdue, account.max_amount_overdue, account.blocked, account.blocked_reason) == (14, 500, True, "bounced cheque")
    assert set(account.members.values_list("customer__code", flat=True)) == {"NEW", "SHOP"}
    assert AccountMember.objects.get(customer__code="THIRD").account.limit == 70
    assert files.run("limits", path).counts == "2 rows in, 0 created, 0 changed, 2 the same, 0 rejected"


def test_what_is_exported_is_read_back_as_nothing_new_and_opens_the_same_elsewhere(world: World, files: Files) -> None:
    customers(world)
    files.run("limits", files.csv("l.csv", FULL))
    out = files.folder / "out.csv"
    call_command("export_limits", str(out), verbosity=0)
    assert files.run("limits", out).counts == "3 rows in, 0 created, 0 changed, 3 the same, 0 rejected"
    AccountMember.objects.all().delete()
    CreditAccount.objects.all().delete()
    assert files.run("limits", out).counts == "3 rows in, 3 created, 0 changed, 0 the same, 0 rejected"
    again = files.folder / "again.csv"
    call_command("export_limits", str(again), verbosity=0)
    assert again.read_bytes() == out.read_bytes()


def test_one_person_lowers_by_file_and_the_account_above_its_limit_is_blocked(world: World, files: Files) -> None:
    CreditAccount.objects.filter(pk=world.account.pk).update(reserved=800)
    run = files.run("limits", files.csv("l.csv", table("customer limit", ("ACME", "700"))), "--by", "finance")
    assert run.counts == "1 rows in, 0 created, 1 changed, 0 the same, 0 rejected"
    world.account.refresh_from_db()
    assert (world.account.limit, world.account.blocked, world.account.blocked_reason) == (700, True, "limit_cut")
    event = Event.objects.filter(name="credit.rules_changed").latest("pk")
    assert event.actor_id == world.finance.pk
    assert (event.data["before"], event.data["limit"], event.data["cut"]) == ("10000.000", "700", True)


@mark.parametrize("options", [("--by", "finance"), ()])
@mark.parametrize(
    ("column", "value"),
    [("limit", "10001"), ("limit_expires", ""), ("max_days_overdue", "31"), ("max_amount_overdue", ""), ("blocked", "no"), ("limit_share", "1")],
)
def test_what_allows_more_takes_two_persons(world: World, files: Files, options: tuple[str, ...], column: str, value: str) -> None:
    CreditAccount.objects.update(limit_expires=date(2030, 1, 1), max_amount_overdue=5, blocked=True, blocked_reason="x", limit_share=Decimal("0.5"))
    header, row = ("customer limit", ("ACME", value)) if column == "limit" else (f"customer limit {column}", ("ACME", "10000", value))
    path = files.csv("l.csv", table(header, row))
    files.run("limits", path, *options)
    assert files.rejected(path) == [
        ("2", column, value, "would allow more: that takes two persons (with --history, the first load of another system).")]  # fmt: skip
    world.account.refresh_from_db()
    assert (world.account.limit, world.account.blocked, world.account.limit_share) == (10_000, True, Decimal("0.5"))
    if not options:
        assert files.run("limits", path, "--history").refused == ""
        assert Event.objects.filter(name="credit.rules_changed").latest("pk").data["imported_by"] == world.system.pk


def test_a_person_opens_at_nothing_and_strangers_and_shares_of_others_are_named(world: World, files: Files) -> None:
    customers(world)
    path = files.csv("l.csv", table("customer currency limit members", ("NEW", "", "5", ""), ("NOBODY", "", "5", ""), ("SHOP", "XXX", "5", ""),
                                    ("THIRD", "JPY", "5.5", ""), ("SHOP", "", "0", "ACME,GHOST")))  # fmt: skip
    files.run("limits", path, "--by", "finance")
    assert files.rejected(path) == [
        ("2", "limit", "5", "a person opens an account at 0 and then proposes the limit; a second one confirms it."),
        ("3", "customer", "NOBODY", "there is no customer NOBODY."), ("4", "currency", "XXX", "the currency XXX is not set up."),
        ("5", "limit", "5.5", "JPY has no such fraction."),
        ("6", "members", "ACME,GHOST", "ACME has another credit account."), ("6", "members", "ACME,GHOST", "there is no customer GHOST."),
    ]  # fmt: skip
    assert CreditAccount.objects.count() == 1
    assert Customer.objects.filter(credit_membership=None).count() == 3
    assert "payments.open_account" in files.run("limits", path, "--by", "sales").refused
