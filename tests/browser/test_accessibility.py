"""No axe violation and nothing wider than the window: every page of every role, light and dark, 1440 and 360 px.

At 360 px axe finds what it finds at 1440, but for what the width itself does wrong, and in dark what it finds in light but for
contrast: the soak asks it there on every page and of every role that sees one, the suite on the first page of each role, of the
first role that sees it, and looks at the width of all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from django.urls import reverse
from playwright.sync_api import Error, Page, Response

from oms.accounts.models import User
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import release
from orders.models import Order, Shipment
from tests.architecture.test_access import endpoints, table
from tests.depth import SOAKING
from tests.world import person

ROLES = ("sales", "approver", "manager", "finance", "warehouse", "partner", "administrator")
RUN = "options => axe.run(document, {resultTypes: ['violations'], ...options}).then(found => found.violations.map(v => " \
      "[v.id, v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120))]))"  # fmt: skip
# A scheme changes colours and nothing else, a width everything else: contrast is the slow half of a run and asked once less.
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
OPTIONS = {1440: {"light": {}, "dark": CONTRAST}, 360: {"light": {"rules": {"color-contrast": {"enabled": False}}}, "dark": CONTRAST}}


def addresses() -> dict[str, list[str]]:
    """Role → the pages without arguments it may open; "" is a stranger."""
    rules, found = table(), {role: [] for role in ("", *ROLES)}
    for name, arguments in endpoints():
        if arguments or ":" not in name or name.startswith("api:"):
            continue
        allowed = rules[name].get("get", [])
        for role in found:
            if "anyone" in allowed or role and (role in allowed or "all" in allowed):
                found[role].append(reverse(name))
    return found


def wrong_on(page: Page, where: str, framed: bool) -> list[str]:
    """What is wrong with the page shown, in every look and width; `framed`: the frame was looked at on another page."""
    page.evaluate(AXE_SCRIPT)
    wrong = []
    for width, schemes in OPTIONS.items():
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{where} at {width}: {wide} px wide")
        for scheme, options in schemes.items():
            if framed and (width == 360 and scheme == "dark" or (width == 360 or scheme == "dark") and not SOAKING):
                continue
            page.emulate_media(color_scheme=scheme)
            wrong += [f"{where} at {width} {scheme}: {rule} {nodes}" for rule, nodes in page.evaluate(RUN, options)]
    return wrong


def opened(page: Page, url: str) -> Response | None:
    """The answer of an address; None when it is a file to keep."""
    try:
        return page.goto(url)
    except Error as error:
        assert "Download is starting" in error.message, error
        return None


def things(stack: Any) -> dict[str, list[str]]:
    """Role → pages of real things: orders in several states, a shipment, a stock card, a customer, refusals."""
    world, product = stack.world, stack.product(200)
    ask = lambda n: submit(EntryRequest("ACME", (LineRequest(product.sku, Decimal(n)),), "web"), by=world.sales).number  # noqa: E731
    waiting, released = ask(60), ask(5)
    shipment = release([Order.objects.get(number=released).pk], by=world.manager)[0]
    number = Shipment.objects.get(pk=shipment).number
    order, goods = [f"/orders/{waiting}/", f"/orders/{released}/"], f"/orders/shipments/{number}/"
    card, customer, missing = f"/stock/card/{product.sku}/", "/customers/ACME/", "/orders/SO9999999/"
    return {"sales": [order[0], customer, missing, "/orders/approvals/"], "manager": [*order, card], "warehouse": [goods]}


def test_every_page_of_every_role_is_accessible_and_fits(live_stack: Any, visit: Any) -> None:
    world = live_stack.world
    extra = things(live_stack)
    people = {role: getattr(world, role) for role in ROLES if hasattr(world, role)}
    people["administrator"] = User.objects.filter(username="administrator").first() or person("administrator", world.system)
    seen, framed, shown = set[str](), set[str](), set[str]()
    wrong: list[str] = []
    pages = 0
    for role, urls in addresses().items():
        page = visit(people.get(role))
        for url in [*urls, *extra.get(role, [])]:
            if url in shown and url != "/" and not SOAKING:
                continue
            answer = opened(page, url)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            content = page.evaluate("document.querySelector('main')?.innerText")
            content = content and content + str(page.locator("main :is(input, select, button)").count())
            if content is None or content in seen:  # another role saw the same; a fragment is no page
                continue
            seen.add(content)
            shown.add(url)
            pages += 1
            wrong += wrong_on(page, f"{role or 'stranger'} {url}", role in framed)
            framed.add(role)
            page.set_viewport_size({"width": 1440, "height": 900})
            page.emulate_media(color_scheme="light")
    assert wrong == [], "\n".join(wrong)
    assert pages > 20
