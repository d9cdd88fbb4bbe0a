"""UBL out: the OrderResponse of Peppol BIS Ordering 3 (AB received, AP accepted, CA accepted with changes, RE refused)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lxml import etree

from orders.channels.domain import Written, count
from orders.channels.domain.answers import (
    ACCEPTED,
    CHANGED,
    RECEIVED,
    REJECTED,
    AnswerLine,
    OrderAnswer,
)

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:order_response:3"
PROFILE = "urn:fdc:peppol.eu:poacc:bis:ordering:3"
CODES = {RECEIVED: "AB", ACCEPTED: "AP", CHANGED: "CA", REJECTED: "RE"}
LINE_CODES = {ACCEPTED: "5", CHANGED: "3", REJECTED: "7"}
CONTENT_TYPE = "application/xml"


def answer(given: OrderAnswer, facts: Mapping[str, str], control: int, now: datetime) -> Written:
    """The response document; `facts` has the electronic addresses ("scheme:id") of buyer and seller."""
    root = etree.Element(f"{{{NAMESPACE}}}OrderResponse", nsmap={None: NAMESPACE, "cac": CAC, "cbc": CBC})
    number = f"{given.ours}-{control}"
    basic(root, "CustomizationID", CUSTOMIZATION)
    basic(root, "ProfileID", facts.get("profile") or PROFILE)
    basic(root, "ID", number)
    basic(root, "SalesOrderID", given.ours)
    basic(root, "IssueDate", given.on.isoformat())
    basic(root, "OrderResponseCode", CODES[given.status])
    if given.currency:
        basic(root, "DocumentCurrencyCode", given.currency)
    basic(group(root, "OrderReference"), "ID", given.number)
    party(group(root, "SellerSupplierParty"), facts.get("seller", ""), given.seller)
    party(group(root, "BuyerCustomerParty"), facts.get("buyer", ""), given.buyer.name or given.buyer_name)
    if given.status in (CHANGED, REJECTED):
        for line in given.lines:
            item(group(group(root, "OrderLine"), "LineItem"), line, given.currency)
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Written("OrderResponse", number, CONTENT_TYPE, body)


def item(node: Any, line: AnswerLine, currency: str) -> None:
    """A line as it will be: quantity that comes, the latest day, the price, and what waits."""
    unit = {"unitCode": line.unit or "EA"}
    basic(node, "ID", line.number)
    basic(node, "LineStatusCode", LINE_CODES[line.status])
    basic(node, "Quantity", count(line.ordered - line.refused), **unit)
    if line.open:
        basic(node, "MaximumBackorderQuantity", count(line.open), **unit)
    if line.parts:
        period = group(group(node, "Delivery"), "PromisedDeliveryPeriod")
        days = sorted(on for _quantity, on in line.parts)
        basic(period, "StartDate", days[0].isoformat())
        basic(period, "EndDate", days[-1].isoformat())
    if line.price is not None:
        price = group(node, "Price")
        basic(price, "PriceAmount", count(line.price), currencyID=currency)
        if line.basis != 1:
            basic(price, "BaseQuantity", count(line.basis), **unit)
    product = group(node, "Item")
    basic(product, "Name", line.description or line.sku)
    for scheme, name in (("buyer", "BuyersItemIdentification"), ("seller", "SellersItemIdentification"), ("gtin", "StandardItemIdentification")):
        code = line.sku if scheme == "seller" else next((r.code for r in line.references if r.scheme == scheme), "")
        if code:
            basic(group(product, name), "ID", code, **({"schemeID": "0160"} if scheme == "gtin" else {}))
    basic(group(node.getparent(), "OrderLineReference"), "LineID", line.number)


def party(node: Any, endpoint: str, name: str) -> None:
    """A party with its electronic address and name."""
    made = group(node, "Party")
    scheme, _, code = endpoint.rpartition(":")
    if code:
        basic(made, "EndpointID", code, **({"schemeID": scheme} if scheme else {}))
    if name:
        basic(group(made, "PartyLegalEntity"), "RegistrationName", name)


def group(parent: Any, name: str) -> Any:
    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def basic(parent: Any, name: str, text: str, **attributes: str) -> None:
    node = etree.SubElement(parent, f"{{{CBC}}}{name}", attrib=attributes)
    node.text = "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)
