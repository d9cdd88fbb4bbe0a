"""The customer form."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.parties.choices import CustomerStatus, DeliveryRule, ShortageRule, TaxStatus
from customers.parties.models import Customer
from customers.relations.models import Activity
from customers.relations.selectors import activities
from oms.accounts.policies import may
from oms.company.models import ReasonCode
from oms.events.selectors import timeline
from oms.web import charts, words
from oms.web import format as fmt
from oms.web.views import Page
from orders.book.choices import OrderStatus
from orders.holds.choices import HoldKind
from reporting.customer_form.selectors import (
    FieldChange,
    Identity,
    OpenOrders,
    Record,
    Rhythm,
    identity,
    open_orders,
    post_names,
    record,
    rhythm,
)
from reporting.facts.selectors import scope

EVENTS = 20
CREDIT_NEAR, SOON, OLD_DEBT, QUIET = Decimal("0.9"), 30, 30, 90

FIELDS = {
    "name": gettext_lazy("Name"), "status": gettext_lazy("Status"), "post_id": gettext_lazy("Owner"), "customer_class": gettext_lazy("Class"),
    "group": gettext_lazy("Group"), "currency_id": gettext_lazy("Currency"), "language": gettext_lazy("Language"),
    "tax_status": gettext_lazy("Tax status"), "vat_id": gettext_lazy("VAT number"), "delivery_rule": gettext_lazy("Delivery rule"),
    "shortage_rule": gettext_lazy("If something is short"), "max_shipments": gettext_lazy("Shipments at most"),
    "po_repeats": gettext_lazy("Their numbers repeat"), "terms_days": gettext_lazy("Days to pay"), "prepay_share": gettext_lazy("Prepaid share"),
    "limit": gettext_lazy("Credit limit"), "limit_expires": gettext_lazy("Limit until"), "blocked": gettext_lazy("Account blocked"),
    "limit_share": gettext_lazy("Share of the limit for orders"), "max_days_overdue": gettext_lazy("Days overdue allowed"),
    "max_amount_overdue": gettext_lazy("Amount overdue allowed"),
}  # fmt: skip
CHOICES: dict[str, Any] = {"status": CustomerStatus, "tax_status": TaxStatus, "delivery_rule": DeliveryRule, "shortage_rule": ShortageRule}


class CustomerForm(Page):
    """Identity, money, orders, deliveries, returns, quotas, rhythm, notes and history of one customer. At most ten statements."""

    verb = "customers.view"
    template_name = "reporting/customer_form/form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        who = identity(scope(user), self.kwargs["code"])
        if who is None:
            raise Http404(_("There is no customer %(code)s.") % {"code": self.kwargs["code"]})
        customer = Customer.objects.select_related("post").get(pk=who.id)
        orders, past = open_orders(who.id, who.today), record(who.id, who.today)
        for order in orders.rows:
            order.__dict__["status_label"] = OrderStatus(order.status).label
            order.__dict__["hold_labels"] = ", ".join(str(HoldKind(kind).label) for kind in order.holds)
        for reason in past.reasons:
            reason["party"] = ReasonCode.Party(reason["party"]).label
        rhythm_, noted = rhythm(who.id, customer.currency_id, who.today, who.owner_since), activities(who.id)
        return super().get_context_data(
            title=customer.name, crumbs=[(_("Customers"), reverse("customers:customer-list"))], customer=customer, who=who,
            orders=orders, rhythm=rhythm_, chart=monthly(rhythm_.months, customer.currency_id), record=past,
            notices=notices(customer, who, orders, past, rhythm_, noted), changes=written(past.changes),
            activities=noted, noting=may(user, "customers.add_activity"), pays=pays(past),
            ordering=may(user, "orders.submit"), timeline=words.entries(timeline("customer", who.id, limit=EVENTS)), **kwargs,
        )  # fmt: skip


def monthly(months: list[tuple[Any, Any]], currency: str) -> Any:
    """What was ordered by month."""
    return charts.bars(_("Ordered by month, net %(currency)s") % {"currency": currency}, [fmt.month(m) for m, _amount in months],
                       [charts.Series(_("Ordered"), [max(amount, 0) for _month, amount in months])])  # fmt: skip


def pays(past: Record) -> str:
    """How the customer pays, in two words."""
    days = past.paying.days
    if days is None:
        return "–"
    if days > 0:
        return _("%(n)s d late") % {"n": days}
    return _("%(n)s d early") % {"n": -days} if days < 0 else _("in time")


def notices(
    customer: Customer, who: Identity, orders: OpenOrders, past: Record, rhythm_: Rhythm, noted: Iterable[Activity]
) -> list[tuple[str, str]]:  # fmt: skip
    """What a manager must know first: (state, sentence), trouble before attention."""
    currency, today = customer.currency_id, who.today
    found = [*credit_notices(who, past), *demand_notices(customer, rhythm_, today)]
    if orders.late:
        found.append(("trouble", ngettext("%(n)s line of open orders is past its first promise.", "%(n)s lines of open orders are past their first promise.", orders.late) % {"n": orders.late}))
    broken = sum(1 for d in past.deliveries if d.kept is False)
    if broken * 2 >= max(4, len(past.deliveries)):
        found.append(("attention", _("%(n)s of the last %(of)s deliveries broke the first promise.") % {"n": broken, "of": len(past.deliveries)}))
    late = [c for c in past.cases if c.late]
    if late:
        found.append(("trouble", ngettext("%(n)s case is out of time: %(title)s", "%(n)s cases are out of time, first: %(title)s", len(late))
                      % {"n": len(late), "title": late[-1].title}))
    undone = [a for a in noted if a.done_at is None and a.follow_up_date and a.follow_up_date < today]
    if undone:
        found.append(("attention", ngettext("%(n)s agreed thing is overdue.", "%(n)s agreed things are overdue.", len(undone)) % {"n": len(undone)}))
    found += [("attention", _("The quota of %(what)s is used up until %(day)s.") % {"what": q["what"], "day": fmt.day(q["last"])})
              for q in past.quotas if q["used"] >= q["maximum"]]  # fmt: skip
    if past.paying.disputes:
        found.append(("attention", ngettext("%(n)s invoice is disputed.", "%(n)s invoices are disputed.", past.paying.disputes) % {"n": past.paying.disputes}))
    if orders.left and not who.account:
        found.append(("trouble", _("%(left)s %(currency)s to come, and no credit account.") % {"left": fmt.money(orders.left, currency), "currency": currency}))
    return sorted(found, key=lambda row: row[0] != "trouble")


def credit_notices(who: Identity, past: Record) -> list[tuple[str, str]]:
    """Blocked, overdue, near the limit, about to expire, bounced."""
    found, account = [], who.account
    if account:
        if account["blocked"]:
            found.append(("trouble", _("The account is blocked: nothing new is approved or released.")))
        if account["overdue"] and account["oldest"]:
            days = (who.today - account["oldest"]).days
            found.append(("trouble" if days > OLD_DEBT else "attention", _("%(amount)s %(currency)s overdue, the oldest for %(days)s days.") % {
                "amount": fmt.money(account["overdue"], account["currency"]), "currency": account["currency"], "days": days}))
        if account["limit"] and account["used"] >= account["limit"] * CREDIT_NEAR:
            found.append(("attention", _("%(share)s of the credit limit is used.") % {"share": fmt.percent(account["used"] / account["limit"])}))
        if account["expires"] and account["expires"] < who.today + timedelta(days=SOON):
            over = account["expires"] < who.today
            text = _("The credit limit ended on %(day)s.") if over else _("The credit limit ends on %(day)s.")
            found.append(("trouble" if over else "attention", text % {"day": fmt.day(account["expires"])}))
    if past.paying.bounced:
        found.append(("trouble", ngettext("%(n)s payment came back from the bank in a year.", "%(n)s payments came back from the bank in a year.", past.paying.bounced) % {"n": past.paying.bounced}))
    return found


def demand_notices(customer: Customer, rhythm_: Rhythm, today: date) -> list[tuple[str, str]]:
    """Orders fell, perhaps after a new owner; or there were none for long."""
    fall = rhythm_.fall
    if fall:
        text = _("Orders fell by %(share)s: %(recent)s %(currency)s in the last 90 days, usually %(usual)s.") % {
            "share": fmt.percent(fall.share), "recent": fmt.money(fall.recent, customer.currency_id),
            "usual": fmt.money(fall.usual, customer.currency_id), "currency": customer.currency_id}  # fmt: skip
        if fall.owner_since:
            text += " " + _("%(post)s has owned the customer since %(day)s.") % {"post": customer.post.name, "day": fmt.day(fall.owner_since)}
        return [("attention", text)]
    if rhythm_.last_day and (today - rhythm_.last_day).days > QUIET:
        return [("attention", _("No order for %(n)s days.") % {"n": (today - rhythm_.last_day).days})]
    return []


def written(found: list[FieldChange]) -> list[dict[str, Any]]:
    """Changes as people read them: the field in words, values by their labels."""
    ids = {v for c in found if c.change.field == "post_id" for v in (c.change.before, c.change.after) if isinstance(v, int)}
    names = post_names(ids)
    return [
        {"field": FIELDS.get(c.change.field, c.change.field), "before": value_of(c.change.field, c.change.before, names),
         "after": value_of(c.change.field, c.change.after, names), "at": c.at, "who": c.who, "why": c.why}
        for c in found
    ]  # fmt: skip


def value_of(field: str, value: Any, posts: dict[int, str]) -> str:
    """One value in words; "" where the trail keeps none."""
    if value is None:
        return ""
    if field == "post_id":
        return posts.get(value, str(value))
    if field in CHOICES and value in CHOICES[field].values:
        return str(CHOICES[field](value).label)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field in ("limit", "max_amount_overdue"):
        return fmt.money(Decimal(str(value)))
    if field in ("prepay_share", "limit_share"):
        return fmt.percent(Decimal(str(value)))
    if field == "limit_expires":
        return fmt.day(date.fromisoformat(value))
    return str(value)
