"""The practice company's notes: calls and visits at its larger customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from customers.parties.models import Customer
from customers.relations.services import add_activity
from oms.accounts.models import User

STEP = 32
NOTES = [
    ("C1001", "visit", 12, "Showed the new cordless range. They compare with two others; price for 24 pieces wanted.", -2),
    ("C1001", "call", 3, "Delivery on Tuesday is fine, the gate opens at 7.", None),
    ("C1004", "note", 20, "Accounts moved to Nîmes; invoices by mail to the new address from next month.", None),
    ("C1013", "visit", 8, "Stock round with Frau Petersen. Fasteners run out before month's end every time.", 5),
    ("C1019", "call", 6, "Asked for the reason of the cut. Explained: no stock in time; a substitute would be welcome.", None),
]
PEOPLE = {"C1001": "sofia", "C1004": "sofia", "C1013": "jonas", "C1019": "marc"}


def fill(by: Any) -> None:
    """Five notes, two with something to do."""
    users = {u.username: u for u in User.objects.all()}
    today = date.today()
    for code, kind, days, text, due in NOTES:
        add_activity(Customer.objects.get(code=code).pk, kind, today - timedelta(days=days), text, by=users[PEOPLE[code]],
                     follow_up_date=None if due is None else today + timedelta(days=due))  # fmt: skip
