"""Kinds of hold, the steps each stops, and who may release it (PRODUCT.md section 2)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Step(TextChoices):
    APPROVE = "approve", _("Approve")
    CONFIRM = "confirm", _("Confirm")
    RELEASE = "release", _("Release to the warehouse")
    SHIP = "ship", _("Ship")
    INVOICE = "invoice", _("Invoice")


class HoldKind(TextChoices):
    CREDIT = "credit", _("Credit")
    OVERDUE = "overdue", _("Overdue invoices")
    PRICE = "price", _("Price")
    MARGIN = "margin", _("Margin")
    DATA = "data", _("Missing data")
    MANUAL = "manual", _("Set by hand")


STEPS = {
    HoldKind.CREDIT: (Step.APPROVE, Step.RELEASE),
    HoldKind.OVERDUE: (Step.APPROVE, Step.RELEASE),
    HoldKind.PRICE: (Step.APPROVE,),
    HoldKind.MARGIN: (Step.APPROVE,),
    HoldKind.DATA: (Step.APPROVE, Step.RELEASE),
    HoldKind.MANUAL: (Step.RELEASE,),
}

OWNERS = {
    HoldKind.CREDIT: "finance",
    HoldKind.OVERDUE: "finance",
    HoldKind.PRICE: "approver",
    HoldKind.MARGIN: "approver",
    HoldKind.DATA: "manager",
    HoldKind.MANUAL: "manager",
}
