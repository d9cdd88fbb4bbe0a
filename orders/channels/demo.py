"""The practice company's partners: a shop, an EDI customer and a Peppol buyer, with messages entered and in quarantine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from customers.parties.models import Customer
from inventory.catalog.models import Product
from oms.accounts.models import User
from orders.channels.models import Message, TradingPartner
from orders.channels.services import connect, enter, receive, set_references

STEP = 95


def fill(by: Any) -> None:
    """Three partners of the first customers, five messages: two entered, three that wait for different reasons."""
    first, second, third = Customer.objects.filter(status="active").order_by("code")[:3]
    petra = User.objects.filter(username="petra").first()
    edi = connect("hansa-edi", "Hansa Werkzeug (EDI)", "x12", by=by, customer=first, account=petra, takes_tests=True)
    shop = connect("web-shop", "Web shop", "woocommerce", by=by, customer=second, prices="theirs", places="created", secret="practice-shop-secret")
    csv = connect("csv-folder", "Folder of CSV files", "csv", by=by, customer=third)
    one, two = Product.objects.filter(status="active", minimum_quantity=1, quantity_multiple=1).order_by("sku")[:2]
    set_references([("hansa-edi", "product", "H-100", one.sku)], by=by)
    day = f"{datetime.now(UTC):%Y%m%d}"
    send(edi, x12(day, "4500001", f"PO1*1*2*EA***BP*H-100~PO1*2*1*EA***VN*{two.sku}~", 2), by)
    send(edi, x12(day, "4500002", "PO1*1*6*EA***BP*H-200~", 1), by)
    send(edi, x12(day, "4500003", f"PO1*1*3*EA***VN*{one.sku}~", 2), by)
    send(csv, f"order,sku,quantity,notes\nF-9001,{one.sku},2,by the gate\nF-9001,{two.sku},1,\n".encode(), by)
    send(shop, b'{"id": 801, "number": "801", "status": "processing", "total": "99.00", "total_tax": "0.00", "line_items": ['
               b'{"id": 1, "sku": "%s", "name": "Tool", "quantity": 1, "total": "80.00"}], "shipping_lines": []}' % one.sku.encode(), by)  # fmt: skip


def send(partner: TradingPartner, body: bytes, by: Any) -> None:
    """Received and processed at once."""
    made = receive(partner, body, "folder", by=by)
    for message in Message.objects.filter(transmission_id=made.transmission, state="new"):
        enter(message.pk, by=by)


def x12(day: str, number: str, lines: str, count: int) -> bytes:
    """An 850 with its envelope; `count` is what its CTT says."""
    body = f"BEG*00*SA*{number}**{day}~{lines}CTT*{count}~"
    segments = body.count("~") + 2
    return (
        f"ISA*00*          *00*          *ZZ*HANSA          *ZZ*NORTHERN       *{day[2:]}*0915*U*00401*{number:0>9}*0*T*>~"
        f"GS*PO*HANSA*NORTHERN*{day}*0915*1*X*004010~ST*850*0001~{body}SE*{segments}*0001~GE*1*1~IEA*1*{number:0>9}~"
    ).encode()
