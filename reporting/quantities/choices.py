"""The steps from ordered to paid, and the parts each gap between them is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Dimension(TextChoices):
    """What a row of the comparison stands for."""

    PRODUCT = "product", _("Product")
    FAMILY = "family", _("Product family")
    CUSTOMER = "customer", _("Customer")
    TERRITORY = "territory", _("Region")
    MONTH = "month", _("Month")


class Measure(TextChoices):
    UNITS = "units", _("Units")
    VALUE = "value", _("Net value")


@dataclass(frozen=True)
class Step:
    """One step; its gap is what of `of` (another step) has not come so far, in `parts`."""

    code: str
    label: Any
    of: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Why a quantity has not come further. `kind`: waiting (its term has not passed), attention (it has), lost, unexplained.

    `party` answers for it; `controllable`: whether we could have helped it (None: the reason code says).
    """

    code: str
    label: Any
    kind: str
    party: Any = ""
    controllable: bool | None = False


STEPS = (
    Step("ordered", _("Ordered")),
    Step("approved", _("Approved"), "ordered",
         ("pending", "pending_held", "pending_expired", "cut", "short_at_entry", "order_cancelled", "taken_off", "unexplained_cut", "unexplained_pending")),
    Step("shipped", _("Issued"), "approved", ("allocated", "planned", "held", "backordered", "stale", "unexplained_open")),
    Step("delivered", _("Delivered"), "shipped", ("transit", "late", "undelivered")),
    Step("returned", _("Returned")),
    Step("invoiced", _("Invoiced"), "shipped", ("unbilled", "billed_later", "unbilled_held", "invoice_cancelled", "unexplained_unbilled")),
    Step("paid", _("Paid"), "invoiced",
         ("not_due", "overdue", "credited_return", "credited_goods", "credited_price", "cash_discount", "written_off")),
)  # fmt: skip

COMPANY, CUSTOMER, SUPPLIER, CARRIER = _("Company"), _("Customer"), _("Supplier"), _("Carrier")

PARTS = {
    part.code: part
    for part in (
        Part("pending", _("Waits for approval"), "waiting", COMPANY, True),
        Part("pending_held", _("Held before approval"), "attention", CUSTOMER),
        Part("pending_expired", _("Waits for approval, its claim ran out"), "attention", COMPANY, True),
        Part("cut", _("Cut by the approver"), "lost", "", None),
        Part("short_at_entry", _("Not available when ordered"), "lost", SUPPLIER, True),
        Part("order_cancelled", _("Order cancelled"), "lost", CUSTOMER),
        Part("taken_off", _("Taken off after ordering"), "lost", CUSTOMER),
        Part("unexplained_cut", _("Cancelled without a reason"), "unexplained"),
        Part("unexplained_pending", _("Undecided in a closed order"), "unexplained"),
        Part("allocated", _("With the warehouse"), "waiting", COMPANY, True),
        Part("planned", _("Planned to ship"), "waiting", COMPANY, True),
        Part("held", _("Held before release"), "attention", CUSTOMER),
        Part("backordered", _("No supply in sight"), "attention", SUPPLIER, True),
        Part("stale", _("Its ship day passed, nothing released it"), "unexplained"),
        Part("unexplained_open", _("Open in a closed order"), "unexplained"),
        Part("transit", _("In transit"), "waiting", CARRIER),
        Part("late", _("In transit, late"), "attention", CARRIER, True),
        Part("undelivered", _("Came back undelivered"), "lost", CARRIER, True),
        Part("unbilled", _("Being invoiced"), "waiting", COMPANY, True),
        Part("billed_later", _("Invoiced with others, as agreed"), "waiting", CUSTOMER),
        Part("invoice_cancelled", _("Invoice cancelled, not invoiced again"), "attention", COMPANY, True),
        Part("unbilled_held", _("Held before invoicing"), "attention", COMPANY, True),
        Part("unexplained_unbilled", _("Shipped over a day ago, not invoiced"), "unexplained"),
        Part("not_due", _("Not due yet"), "waiting", CUSTOMER),
        Part("overdue", _("Overdue"), "attention", CUSTOMER),
        Part("credited_return", _("Came back, credited"), "lost", "", None),
        Part("credited_goods", _("Credited, nothing came back"), "lost", COMPANY, True),
        Part("credited_price", _("Credited in price"), "lost", COMPANY, True),
        Part("cash_discount", _("Cash discount kept"), "lost", CUSTOMER),
        Part("written_off", _("Written off"), "lost", CUSTOMER),
    )
}
# Parts whose losses are listed by their reason codes instead.
BY_REASON = frozenset({"cut", "credited_return"})
# The kinds of credit note behind a part.
NOTES = {
    "credited_return": "credit", "credited_goods": "credit", "credited_price": "credit", "cash_discount": "cash_discount",
    "written_off": "write_off", "invoice_cancelled": "cancellation",
}  # fmt: skip
STEP_CODES = tuple(step.code for step in STEPS)
UNEXPLAINED = tuple(code for code, part in PARTS.items() if part.kind == "unexplained")
