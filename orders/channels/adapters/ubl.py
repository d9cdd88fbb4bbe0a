"""UBL 2.x and Peppol BIS Ordering 3: Order, OrderChange and OrderCancellation in, also inside a business document header.

Elements are found by local name. An OrderChange states the lines as they shall be; lines with status 2 are deleted,
lines it does not name stay (OASIS UBL 2.1, LineStatusCode; Peppol BIS Order Change 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from orders.channels.adapters import trees
from orders.channels.adapters.trees import Node, Unreadable
from orders.channels.domain import (
    CANCEL,
    CHANGE,
    ORDER,
    Charge,
    Envelope,
    Finding,
    OrderedLine,
    OrderMessage,
    Parsed,
    Party,
    Read,
    Reference,
    Setting,
    Stated,
)

ROOTS = {"Order": ORDER, "OrderChange": CHANGE, "OrderCancellation": CANCEL}
MOST_DOCUMENTS = 1_000
DELETED = "2"


def read(data: bytes, setting: Setting) -> Parsed:
    """The documents of one file: one, or several inside a wrapper (SBDH)."""
    try:
        root = trees.xml(data)
    except Unreadable as error:
        return Parsed(findings=(error.finding,))
    name = etree.QName(root).localname
    found = [root] if name in ROOTS else [x for x in root if isinstance(x.tag, str) and etree.QName(x).localname in ROOTS]
    if not found:
        return Parsed(findings=(Finding("unsupported", "", {"name": name}),))
    documents = [document(Node(element), etree.QName(element).localname) for element in found[:MOST_DOCUMENTS]]
    envelopes = tuple(envelope for _message, envelope in documents)
    return Parsed(tuple(message for message, _envelope in documents), envelopes)


def document(node: Node, name: str) -> tuple[Read, Envelope]:
    """One document as a message, with whose it is."""
    mapped = Mapping(node, ROOTS[name])
    order = mapped.order()
    envelope = Envelope(
        mapped.endpoint("BuyerCustomerParty"), mapped.endpoint("SellerSupplierParty"), node.text("ID"),
        facts={"profile": node.text("ProfileID"), "customization": node.text("CustomizationID")},
    )  # fmt: skip
    return Read(node.text("ID"), name, order, tuple(mapped.findings)), envelope


class Mapping:
    """One document read; what can't be read is in `findings`."""

    def __init__(self, node: Node, kind: str) -> None:
        self.node, self.kind = node, kind
        self.findings: list[Finding] = []

    def order(self) -> OrderMessage | None:
        """The order, change or cancellation; a change and a cancellation are of the order they refer to."""
        node = self.node
        own = node.text("ID")
        number = own if self.kind == ORDER else node.text("OrderReference/ID")
        if not number:
            self.findings.append(Finding("number_missing", "ID" if self.kind == ORDER else "OrderReference/ID", {"value": ""}))
            return None
        if self.kind == CANCEL:
            return OrderMessage(CANCEL, number, number, ordered_on=node.day("IssueDate"), buyer=self.buyer(),
                                reason=node.text("CancellationNote", "Note")[:200])  # fmt: skip
        lines = tuple(self.lines())
        if not lines and self.kind == ORDER:
            self.findings.append(Finding("no_lines", "OrderLine", {}))
        requested = node.day("Delivery/RequestedDeliveryPeriod/StartDate", "Delivery/RequestedDeliveryPeriod/EndDate", "Delivery/LatestDeliveryDate")
        dates = sorted({line.requested_date for line in lines if line.requested_date})
        notes = [words for each in node.all("Note") if (words := " ".join((each.element.text or "").split()))]
        if len(dates) > 1:
            notes.append("Dates of lines: " + ", ".join(f"{x.number} {x.requested_date}" for x in lines if x.requested_date))
        return OrderMessage(
            kind=self.kind, number=number, customer_po=number, ordered_on=node.day("IssueDate"),
            currency=node.text("DocumentCurrencyCode").upper(), buyer=self.buyer(), ship_to=self.ship_to(),
            payer=self.party("AccountingCustomerParty/Party"), lines=lines, charges=tuple(self.charges()),
            requested_date=requested or (dates[0] if dates else None), cancel_after=node.day("ValidityPeriod/EndDate"),
            instructions=node.text("DeliveryTerms/SpecialTerms")[:2000], notes="\n".join(notes)[:2000], stated=self.stated(),
        )  # fmt: skip

    def endpoint(self, role: str) -> str:
        """The party's electronic address "scheme:id", else its first identification."""
        found = self.node.first(f"{role}/Party/EndpointID", f"{role}/Party/PartyIdentification/ID", f"{role}/CustomerAssignedAccountID")
        if found is None:
            return ""
        scheme, code = found.element.get("schemeID", ""), (found.element.text or "").strip()
        return f"{scheme}:{code}" if scheme else code

    def buyer(self) -> Party:
        """Who buys: the account we gave, the party's identification, or its electronic address."""
        return self.party("BuyerCustomerParty/Party", "BuyerCustomerParty/SupplierAssignedAccountID")

    def party(self, path: str, *codes: str) -> Party:
        node = self.node.first(path)
        code = self.node.text(*codes) if codes else ""
        if node is None:
            return Party(code=code)
        code = code or node.text("PartyIdentification/ID", "EndpointID", "PartyLegalEntity/CompanyID")
        return self.place(node.first("PostalAddress"), code, node.text("PartyName/Name", "PartyLegalEntity/RegistrationName"))

    def place(self, address: Node | None, code: str, name: str) -> Party:
        """A party or place with its address."""
        if address is None:
            return Party(code=code, name=name[:200])
        street = ", ".join(filter(None, (address.text("StreetName"), address.text("BuildingNumber"), address.text("AdditionalStreetName"))))
        return Party(
            code=code, name=name[:200], street=street[:200], city=address.text("CityName")[:100],
            postal_code=address.text("PostalZone")[:20], region=address.text("CountrySubentity")[:100],
            country=address.text("Country/IdentificationCode").upper()[:2],
        )  # fmt: skip

    def ship_to(self) -> Party:
        """Where it goes; several places are several orders to us."""
        deliveries = list(self.node.all("Delivery"))
        if len(deliveries) > 1 or any(self.node.all("OrderLine/LineItem/Delivery/DeliveryLocation")):
            self.findings.append(Finding("destinations", "Delivery", {"value": str(len(deliveries))}))
        if not deliveries:
            return Party()
        delivery = deliveries[0]
        code = delivery.text("DeliveryLocation/ID", "DeliveryParty/PartyIdentification/ID")
        name = delivery.text("DeliveryParty/PartyName/Name", "DeliveryLocation/Name")
        return self.place(delivery.first("DeliveryLocation/Address", "DeliveryAddress", "DeliveryParty/PostalAddress"), code, name)

    def charges(self) -> Iterator[Charge]:
        for node in self.node.all("AllowanceCharge"):
            if amount := self.signed(node):
                yield Charge(node.text("AllowanceChargeReason", "AllowanceChargeReasonCode") or "", amount)

    def signed(self, node: Node) -> Decimal:
        """An allowance is negative, a charge positive."""
        amount = self.read(node, "Amount") or Decimal(0)
        return amount if node.text("ChargeIndicator").lower() in ("true", "1") else -amount

    def read(self, node: Node, path: str, line: str = "") -> Decimal | None:
        """A number, or a finding when what stands there is none."""
        text = node.text(path)
        value = node.amount(path)
        if text and value is None:
            self.findings.append(Finding("bad_number", path, {"value": text, **({"line": line} if line else {})}))
        return value

    def lines(self) -> Iterator[OrderedLine]:
        for n, outer in enumerate(self.node.all("OrderLine"), 1):
            node = outer.first("LineItem")
            if node is None:
                self.findings.append(Finding("segment_missing", "LineItem", {"segment": "LineItem"}))
                continue
            number = node.text("ID") or str(n)
            deleted = self.kind == CHANGE and node.text("LineStatusCode") == DELETED
            quantity = Decimal(0) if deleted else self.quantity(node, number)
            unit = node.first("Quantity")
            off = -sum((self.signed(each) for each in node.all("AllowanceCharge")), Decimal(0))
            basis = self.read(node, "Price/BaseQuantity", number) or Decimal(1)
            references = tuple(self.references(node))
            if not references and not deleted:
                self.findings.append(Finding("no_reference", "Item", {"line": number}))
            yield OrderedLine(
                number, references, quantity, unit.element.get("unitCode", "") if unit else "",
                self.read(node, "Price/PriceAmount", number), basis if basis > 0 else Decimal(1), off,
                None if deleted else self.read(node, "LineExtensionAmount", number),
                (node.text("Item/Name") or node.text("Item/Description"))[:200],
                node.day("Delivery/RequestedDeliveryPeriod/StartDate", "Delivery/RequestedDeliveryPeriod/EndDate"),
            )  # fmt: skip

    def quantity(self, node: Node, line: str) -> Decimal:
        found = self.read(node, "Quantity", line)
        if found is None or found < 0 or (not found and self.kind == ORDER):
            self.findings.append(Finding("quantity_missing", "Quantity", {"line": line}))
            return Decimal(0)
        return found

    def references(self, node: Node) -> Iterator[Reference]:
        paths = {"seller": "Item/SellersItemIdentification/ID", "gtin": "Item/StandardItemIdentification/ID",
                 "buyer": "Item/BuyersItemIdentification/ID", "manufacturer": "Item/ManufacturersItemIdentification/ID"}  # fmt: skip
        for scheme, path in paths.items():
            if code := node.text(path):
                yield Reference(scheme, code)

    def stated(self) -> Stated:
        sums = self.node.first("AnticipatedMonetaryTotal")
        if sums is None:
            return Stated(tax=self.node.amount("TaxTotal/TaxAmount"))
        lines, net, total = (self.read(sums, name) for name in ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount"))
        tax = self.node.amount("TaxTotal/TaxAmount")
        payable = self.read(sums, "PayableAmount")
        if total is None and net is not None and tax is not None:
            total = payable
        if net is None and total is None:
            net, total = (payable, None) if tax is None else (payable - tax if payable is not None else None, payable)
        return Stated(None, None, lines, net, tax, total)
