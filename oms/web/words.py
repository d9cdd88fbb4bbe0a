"""Events in words, for timelines: what happened in one plain phrase."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web import format as fmt

PHRASES = {
    "order.submitted": gettext_lazy("entered and submitted the order, {total} {currency}"),
    "order.approved": gettext_lazy("approved"),
    "order.first_approval": gettext_lazy("approved as the first of two"),
    "order.cut": gettext_lazy("cut the order"),
    "order.draft_saved": gettext_lazy("saved the draft"),
    "order.template_kept": gettext_lazy("kept a template of orders"),
    "order.template_dropped": gettext_lazy("dropped a template of orders"),
    "order.discarded": gettext_lazy("discarded the draft"),
    "order.copied": gettext_lazy("copied the order into a new draft"),
    "order.recalled": gettext_lazy("recalled the order into a draft"),
    "order.rest_cancelled": gettext_lazy("cancelled what was not shipped"),
    "order.reopened": gettext_lazy("opened the completed order again"),
    "order.amended": gettext_lazy("amended the order"),
    "order.reapproved": gettext_lazy("approved the changed terms"),
    "order.rejected": gettext_lazy("rejected the order"),
    "order.cancelled": gettext_lazy("cancelled the order"),
    "order.completed": gettext_lazy("completed the order: everything delivered and settled"),
    "order.held": gettext_lazy("held the order"),
    "order.hold_ended": gettext_lazy("found that a hold is over: what opened it is gone"),
    "order.holds_checked": gettext_lazy("looked at the holds again"),
    "order.hold_lifted": gettext_lazy("released the {kind} hold of {amount}"),
    "shipment.released": gettext_lazy("released {units} units to the warehouse"),
    "shipment.shipped": gettext_lazy("shipped"),
    "shipment.delivered": gettext_lazy("confirmed delivery on {date}"),
    "shipment.cancelled": gettext_lazy("took a shipment back"),
    "shipment.picked": gettext_lazy("picked the shipment"),
    "shipment.picked_short": gettext_lazy("picked {units} units short: {reason}"),
    "shipment.packed": gettext_lazy("packed the shipment"),
    "shipment.put_back": gettext_lazy("put {units} units back on the shelf"),
    "shipment.kept_blocked": gettext_lazy("left {units} units of a cart blocked: no good"),
    "wave.opened": gettext_lazy("began a wave"),
    "wave.filled": gettext_lazy("released the wave with {shipments} shipments"),
    "shipment.delivery_failed": gettext_lazy("recorded a failed delivery"),
    "stock.put_away": gettext_lazy("put goods into another bin"),
    "shipment.in_transit": gettext_lazy("heard that the carrier brings the shipment"),
    "consignment.asked": gettext_lazy("gave the shipment to {service}"),
    "consignment.booked": gettext_lazy("{service} takes the shipment"),
    "consignment.refused": gettext_lazy("{service} refused the shipment"),
    "consignment.voiding": gettext_lazy("takes the shipment from {service}"),
    "consignment.voided": gettext_lazy("{service} gave the shipment up"),
    "carrier.rates_written": gettext_lazy("wrote {rates} carriers' prices"),
    "tracking.told": gettext_lazy("heard {events} times of parcels"),
    "shipment.undelivered": gettext_lazy("{units} units did not arrive"),
    "shipment.reversed": gettext_lazy("reversed the shipment: it never left"),
    "allocation.lost": gettext_lazy("lost {units} allocated units: they are not there"),
    "discrepancy.found": gettext_lazy("{units} units moved without approval"),
    "discrepancy.cleared": gettext_lazy("cleared {quantity} units of a discrepancy"),
    "return.requested": gettext_lazy("asked to send goods back"),
    "return.authorised": gettext_lazy("allowed the return"),
    "return.refused": gettext_lazy("refused the return"),
    "return.withdrawn": gettext_lazy("withdrew the return"),
    "return.sent": gettext_lazy("sent the goods back"),
    "return.received": gettext_lazy("received the returned goods"),
    "return.inspected": gettext_lazy("inspected the returned goods"),
    "return.disposed": gettext_lazy("decided where the returned goods go"),
    "return.repaired": gettext_lazy("brought goods back from repair: {restock} to stock, {scrap} to scrap"),
    "return.settled": gettext_lazy("settled the return"),
    "return.credited": gettext_lazy("credited {total} for the return"),
    "invoice.issued": gettext_lazy("issued an invoice of {total}"),
    "payment.applied": gettext_lazy("applied a payment of {amount}"),
    "payment.deposit_freed": gettext_lazy("put {amount} paid ahead back on account"),
    "payment.deposit_carried": gettext_lazy("{amount} paid ahead goes on with the new pro forma"),
    "month.closed": gettext_lazy("closed {month}"),
    "month.reopened": gettext_lazy("opened {month} again"),
    "pro_forma.issued": gettext_lazy("asked for {due} of {total} ahead"),
    "pro_forma.withdrawn": gettext_lazy("withdrew the pro forma"),
    "invoice.cancelled": gettext_lazy("cancelled the invoice"),
    "invoice.disputed": gettext_lazy("disputed the invoice"),
    "invoice.dispute_settled": gettext_lazy("settled the dispute"),
    "credit_note.issued": gettext_lazy("issued a credit note of {total}"),
    "credit_note.applied": gettext_lazy("used {amount} of a credit note"),
    "credit_note.undone": gettext_lazy("took back a cash discount of {total}"),
    "report.scheduled": gettext_lazy("asked for a table by mail"),
    "report.stopped": gettext_lazy("stopped a table by mail"),
    "report.sent": gettext_lazy("mailed a table"),
    "report.refused": gettext_lazy("did not mail a table: its owner may not see it"),
    "charge.asked": gettext_lazy("asked the provider for {amount}"),
    "charge.authorised": gettext_lazy("the provider authorised {amount}"),
    "charge.capturing": gettext_lazy("had {amount} captured"),
    "charge.captured": gettext_lazy("the provider has {amount}"),
    "charge.voiding": gettext_lazy("gave up a charge of {amount}"),
    "charge.voided": gettext_lazy("the provider gave {amount} up"),
    "charge.declined": gettext_lazy("the provider declined {amount}"),
    "charge.paid": gettext_lazy("{amount} charged is on the bank"),
    "charge.untied": gettext_lazy("{amount} charged is with the provider again: its payment was reversed"),
    "refund.asked_of_provider": gettext_lazy("asked the provider to give {amount} back"),
    "refund.given_by_provider": gettext_lazy("the provider gave {amount} back"),
    "refund.declined_by_provider": gettext_lazy("the provider gives nothing back: {note}"),
    "charge.returned": gettext_lazy("{amount} charged was taken back"),
    "refund.posted": gettext_lazy("paid back {amount}"),
    "refund.paid_out": gettext_lazy("tied {amount} paid back to a line of the bank"),
    "refund.pay_out_undone": gettext_lazy("took {amount} paid back off a line of the bank"),
    "account.reminded": gettext_lazy("wrote a reminder of {amount}"),
    "balance.asked": gettext_lazy("asked whether {balance} was owed at the end of {day}"),
    "balance.confirmed": gettext_lazy("the customer confirmed {balance} at the end of {day}"),
    "balance.differs": gettext_lazy("the customer's books show {said} instead of {balance} at the end of {day}"),
    "receipt.issued": gettext_lazy("gave a receipt for {amount}"),
    "receipt.deposited": gettext_lazy("deposited a cheque of {amount}"),
    "receipt.banked": gettext_lazy("{amount} collected is on the bank"),
    "receipt.lost": gettext_lazy("wrote {amount} collected off as lost"),
    "bank.statement_released": gettext_lazy("released a statement that does not add up"),
    "payment.bounced": gettext_lazy("the bank returned a payment of {amount}"),
    "payment.cleared": gettext_lazy("the payment of {amount} is cleared"),
    "payment.reversed": gettext_lazy("reversed a payment of {amount}"),
    "credit.opened": gettext_lazy("opened the credit account with a limit of {limit}"),
    "credit.limit_lowered": gettext_lazy("lowered the limit from {before} to {limit}"),
    "credit.blocked": gettext_lazy("blocked the credit account"),
    "credit.terms_proposed": gettext_lazy("proposed a limit of {limit} instead of {before}"),
    "credit.terms_confirmed": gettext_lazy("put the limit of {limit} into force, before {before}"),
    "promise.moved": gettext_lazy("moved the promise"),
    "target.set": gettext_lazy("set the target for {month} to {amount}"),
    "post.handed_over": gettext_lazy("handed the post over from {date} on"),
    "order.noted": gettext_lazy("wrote a note"),
    "order.note_dropped": gettext_lazy("dropped a note"),
    "post.delegated": gettext_lazy("has somebody stand in from {first} to {last}"),
    "post.delegation_ended": gettext_lazy("ended a stand-in"),
    "customer.changed": gettext_lazy("changed the customer"),
    "customer.assigned": gettext_lazy("gave the customer to another post"),
    "mail.sent_again": gettext_lazy("sent a mail again"),
    "letters.rules_set": gettext_lazy("changed who gets which mail"),
    "case.opened": gettext_lazy("opened a case"),
    "case.asked": gettext_lazy("noted what the customer said"),
    "case.answered": gettext_lazy("answered the customer"),
    "case.noted": gettext_lazy("added a note"),
    "case.assigned": gettext_lazy("gave the case to somebody"),
    "case.classified": gettext_lazy("changed the case"),
    "case.resolved": gettext_lazy("resolved the case"),
    "case.reopened": gettext_lazy("opened the case again"),
    "case.merged": gettext_lazy("merged the case into another"),
    "case.linked": gettext_lazy("linked two cases"),
    "customer.noted": gettext_lazy("noted something ({kind})"),
    "customer.followed_up": gettext_lazy("did what was agreed"),
    "plan.published": gettext_lazy("planned the backlog"),
    "plan.proposed": gettext_lazy("worked out a plan that waits for a decision"),
    "plan.accepted": gettext_lazy("accepted a proposed plan"),
    "plan.rejected": gettext_lazy("rejected a proposed plan"),
    "plan.undone": gettext_lazy("undid a plan"),
    "stock.receipt_moved": gettext_lazy("moved the receipt to {date}"),
    "count.opened": gettext_lazy("opened the sheet with {places} places"),
    "count.posted": gettext_lazy("posted {places} counted places, differences worth {amount}"),
    "count.reviewed": gettext_lazy("looked at the differences"),
    "count.cancelled": gettext_lazy("cancelled the sheet"),
    "stock.transfer_requested": gettext_lazy("asked for a transfer of {units} units"),
    "stock.transfer_cancelled": gettext_lazy("cancelled the transfer"),
    "stock.transfer_moved": gettext_lazy("moved the arrival to {date}"),
    "stock.transfer_shipped": gettext_lazy("shipped {units} units"),
    "stock.transfer_received": gettext_lazy("received {units} units"),
    "stock.transfer_closed": gettext_lazy("said that nothing more comes; {units} units are missing"),
    "stock.transfer_corrected": gettext_lazy("corrected what left by {units} units"),
    "stock.transfer_given_up": gettext_lazy("gave up a difference of {units} units"),
    "claim.expired": gettext_lazy("the claim ran out; {units} units are free again"),
    "order.criticality_changed": gettext_lazy("changed the criticality from {old} to {new}"),
    "feed.posted": gettext_lazy("posted the message"),
    "feed.quarantined": gettext_lazy("put the message in quarantine"),
    "feed.discarded": gettext_lazy("discarded the message"),
    "feed.code_set": gettext_lazy("said what {code} means"),
    "feed.gap_given_up": gettext_lazy("gave up messages {first} to {last}"),
    "feed.ignored_settled": gettext_lazy("said that nothing of {ignored} ignored messages is missing"),
    "feed.reset": gettext_lazy("let the numbers begin anew; {next} was next"),
    "channel.message_settled": gettext_lazy("processed the message"),
    "channel.message_quarantined": gettext_lazy("put the message in quarantine"),
    "channel.message_replayed": gettext_lazy("had the message tried again"),
    "channel.message_corrected": gettext_lazy("put the message right"),
    "channel.message_waived": gettext_lazy("took the message as it is"),
    "channel.message_discarded": gettext_lazy("discarded the message"),
    "channel.order_answered": gettext_lazy("answered the sender: {state}"),
    "plan.softened": gettext_lazy("planned the released goods again"),
}


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _written(data: dict[str, Any]) -> _Known:
    """The payload's values as people read them: amounts at the currency's exponent, ISO days as `Tue 12 Dec`."""
    shown = _Known(data)
    for key in ("total", "amount", "limit", "before"):
        if key in data:
            with suppress(InvalidOperation):
                shown[key] = fmt.money(Decimal(str(data[key])), data.get("currency", ""))
    if isinstance(day := data.get("date"), str):
        with suppress(ValueError):
            shown["date"] = fmt.day(date.fromisoformat(day))
    return shown


def phrase(name: str, data: dict[str, Any]) -> str:
    """What happened, in words; an event without a phrase shows its name."""
    known = PHRASES.get(name)
    return str(known).format_map(_written(data)) if known else name.replace(".", " ").replace("_", " ")


def entries(timeline: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows of the timeline component, newest first, from `oms.events.selectors.timeline`."""
    return [
        {"at": e.at, "who": _("System") if e.by_system else e.actor, "what": phrase(e.name, e.data), "why": e.note}
        for e in sorted(timeline, key=lambda e: (e.at, e.id), reverse=True)
    ]
