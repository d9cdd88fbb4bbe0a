"""Decide an order: offers, placement, totals, holds, policy band. Reads (three statements), never writes.

The same function answers the form's hint, the API's simulation and the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from customers.parties.choices import ShortageRule
from oms.accounts.policies import authorize
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import half_up
from oms.kernel.quantity import to_base, to_multiple
from orders.approval.domain import Asked as PolicyAsked
from orders.approval.domain import Band, approves_itself, below_margin, decided_by
from orders.book.choices import LineKind, OrderStatus
from orders.book.domain import Priced, Totals, totals
from orders.book.selectors import content_hash
from orders.entry.domain import Answer, EntryRequest, HoldAnswer, LineAnswer
from orders.entry.selectors.head import Head
from orders.holds.choices import STEPS, HoldKind, Step
from orders.holds.domain import Share, charge
from orders.planning.selectors import Ask, AskLine, Placed, place
from orders.pricing.selectors import Asked, Buyer, Offer, charge_tax, offers
from payments.credit.domain import AccountView, decide
from payments.credit.selectors import said

DEFAULT_CRITICALITY = 2


class Assessed(NamedTuple):
    """One line, decided: what will stand in the book. Quantities in base units."""

    id: int
    kind: str
    product_id: int | None
    sku: str
    description: str
    entered_quantity: Decimal
    entered_unit: str
    quantity: int
    cancelled: int
    no_split: bool
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    price_source: str
    unit_cost: Decimal
    net: Decimal
    tax_category: str
    tax_rate: Decimal

    @property
    def priced(self) -> Priced:
        """The line as money sees it, for what is not cancelled."""
        return Priced(
            self.quantity - self.cancelled, self.unit_price, self.price_unit, self.discount, self.tax_category,
            self.tax_rate,
        )  # fmt: skip


@dataclass(frozen=True)
class Assessment:
    """The whole decision: lines for the book, placement for the plan, and the answer people see."""

    lines: tuple[Assessed, ...]
    placed: Placed
    answer: Answer
    approved: bool
    reservation: Decimal
    content_hash: bytes
    delivery_rule: int
    shortage_rule: str
    criticality: int
    shares: tuple[Share, ...] = ()


def assess(request: EntryRequest, found: Head, at: datetime, by: Any, locked: bool = False) -> Assessment:
    """Decide `request` at business time `at`; `locked` reads the cells under their locks (second try)."""
    on = at.date()
    buyer = Buyer(
        found.customer_id or 0, found.customer_group, found.customer_class, found.currency, found.tax_status,
        found.company_country or "", found.ship_to_country,
    )  # fmt: skip
    asked = [Asked(line.sku, line.quantity, line.unit) for line in request.lines]
    known = offers(buyer, on, asked, cells=True)
    lines = goods_lines(request, found, known, by)
    missing_tax = [line.sku for line in lines if not line.tax_category]
    lines += charge_lines(request, found, buyer, on)
    if any(not line.tax_category for line in lines[len(request.lines) :]):
        missing_tax.append(_("charges"))
    requested = request.requested_date or on
    delivery_rule = found.delivery_rule if request.delivery_rule is None else request.delivery_rule
    shortage_rule = request.shortage_rule or found.shortage_rule
    criticality = DEFAULT_CRITICALITY if request.criticality is None else request.criticality
    placed = place(
        Ask(
            found.customer_class, criticality, requested, at, found.transit_zone, found.receiving_calendar_id,
            delivery_rule, found.max_shipments,
            tuple(AskLine(x.id, x.product_id, x.quantity, x.no_split) for x in lines if x.product_id is not None),
        ),
        found.lane_stamp,
        locked=locked, cells=[cell for offer in known for cell in offer.cells],
    )  # fmt: skip
    lines = apply_shortage_rule(lines, placed, shortage_rule)
    money = totals([line.priced for line in lines], found.exponent)
    lines = [line._replace(net=net) for line, net in zip(lines, money.nets, strict=True)]
    band = policy_band(found)
    policy_view = PolicyAsked(
        money.net, cost_of(lines), max((line.discount for line in lines), default=Decimal(0)), held=False,
        together=found.together,
    )
    quota = charge(found.quotas or (), [(x.id, x.product_id, x.quantity - x.cancelled) for x in lines if x.product_id is not None])
    holds, left = find_holds(found, money.total, on, missing_tax, placed, band, policy_view)
    holds += expectation_holds(request, money, found.currency)
    if quota.over:
        reason = _("%(units)s above the quota.") % {"units": sum(quota.over.values())}
        holds.append(HoldAnswer(HoldKind.QUOTA.value, "quota", money.total, reason))
    stopped = any(Step.APPROVE in STEPS[HoldKind(h.kind)] for h in holds)
    approved = not request.history and approves_itself(band, replace(policy_view, held=stopped))
    credit_held = any(h.kind in (HoldKind.CREDIT, HoldKind.OVERDUE) for h in holds) and not request.history
    reservation = money.total - paid_first(found, money.total) if found.account_id is not None and not credit_held else Decimal(0)
    answer = Answer(
        lines=tuple(line_answer(line, placed, quota.left) for line in lines if line.kind == LineKind.GOODS),
        currency=found.currency, net=money.net, tax=money.tax, total=money.total, credit_left=left,
        holds=tuple(holds), approval="policy" if approved else decided_by(band, replace(policy_view, held=True)),
        status=(OrderStatus.APPROVED if approved else OrderStatus.SUBMITTED).value,
        claim_expires_at=None if approved else claim_expiry(at, found.claim_days or 2),
        requested_date=requested, number=found.number, order_id=found.order_id,
    )  # fmt: skip
    sealed = content_hash(
        found.ship_to_id or 0, found.terms_days,
        [(x.id, x.product_id, x.quantity, x.unit_price, x.price_unit, x.discount) for x in lines],
    )  # fmt: skip
    return Assessment(
        tuple(lines), placed, answer, approved, reservation, sealed, delivery_rule, shortage_rule, criticality,
        () if quota.over and not request.history else quota.shares,
    )  # fmt: skip


def goods_lines(request: EntryRequest, found: Head, known: list[Offer], by: Any) -> list[Assessed]:
    """The product lines; Invalid `invalid_lines` lists every unknown SKU, unit, fraction, missing price at once."""
    lines, errors = [], []
    for i, (line, offer) in enumerate(zip(request.lines, known, strict=True)):
        try:
            lines.append(goods_line(found.line_ids[i], line, offer, by, request.history))
        except Invalid as error:
            errors.append({"field": f"lines.{i}.{error.data.get('field', 'sku')}", "code": error.code,
                           "message": str(error), **{k: v for k, v in error.data.items() if k != "field"}})
    if errors:
        raise Invalid(errors[0]["message"], code="invalid_lines", errors=errors)
    return lines


def goods_line(line_id: int, line: Any, offer: Offer, by: Any, history: bool = False) -> Assessed:
    """One product line against its offer (`history`: retired products were sold). Raises Invalid with the field at fault."""
    if offer.product_id is None:
        raise Invalid(_("There is no product %(sku)s.") % {"sku": line.sku}, code="unknown_sku", field="sku")
    if not offer.active and not history:
        raise Invalid(_("%(sku)s is no longer sold.") % {"sku": line.sku}, code="product_retired", field="sku")
    if offer.num is None or offer.den is None:
        raise Invalid(_("%(sku)s has no unit %(unit)s.") % {"sku": line.sku, "unit": line.unit}, code="unknown_unit",
                      field="unit")
    try:
        quantity = to_base(line.quantity, offer.num, offer.den)
    except Invalid as error:
        error.data["field"] = "quantity"
        raise
    fitting = to_multiple(quantity, offer.minimum or 1, offer.multiple or 1)
    if fitting != [quantity]:
        raise Invalid(
            _("%(sku)s is sold from %(minimum)s in steps of %(multiple)s; nearest: %(nearest)s.")
            % {"sku": line.sku, "minimum": offer.minimum, "multiple": offer.multiple,
               "nearest": ", ".join(map(str, fitting))},
            code="quantity_not_sold", field="quantity", nearest=fitting,
        )  # fmt: skip
    price, source = offer.price, offer.price_source
    if line.price is not None or line.discount:
        authorize(by, "orders.override_price")
        if not line.reason.strip():
            raise Invalid(_("A price or discount by hand needs a reason."), code="reason_missing", field="price")
        price, source = (offer.price if line.price is None else line.price), f"manual:{by.pk}"
    if price is None:
        raise Invalid(_("No price list has a price for %(sku)s.") % {"sku": line.sku}, code="no_price", field="price")
    return Assessed(
        line_id, LineKind.GOODS.value, offer.product_id, offer.sku, offer.name or "", line.quantity,
        line.unit or offer.base_unit or "", quantity, 0, line.no_split, price, offer.price_unit or 1,
        line.discount or Decimal(0), source or "", offer.unit_cost or Decimal(0), Decimal(0),
        offer.tax_category or "", offer.tax_rate or Decimal(0),
    )  # fmt: skip


def charge_lines(request: EntryRequest, found: Head, buyer: Buyer, on: date) -> list[Assessed]:
    """Charges as lines of quantity 1 at their amount; one more statement, only when there are any."""
    if not request.charges:
        return []
    category, rate = charge_tax(buyer, on) or ("", Decimal(0))
    ids = found.line_ids[len(request.lines) :]
    return [
        Assessed(
            line_id, LineKind.CHARGE.value, None, "", charge.description, Decimal(1), "", 1, 0, False, charge.amount, 1,
            Decimal(0), "charge", Decimal(0), Decimal(0), category, rate,
        )
        for line_id, charge in zip(ids, request.charges, strict=True)
    ]  # fmt: skip


def apply_shortage_rule(lines: list[Assessed], placed: Placed, rule: str) -> list[Assessed]:
    """What has no supply in sight is backordered (default), cancelled, or refuses the order."""
    short = {line.id: line.quantity - placed.promised(line.id) for line in lines if line.product_id is not None}
    missing = {line_id: q for line_id, q in short.items() if q > 0}
    if not missing or rule == ShortageRule.BACKORDER:
        return lines
    if rule == ShortageRule.REFUSE or sum(missing.values()) == sum(x.quantity for x in lines if x.id in short):
        names = ", ".join(f"{x.sku}: {missing[x.id]} of {x.quantity}" for x in lines if x.id in missing)
        raise Conflict(_("No supply in sight for %(lines)s.") % {"lines": names}, code="shortage",
                       clears=_("Order less, or let it be backordered."), missing=names)
    return [line._replace(cancelled=missing.get(line.id, 0)) for line in lines]


def cost_of(lines: list[Assessed]) -> Decimal:
    """Standard cost of the goods."""
    return sum((line.unit_cost * line.quantity for line in lines if line.product_id is not None), Decimal(0))


def policy_band(found: Head) -> Band:
    """The policy version of the head; none at all approves nothing."""
    if found.policy_version is None:
        return Band(0, Decimal(-1), Decimal(0), Decimal(0), Decimal(0))
    return Band(found.policy_version, found.auto_limit, found.auto_max_discount, found.minimum_margin,
                found.approver_limit, found.approver_max_discount, found.second_above)


def find_holds(
    found: Head, total: Decimal, on: date, missing_tax: list[str], placed: Placed, band: Band, asked: PolicyAsked
) -> tuple[list[HoldAnswer], Decimal | None]:
    """The holds this order would get, and the credit left after it (None without an account). Closed by default."""
    holds = []
    if missing_tax:
        reason = _("No tax rule for: %(what)s.") % {"what": ", ".join(missing_tax)}
        holds.append(HoldAnswer(HoldKind.DATA.value, "no_tax_rule", total, reason))
    elif not placed.reachable:
        reason = _("No lane leads to zone %(zone)s.") % {"zone": found.transit_zone}
        holds.append(HoldAnswer(HoldKind.DATA.value, "no_lane", total, reason))
    if below_margin(band, asked):
        reason = _("Margin %(margin)s %% is below the floor of %(floor)s %%.") % {
            "margin": round(asked.margin * 100, 1), "floor": round(band.minimum_margin * 100, 1)}  # fmt: skip
        holds.append(HoldAnswer(HoldKind.MARGIN.value, "margin_floor", asked.net, reason))
    first = paid_first(found, total)
    if first:
        reason = _("%(share)s %% is paid before the goods leave.") % {"share": f"{(found.prepay_share * 100).normalize():f}"}
        holds.append(HoldAnswer(HoldKind.PREPAYMENT.value, "prepayment", first, reason))
    if found.account_id is None:
        reason = _("The customer has no credit account.")
        return [*holds, HoldAnswer(HoldKind.CREDIT.value, "no_account", total, reason)], None
    view = AccountView(
        limit=found.credit_limit, limit_expires=found.limit_expires, max_days_overdue=found.max_days_overdue,
        blocked=found.blocked, blocked_reason=found.blocked_reason, reserved=found.reserved,
        receivable=found.receivable, unapplied=found.unapplied, credits=found.credits,
        oldest_due_date=found.oldest_due_date, amount_overdue=found.amount_overdue, limit_share=found.limit_share,
        max_amount_overdue=found.max_amount_overdue,
    )  # fmt: skip
    refused = decide(view, total - first, on)
    if refused is not None:
        kind = HoldKind.OVERDUE if refused.code.startswith("overdue") else HoldKind.CREDIT
        holds.append(HoldAnswer(kind.value, refused.code, total, str(said(refused, view, found.currency).message)))
    return holds, view.ceiling - view.exposure - (total - first)


def expectation_holds(request: EntryRequest, money: Totals, currency: str) -> list[HoldAnswer]:
    """The hold of an order whose sender reckons with another amount; nothing is made to fit (PRODUCT.md section 1)."""
    reckoned = ((request.expected_net, money.net, _("net of tax")), (request.expected_total, money.total, _("with tax")))
    for asked, now, words in reckoned:
        if asked is not None and asked != now:
            reason = _("The sender reckons with %(asked)s %(currency)s %(words)s; it comes to %(now)s: a difference of %(difference)s.") % {
                "asked": asked, "now": now, "difference": now - asked, "words": words, "currency": currency}  # fmt: skip
            return [HoldAnswer(HoldKind.PRICE.value, "expected_amount", abs(now - asked), reason)]
    return []


def paid_first(found: Head, total: Decimal) -> Decimal:
    """What of the order is paid before it is released: it never stands on the credit account (PRODUCT.md section 7)."""
    return half_up(total * found.prepay_share, found.exponent)


def claim_expiry(at: datetime, days: int) -> datetime:
    """The end of the n-th working day (Monday to Friday, 17:00 UTC) after `at`: how long an undecided claim lives."""
    day = at.date()
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime.combine(day, time(17), tzinfo=at.tzinfo)


def line_answer(line: Assessed, placed: Placed, quota_left: Mapping[int, int]) -> LineAnswer:
    """The hint of one line."""
    promise = placed.promise(line.id)
    return LineAnswer(
        line.sku, line.description, line.quantity, line.unit_price, line.price_unit, line.discount, line.price_source,
        line.net, promise.quantity, promise.ship_date, promise.delivery_date, promise.source, promise.constraint,
        tuple((r.location_code, r.ship_date, r.delivery_date, r.quantity) for r in placed.rows_of(line.id)),
        placed.on_hand(line.product_id or 0), quota_left.get(line.product_id or 0),
    )  # fmt: skip
