"""Messages as partners write them, by the published standards; tests break them one rule at a time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def x12(
    *, number: str = "PO-77", lines: str = "PO1*1*4*EA*10**VN*A~PO1*2*2*CA*100**VN*B~", ctt: str = "CTT*2*6~", control: str = "000000055", iea: str = "",
    se: str = "", ge: str = "1", purpose: str = "00", test: str = "P", ask: str = "0", extra: str = "", st: str = "0001", se_control: str = "",
) -> str:  # fmt: skip
    """One 850 in an interchange; counts are right unless given."""
    body = f"BEG*{purpose}*SA*{number}**20260105~CUR*BY*EUR~{extra}N1*BY*Acme*92*ACME-1~N1*ST*Acme Store*92*STORE-9~{lines}{ctt}"
    count = body.count("~") + 2
    return (
        f"ISA*00*          *00*          *ZZ*ACMEEDI        *01*NORTHERN       *260105*0936*U*00401*{control}*{ask}*{test}*>~"
        f"GS*PO*ACMEEDI*NORTHERN*20260105*0936*7*X*004010~ST*850*{st}~{body}SE*{se or count}*{se_control or st}~GE*{ge}*7~IEA*1*{iea or control}~"
    )


def edifact(
    *, number: str = "PO-78", lines: str = "LIN+1++4006381333931:EN'QTY+21:4:PCE'PRI+AAA:10'MOA+203:40'LIN+2'PIA+5+B:SA'QTY+21:2:CT'PRI+AAA:100'",
    syntax: str = "UNOC:3", una: str = "UNA:+.? '", head: str = "", unt: str = "", unz: str = "1", reference: str = "R1", unz_reference: str = "",
    function: str = "9", name: str = "ORDERS:D:96A:UN:EAN008", summary: str = "UNS+S'MOA+79:240'CNT+2:2'", ask: str = "",
) -> str:  # fmt: skip
    """One ORDERS in an interchange; counts are right unless given."""
    body = (
        f"BGM+220+{number}+{function}'DTM+137:20260105:102'{head}NAD+BY+4012345000009::9'NAD+SU+4098765000008::9'NAD+DP+4012345000016::9'"
        f"CUX+2:EUR:9'{lines}{summary}"
    )
    count = body.replace("??", "").replace("?'", "").count("'") + 2
    return (
        f"{una}UNB+{syntax}+4012345000009:14+4098765000008:14+260105:0936+{reference}++++{ask}'UNH+1+{name}'{body}"
        f"UNT+{unt or count}+1'UNZ+{unz}+{unz_reference or reference}'"
    )


CAC = 'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
CBC = 'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'


def ubl(*, number: str = "PO-79", root: str = "Order", lines: str = "", totals: str = "", head: str = "") -> str:
    """A Peppol BIS Order: 4 of A at 10 and 2 cases of B at 100."""
    lines = lines or ubl_line("1", "A", "4", "C62", "10") + ubl_line("2", "B", "2", "XCS", "100")
    totals = totals or (
        '<cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">240</cbc:LineExtensionAmount>'
        '<cbc:TaxExclusiveAmount currencyID="EUR">240</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID="EUR">288</cbc:TaxInclusiveAmount>'
        '<cbc:PayableAmount currencyID="EUR">288</cbc:PayableAmount></cac:AnticipatedMonetaryTotal>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {CAC} {CBC}>'
        "<cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>"
        "<cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</cbc:ProfileID>"
        f"<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-01-05</cbc:IssueDate>{head}<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
        '<cac:BuyerCustomerParty><cac:Party><cbc:EndpointID schemeID="0088">4012345000009</cbc:EndpointID>'
        "<cac:PartyName><cbc:Name>Acme</cbc:Name></cac:PartyName></cac:Party></cac:BuyerCustomerParty>"
        '<cac:SellerSupplierParty><cac:Party><cbc:EndpointID schemeID="0088">4098765000008</cbc:EndpointID></cac:Party></cac:SellerSupplierParty>'
        '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">48</cbc:TaxAmount></cac:TaxTotal>'
        f"{totals}{lines}</{root}>"
    )


def ubl_line(number: str, sku: str, quantity: str, unit: str, price: str, *, extra: str = "") -> str:
    """An order line of a SKU of ours."""
    net = int(quantity) * int(price)
    return (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>{extra}<cbc:Quantity unitCode="{unit}">{quantity}</cbc:Quantity>'
        f'<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount><cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price>'
        f"<cac:Item><cbc:Name>Thing {sku}</cbc:Name><cac:SellersItemIdentification><cbc:ID>{sku}</cbc:ID></cac:SellersItemIdentification></cac:Item>"
        "</cac:LineItem></cac:OrderLine>"
    )


def shopify(**changes: Any) -> dict[str, Any]:
    """An order of a Shopify shop: 2 of A at 10, 1 of B at 20 with 2 off, shipping 5, tax 20 % on top."""
    order = {
        "id": 5001, "name": "#1001", "order_number": 1001, "test": False, "currency": "EUR", "taxes_included": False,
        "created_at": "2026-01-05T10:00:00+01:00", "updated_at": "2026-01-05T10:00:00+01:00", "cancelled_at": None, "cancel_reason": None,
        "total_line_items_price": "40.00", "total_discounts": "2.00", "subtotal_price": "38.00", "total_tax": "8.60", "total_price": "51.60",
        "line_items": [
            {"id": 11, "sku": "A", "variant_id": 711, "title": "Spanner", "name": "Spanner", "quantity": 2, "price": "10.00", "discount_allocations": []},
            {"id": 12, "sku": "B", "variant_id": 712, "title": "Hammer", "name": "Hammer", "quantity": 1, "price": "20.00",
             "discount_allocations": [{"amount": "2.00"}]},
        ],
        "shipping_lines": [{"title": "Post", "price": "5.00", "discounted_price": "5.00"}], "refunds": [],
        "customer": {"id": 901, "first_name": "Ann", "last_name": "Lee"},
        "shipping_address": {"name": "Ann Lee", "address1": "3 rue Neuve", "zip": "69002", "city": "Lyon", "country_code": "FR"},
    }  # fmt: skip
    return order | changes


def woocommerce(**changes: Any) -> dict[str, Any]:
    """An order of a WooCommerce shop: 2 of A at 10, shipping 5, tax 20 % on top."""
    address = {"first_name": "Ann", "last_name": "Lee", "address_1": "3 rue Neuve", "postcode": "69002", "city": "Lyon", "country": "FR"}
    order = {
        "id": 727, "number": "727", "status": "processing", "currency": "EUR", "prices_include_tax": False, "customer_id": 4,
        "date_created_gmt": "2026-01-05T09:00:00", "date_modified_gmt": "2026-01-05T09:00:00", "total": "30.00", "total_tax": "5.00",
        "cart_tax": "4.00", "shipping_tax": "1.00", "billing": address, "shipping": address, "refunds": [], "fee_lines": [], "customer_note": "",
        "line_items": [{"id": 21, "name": "Spanner", "product_id": 93, "variation_id": 0, "sku": "A", "quantity": 2, "total": "20.00", "total_tax": "4.00"}],
        "shipping_lines": [{"method_title": "Post", "total": "5.00", "total_tax": "1.00"}],
    }  # fmt: skip
    return order | changes


def body(order: dict[str, Any]) -> bytes:
    """As a shop sends it."""
    return json.dumps(order).encode()


def signature(secret: str, data: bytes) -> str:
    """What Shopify and WooCommerce send along: base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha256).digest()).decode()
