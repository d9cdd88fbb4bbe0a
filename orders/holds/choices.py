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
    QUOTA = "quota", _("Quota")
    PRICE = "price", _("Price")
    MARGIN = "margin", _("Margin")
    DATA = "data", _("Missing data")
    PREPAYMENT = "prepayment", _("Prepayment")
    REAPPROVAL = "reapproval", _("To be approved anew")
    MANUAL = "manual", _("Set by hand")


STEPS = {
    HoldKind.CREDIT: (Step.APPROVE, Step.RELEASE),
    HoldKind.OVERDUE: (Step.APPROVE, Step.RELEASE),
    HoldKind.QUOTA: (Step.APPROVE,),
    HoldKind.PRICE: (Step.APPROVE,),
    HoldKind.MARGIN: (Step.APPROVE,),
    HoldKind.DATA: (Step.APPROVE, Step.RELEASE),
    HoldKind.PREPAYMENT: (Step.RELEASE,),
    HoldKind.REAPPROVAL: (Step.RELEASE, Step.SHIP, Step.INVOICE),
    HoldKind.MANUAL: (Step.RELEASE,),
}

OWNERS = {
    HoldKind.CREDIT: "finance",
    HoldKind.OVERDUE: "finance",
    HoldKind.QUOTA: "manager",
    HoldKind.PRICE: "approver",
    HoldKind.MARGIN: "approver",
    HoldKind.DATA: "manager",
    HoldKind.PREPAYMENT: "finance",
    HoldKind.REAPPROVAL: "approver",
    HoldKind.MANUAL: "manager",
}

CREDIT_KINDS = (HoldKind.CREDIT, HoldKind.OVERDUE)

# What money that comes may end.
MONEY_KINDS = (*CREDIT_KINDS, HoldKind.PREPAYMENT)

# What may end without a person, when what opened it is gone.
BY_ITSELF = (*MONEY_KINDS, HoldKind.QUOTA, HoldKind.MARGIN, HoldKind.DATA)
