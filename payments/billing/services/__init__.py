"""Writes of billing: `issuing` makes invoices, `crediting` what lowers them, `deciding` what takes two persons."""

from payments.billing.services.asking import issue_pro_forma, withdraw_pro_forma
from payments.billing.services.closing import close_month, month_of, propose_reopen_month, reopen_month
from payments.billing.services.crediting import (
    Crediting,
    apply_credit,
    cancel_whole,
    issue_credit,
    keep_discounts,
    undo_deduction,
    use_credit,
)
from payments.billing.services.deciding import (
    confirm_credit,
    confirm_refund,
    confirm_write_off,
    dispute_invoice,
    post_refund,
    propose_credit,
    propose_refund,
    propose_write_off,
    settle_dispute,
)
from payments.billing.services.dunning import dun
from payments.billing.services.issuing import (
    InvoiceHeader,
    InvoiceLineData,
    OrderPart,
    charge_fee,
    fee,
    issue_invoice,
    push_overdue,
    refresh_overdue,
)
from payments.billing.services.opening import OldInvoice, bring_invoices, clashing

__all__ = [
    "Crediting",
    "InvoiceHeader",
    "InvoiceLineData",
    "OldInvoice",
    "OrderPart",
    "apply_credit",
    "bring_invoices",
    "cancel_whole",
    "charge_fee",
    "clashing",
    "close_month",
    "confirm_credit",
    "confirm_refund",
    "confirm_write_off",
    "dispute_invoice",
    "dun",
    "fee",
    "issue_credit",
    "issue_invoice",
    "issue_pro_forma",
    "keep_discounts",
    "month_of",
    "post_refund",
    "propose_credit",
    "propose_refund",
    "propose_reopen_month",
    "propose_write_off",
    "push_overdue",
    "refresh_overdue",
    "reopen_month",
    "settle_dispute",
    "undo_deduction",
    "use_credit",
    "withdraw_pro_forma",
]
