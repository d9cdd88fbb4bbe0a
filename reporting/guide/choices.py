"""The texts of the help: figures with what counts and what does not, and each role's day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Figure:
    """`counts` and `leaves_out` in words; `where` is the name of the page that shows it."""

    label: Any
    counts: Any
    leaves_out: Any
    where: str


FIGURES = (
    Figure(_("Ordered"), _("Net of tax of every submitted order, on the day it was submitted. Information only."),
           _("Drafts and recalled orders. A later cancellation does not lower it."), "reporting:performance"),
    Figure(_("Approved"), _("Net of tax of what was approved, on the day of the decision; what is taken back counts as less on its own day. Information only."),
           _("What still waits for a decision."), "reporting:performance"),
    Figure(_("Delivered"), _("Line net of what arrived, on the delivered date, for the post that owned the customer that day."),
           _("Goods in transit, services and charges."), "reporting:performance"),
    Figure(_("Returned"), _("What came back, at the original price, on the day of receipt; charged to the post and person that had the delivery."),
           _("Returns that are only asked for or on their way."), "reporting:performance"),
    Figure(_("Credited, goods kept"), _("Net of credit notes for goods that did not come back, on the note's date; charged to who owned the customer on the invoice's date."),
           _("Credit notes of returns (they are in Returned), cancelled invoices, cash discounts, write-offs."), "reporting:performance"),
    Figure(_("Net sales"), _("Delivered − returned − credited. Targets are measured against it."), _("Tax, charges, what is ordered and not delivered."), "reporting:performance"),
    Figure(_("Invoiced"), _("Net of invoices less net of credit notes and cancellations, each on its own date."),
           _("Cash discounts and write-offs: they are losses, not less invoiced. Pro forma invoices."), "reporting:performance"),
    Figure(_("Collected"), _("The net-of-tax share of cleared payments applied to invoices, on the bank's value date, less refunds on theirs."),
           _("Receipts not yet on the bank, cheques not cleared, money not applied, credit notes."), "reporting:performance"),
    Figure(_("Margin"), _("Delivered less the standard cost frozen when the goods were issued, as a share of delivered. Needs a right."), _("Returns, freight, discounts for early payment."),
           "reporting:performance"),
    Figure(_("On time, in full"), _("Lines whose first promise has passed and of which all that is approved had arrived by it."),
           _("Lines whose day has not come; a later promise does not replace the first."), "reporting:dashboard"),
    Figure(_("Fill rate"), _("Units that had arrived by their first promise, of those due."), _("The same as on time, in full."), "reporting:dashboard"),
    Figure(_("Backlog"), _("Approved and not issued, at net price, by the age of the order, as it is now."), _("What waits for approval."), "reporting:dashboard"),
    Figure(_("Owed and days sales outstanding"), _("Open invoices at the end of the day, gross, from applications of money and credit notes alone; in days of the last 90 days' invoiced."),
           _("Money on account that is not applied. Orders not invoiced."), "reporting:dashboard"),
    Figure(_("Ordered to paid"), _("Every unit of the orders of a time stands in exactly one place; each gap names its reason, who answers for it and whether we could have helped it."),
           _("Services and charges, which have no quantities."), "reporting:quantities"),
)  # fmt: skip

GUIDES = {
    "sales": (_("Press n, type the customer, the products and quantities; Ctrl+Enter submits. The hint beside a line is what will be promised."),
              _("Your customers are those of your post. Their form says first what you must know; press q there, or on an order, to open a case."),
              _("Nobody approves what they entered. An amendment (e) that raises a quantity waits for approval again.")),
    "approver": (_("g a is your queue: a approves all of a row, a number cuts to it, l leaves it. You see whose dates would get worse before you say yes."),
                 _("Above your limit a manager decides; above two signatures' limit two persons do.")),
    "manager": (_("Problems (g p) hold everything that waits for somebody, by age and money; start there."),
                _("Performance (g f) counts settled facts; every number opens its documents. Posts and people (g h) hands a post over in one action."),
                _("Targets, limits and policies take two persons; nobody confirms their own.")),
    "finance": (_("Bank lines with their proposals: Enter confirms and moves on. Certain matches post by rule."),
                _("Credit notes, refunds and write-offs are proposed by one and confirmed by another. Close a month in Performance when it is over: its figures then stand still."),
                _("A refund waits until you tie it to the line with which it left the bank. What an invoice in instalments is paid settles its earliest part first.")),
    "warehouse": (_("Ship (g w) shows what is released, by day. A short pick asks for a reason and plans the rest anew."),
                  _("A wave releases all that your location ships next, with one list to pick by. What lay in a cart that is given up waits under Put back."),
                  _("What happened is never refused: more than approved becomes a discrepancy that others clear.")),
    "administrator": (_("Accounts, roles and settings. You see no business documents; changes of roles take a second person."),),
}  # fmt: skip
