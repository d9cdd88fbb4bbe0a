"""Credit beside the holds: every step that adds exposure asks the account under its lock, an override is used up like money.

A hold on an order only displays what the account refuses; the account is what is asked (PRODUCT.md section 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet

from oms.company.selectors import exponent
from oms.events.services import current, in_history
from oms.kernel.errors import Conflict
from oms.kernel.money import half_up
from orders.book.models import Order, OrderLine
from orders.book.selectors import gross, gross_rest
from orders.holds.choices import CREDIT_KINDS, HoldKind
from orders.holds.models import Hold
from orders.holds.services.opening import NewHold, open_holds
from payments.credit.domain import decide
from payments.credit.locks import lock_accounts
from payments.credit.models import AccountMember
from payments.credit.selectors import account_of, no_account, reserved, said, view_of
from payments.credit.services import force_reserve, refusal, release_reservation, reserve

ZERO = Decimal(0)


def worth(order: Order, lines: Sequence[OrderLine]) -> Decimal:
    """Gross of what stands of the order (ordered − cancelled): what a release covers or does not."""
    return gross(order, [(x, x.quantity_ordered - x.quantity_cancelled) for x in lines])


def unbilled(order: Order, lines: Sequence[OrderLine]) -> Decimal:
    """Gross of shipped − invoiced: what an order with an open credit hold still counts for."""
    return gross(order, [(x, max(0, x.quantity_shipped - x.quantity_invoiced)) for x in lines])


def kind_of(code: str) -> str:
    """The kind of hold that a refusal of the credit account opens."""
    return (HoldKind.OVERDUE if code.startswith("overdue") else HoldKind.CREDIT).value


AHEAD = """
SELECT h.id, (SELECT share FROM payments_proforma WHERE order_id = %(order)s AND NOT withdrawn),
       coalesce((SELECT sum(amount) FROM payments_deposit WHERE order_id = %(order)s), 0)
FROM (SELECT 1) one LEFT JOIN orders_hold h ON h.order_id = %(order)s AND h.kind = 'prepayment' AND h.released_at IS NULL
"""


def needed_of(order: Order, lines: Sequence[OrderLine]) -> Decimal:
    """Part: what an order counts for on its account: the rest that is not invoiced, less the money that waits for it.

    While it is held for prepayment, the share that will be paid first is out too, whatever of it is there; the hold's amount
    follows the order. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, {"order": order.pk})
        hold, share, waiting = cursor.fetchone()
    ahead = waiting
    if hold is not None:
        due = half_up(worth(order, lines) * (order.customer.prepay_share if share is None else share), exponent(order.currency_id))
        Hold.objects.filter(pk=hold).exclude(amount=due).update(amount=due)
        ahead = max(waiting, due)
    return max(ZERO, gross_rest(order, lines) - ahead)


def live_releases() -> QuerySet[Hold]:
    """Releases for an amount whose time is not over."""
    return Hold.objects.filter(
        Q(release_until__isnull=True) | Q(release_until__gt=current().at), released_at__isnull=False, release_amount__isnull=False
    )


def covers(release: Hold, code: str, value: Decimal) -> bool:
    """Whether a release of this hold covers the refusal `code` of an order of gross `value`. A block needs a release of a block."""
    if release.kind != kind_of(code) or (release.release_amount or ZERO) < value:
        return False
    return release.code == code or code not in ("account_blocked", "no_account")


def overridden(order: Order, code: str, value: Decimal) -> bool:
    """Whether a live release covers the order at `value`."""
    return any(covers(h, code, value) for h in live_releases().filter(order_id=order.pk, kind=kind_of(code)))


def standing_of(order: Order) -> tuple[int | None, Decimal]:
    """(the account the order counts against, what is reserved for it there)."""
    return reserved([order.pk]).get(order.pk) or (account_of(order.payer_id), ZERO)


def fit_credit(order: Order, lines: Sequence[OrderLine], event_id: int) -> Conflict | None:
    """Part: make the reservation of a locked order what the rest of it would be invoiced at, by the exact difference.

    More is asked of the account like a new order: refused and not overridden, the order is held, counts only what is
    shipped and not invoiced, and the refusal is returned. `lines` hold the new quantities and prices already.
    """
    account_id, standing = standing_of(order)
    needed = needed_of(order, lines)
    held = Hold.objects.filter(order_id=order.pk, kind__in=CREDIT_KINDS, released_at__isnull=True)
    if held.update(amount=needed):
        fall(account_id, order.pk, standing - unbilled(order, lines), event_id)
        return None
    if needed <= standing:
        fall(account_id, order.pk, standing - needed, event_id)
        return None
    if reserve(account_id, order.pk, needed - standing, event_id):
        return None
    refused = refusal(account_id, needed, standing)
    if refused is None or overridden(order, refused.code or "", worth(order, lines)):
        force_reserve(account_id, order.pk, needed - standing, event_id)
        return None
    open_holds(order.pk, [NewHold(kind_of(refused.code), refused.code, needed, str(refused))], event_id)
    fall(account_id, order.pk, standing - unbilled(order, lines), event_id)
    return refused


def fall(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: give back a surplus, if there is one."""
    if account_id is not None and amount > 0:
        release_reservation(account_id, order_id, amount, event_id)


def reserve_released(order: Order, lines: Sequence[OrderLine], event_id: int) -> None:
    """Part: after a release, reserve what the rest of an open order comes to, unless another credit hold is still open."""
    held = Hold.objects.filter(order_id=order.pk, kind__in=CREDIT_KINDS, released_at__isnull=True)
    if order.status not in ("submitted", "approved") or held.exists():
        return
    account_id, standing = standing_of(order)
    force_reserve(account_id, order.pk, max(ZERO, needed_of(order, lines) - standing), event_id)


def hold_if_refused(order: Order, amount: Decimal, event_id: int) -> Conflict | None:
    """Part: put a credit or overdue hold on a locked order when its account takes no gross `amount` more; the refusal."""
    refused = refusal(account_of(order.payer_id), amount)
    if refused is None:
        return None
    open_holds(order.pk, [NewHold(kind_of(refused.code), refused.code, amount, str(refused))], event_id)
    return refused


def gates(orders: Sequence[Order]) -> dict[int, Conflict]:
    """Part: {order: why its account, locked from here on, stops the next step}, of locked orders that stand in it already.

    What is reserved was within the limit or released then; a block, an expired limit or new overdue money stops it, unless
    a release covers the order. History was decided elsewhere and is not stopped. Set-wise: a fixed number of statements.
    """
    if in_history():
        return {}
    standing = reserved([o.pk for o in orders])
    members = dict(AccountMember.objects.filter(customer_id__in={o.payer_id for o in orders}).values_list("customer_id", "account_id"))
    account_of_order = {o.pk: standing[o.pk][0] if o.pk in standing else members.get(o.payer_id) for o in orders}
    accounts = lock_accounts({a for a in account_of_order.values() if a is not None})
    refused: dict[int, Conflict] = {}
    for order in orders:
        account = accounts.get(account_of_order[order.pk] or 0)
        if account is None:
            refused[order.pk] = no_account()
        elif stop := decide(view_of(account), ZERO, current().at.date()):
            refused[order.pk] = said(stop, view_of(account), account.currency_id)
    return without_released(orders, refused) if refused else {}


def without_released(orders: Sequence[Order], refused: dict[int, Conflict]) -> dict[int, Conflict]:
    """`refused` but for the orders that a live release covers as they stand; two statements."""
    releases = list(live_releases().filter(order_id__in=refused))
    if not releases:
        return refused
    lines: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order_id__in=refused):
        lines.setdefault(line.order_id, []).append(line)
    value = {o.pk: worth(o, lines[o.pk]) for o in orders if o.pk in refused}
    free = {h.order_id for h in releases if covers(h, refused[h.order_id].code, value[h.order_id])}
    return {i: error for i, error in refused.items() if i not in free}


def gate(order: Order) -> None:
    """Part: raise the Conflict of `gates` for one locked order."""
    for error in gates([order]).values():
        raise error


def settle_credit(order: Order, lines: Sequence[OrderLine], event_id: int) -> list[str]:
    """Part: ask the account about a held order again: the kinds of hold that end, its rest reserved under the same lock.

    What the account still refuses stays held, for the reason that holds now.
    """
    account_id, standing = standing_of(order)
    needed = needed_of(order, lines)
    refused = refusal(account_id, needed, standing)
    if refused is None:
        force_reserve(account_id, order.pk, max(ZERO, needed - standing), event_id)
        return [k.value for k in CREDIT_KINDS]
    kind = kind_of(refused.code)
    held = Hold.objects.filter(order_id=order.pk, released_at__isnull=True)
    if not held.filter(kind=kind).update(code=refused.code, reason=str(refused), amount=needed):
        open_holds(order.pk, [NewHold(kind, refused.code, needed, str(refused))], event_id)
    return [k.value for k in CREDIT_KINDS if k != kind]


def put_back(order: Order, lines: Sequence[OrderLine], event_id: int) -> bool:
    """Part: a release whose time is over brings its hold back, unless what it held for is gone (credit asks the account).

    A credit hold that is back counts only what is unbilled. Whether any came back.
    """
    came_back = False
    over = Hold.objects.filter(order_id=order.pk, release_until__lte=current().at)
    for hold in over.order_by("pk"):
        Hold.objects.filter(pk=hold.pk).update(release_until=None, release_amount=ZERO)  # used up: it covers nothing any more
        if Hold.objects.filter(order_id=order.pk, kind=hold.kind, released_at__isnull=True).exists():
            continue
        account_id, standing = standing_of(order)
        needed = needed_of(order, lines)
        if hold.kind in CREDIT_KINDS:
            refused = refusal(account_id, needed, standing)
            if refused is None:
                continue
            back = NewHold(kind_of(refused.code), refused.code, needed, str(refused))
            fall(account_id, order.pk, standing - unbilled(order, lines), event_id)
        else:
            back = NewHold(hold.kind, hold.code, hold.amount, hold.reason)
        open_holds(order.pk, [back], event_id)
        current().event("order.held", [("order", order.pk)], {"order": order.pk, "kinds": [back.kind]})
        came_back = True
    return came_back
