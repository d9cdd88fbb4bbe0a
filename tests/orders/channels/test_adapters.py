"""Reading what partners write: separators, releases, character sets, several of everything, and whatever is broken."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.channels import adapters
from orders.channels.adapters import (
    edifact,
    edifact_replies,
    shopify,
    ubl,
    ubl_replies,
    woocommerce,
    x12,
    x12_replies,
)
from orders.channels.adapters.segments import Separators, segment, split, unreleased
from orders.channels.domain import OrderMessage, Party, Reference, Setting
from orders.channels.domain.answers import AnswerLine, OrderAnswer
from orders.channels.domain.sums import check
from orders.channels.domain.units import unit_for
from tests.orders.channels import samples

NOW = datetime(2026, 1, 6, 7, 8, tzinfo=UTC)


def codes(found: Any) -> list[str]:
    return [f.code for f in found]


def order_of(parsed: Any) -> OrderMessage:
    (message,) = parsed.messages
    assert message.order is not None and not message.findings, message.findings
    return message.order  # type: ignore[no-any-return]


def read12(text: str, charset: str = "") -> Any:
    return x12.read(text.encode("utf-8"), Setting(charset))


def read_edifact(text: str) -> Any:
    return edifact.read(text.encode("latin-1"), Setting())


# X12 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "component", "terminator", "between"),
    [("*", ">", "~", ""), ("*", ":", "~", "\r\n"), ("|", "^", "\n", ""), ("\x1d", "\x1f", "\x1c", ""), ("*", ">", "\r", "\n"), ("+", ":", "'", "\n\n")],
)
def test_x12_separators_are_the_isas_own(element: str, component: str, terminator: str, between: str) -> None:
    text = samples.x12(extra="PID*F****A longer text~")
    text = text.replace("*", "\x00e").replace(">", "\x00c").replace("~", "\x00t")
    text = text.replace("\x00e", element).replace("\x00c", component).replace("\x00t", terminator + between)
    order = order_of(read12(text))
    assert [(x.number, x.quantity, x.unit, x.price) for x in order.lines] == [("1", 4, "EA", 10), ("2", 2, "CA", 100)]
    assert (order.buyer.code, order.ship_to.code, order.currency, order.ordered_on) == ("ACME-1", "STORE-9", "EUR", date(2026, 1, 5))


def test_x12_an_isa_that_is_not_padded_is_read() -> None:
    text = samples.x12().replace("ISA*00*          *00*          *ZZ*ACMEEDI        *01*NORTHERN       *", "ISA*00**00**ZZ*ACMEEDI*01*NORTHERN*")
    parsed = read12("\ufeff \t" + text)
    assert order_of(parsed).number == "PO-77" and (parsed.envelopes[0].sender, parsed.envelopes[0].recipient) == ("ZZ:ACMEEDI", "01:NORTHERN")


def test_x12_several_groups_sets_and_interchanges() -> None:
    two = samples.x12(st="0001").replace("GE*1*7~", "GE*1*7~GS*PO*A*B*20260105*0936*8*X*004010~ST*850*0002~BEG*00*SA*P2**20260105~PO1*1*1*EA***VN*A~CTT*1~SE*5*0002~ST*850*0003~BEG*00*SA*P3**20260105~PO1**1*EA***VN*A~SE*4*0003~GE*2*8~").replace("IEA*1", "IEA*2")  # fmt: skip
    parsed = read12(two + "\n" + samples.x12(number="P4", control="000000099"))
    assert [(m.envelope, m.group, m.order.number) for m in parsed.messages] == [(0, 0, "PO-77"), (0, 1, "P2"), (0, 1, "P3"), (1, 0, "P4")]
    assert not any(m.findings for m in parsed.messages) and not any(e.findings for e in parsed.envelopes)
    assert parsed.messages[2].order.lines[0].number == "1"


@pytest.mark.parametrize("cut", [20, 105, 107, 160, 250, 330, -20, -2])
def test_x12_a_truncated_file_is_never_taken_for_a_whole_one(cut: int) -> None:
    parsed = adapters.read("x12", samples.x12().encode()[:cut], Setting())
    wrong = [*parsed.findings, *(f for e in parsed.envelopes for f in e.findings), *(f for m in parsed.messages for f in m.findings)]
    assert wrong


def test_x12_ge_and_iea_numbers_compare_as_numbers_and_st_as_text() -> None:
    assert order_of(read12(samples.x12(control="000000055", iea="55")))
    assert codes(read12(samples.x12(st="0001", se_control="1")).messages[0].findings) == ["control_mismatch"]


def test_x12_allowances_of_a_line_and_of_the_whole() -> None:
    text = samples.x12(extra="SAC*C*D240***1250**********Freight~SAC*A*C310***500~", lines="PO1*1*4*EA*10**VN*A~SAC*A*C310***200~", ctt="CTT*1*4~AMT*TT*45.50~")
    order = order_of(read12(text))
    assert [(c.description, c.amount) for c in order.charges] == [("Freight", Decimal("12.50")), ("C310", Decimal("-5.00"))]
    assert order.lines[0].computed == Decimal("38.00") and list(check(order)) == []


def test_x12_price_bases_dates_and_purposes() -> None:
    text = samples.x12(lines="PO1*1*500*EA*12.5*HP*VN*A~DTM*002*20260209~", ctt="CTT*1~", extra="DTM*002*20260201~DTM*001*20260301~", purpose="07")
    order = order_of(read12(text))
    assert order.lines[0].computed == Decimal("62.5") and order.lines[0].requested_date == date(2026, 2, 9)
    assert (order.kind, order.requested_date, order.cancel_after) == ("order", date(2026, 2, 1), date(2026, 3, 1))
    assert read12(samples.x12(purpose="01")).messages[0].order.kind == "cancel"
    assert codes(read12(samples.x12(purpose="QQ")).messages[0].findings) == ["purpose"]


def test_x12_another_set_is_refused_and_an_acknowledgement_asks_nothing() -> None:
    other = samples.x12().replace("ST*850*", "ST*860*")
    parsed = read12(other)
    assert codes(parsed.messages[0].findings) == ["unsupported"]
    (reply,) = x12_replies.acknowledge(parsed, 0, iter([1, 2]), NOW)
    assert b"AK5*R*1~" in reply.body
    ours = samples.x12().replace("ST*850*", "ST*997*").replace("GS*PO*", "GS*FA*")
    parsed = read12(ours)
    assert parsed.messages[0].nothing and x12_replies.acknowledge(parsed, 0, iter([1]), NOW) == []


def test_x12_our_own_replies_read_back_without_a_finding() -> None:
    parsed = read12(samples.x12(ask="1"))
    replies = x12_replies.acknowledge(parsed, 0, iter([7, 8]), NOW)
    assert [r.kind for r in replies] == ["TA1", "997"]
    line = AnswerLine("1", "A*1", (Reference("buyer", "B~9"),), "", Decimal(10), "EA", Decimal("9.5"), Decimal(1), ((Decimal(6), date(2026, 2, 1)),), Decimal(3), Decimal(1))
    given_ = OrderAnswer("PO-77", "SO1", date(2026, 1, 6), date(2026, 1, 5), "EUR", Party("X"), "We", (line,))
    replies.append(x12_replies.answer(given_, parsed.envelopes[0], parsed.envelopes[0].groups[0], 9, NOW))
    for reply in replies:
        again = x12.read(reply.body, Setting())
        assert not again.findings and not again.envelopes[0].findings and not [f for m in again.messages for f in m.findings if f.code != "unsupported"]
        assert (again.envelopes[0].sender, again.envelopes[0].recipient) == ("01:NORTHERN", "ZZ:ACMEEDI")
    assert b"PO1*1*10*EA*9.5**VN*A 1*BP*B 9~" in replies[2].body  # X12 has no release character


# EDIFACT ----------------------------------------------------------------------------------------------------------


def test_edifact_release_characters_and_service_characters_of_una() -> None:
    order = order_of(read_edifact(samples.edifact(head="FTX+AAI+++It?'s 5?+5??'")))
    assert order.notes == "It's 5+5?"
    text = samples.edifact(una="", head="FTX+AAI+++a b'").translate(str.maketrans("+:'", "|^\n"))
    assert order_of(read_edifact("UNA^|,! \n" + text)).notes == "a b"


def test_edifact_the_decimal_comma_is_a_point() -> None:
    text = samples.edifact(una="UNA:+,? '", lines="LIN+1++X:SA'QTY+21:2,5:KGM'PRI+AAA:3,20'MOA+203:8,00'", summary="UNS+S'MOA+79:8'")
    line = order_of(read_edifact(text)).lines[0]
    assert (line.quantity, line.price, line.net) == (Decimal("2.5"), Decimal("3.20"), Decimal("8.00"))


def test_edifact_level_b_without_una_has_information_separators() -> None:
    text = samples.edifact(una="", syntax="UNOB:1").translate(str.maketrans({"+": "\x1d", ":": "\x1f", "'": "\x1c"}))
    assert order_of(read_edifact(text)).number == "PO-78"


@pytest.mark.parametrize(
    ("syntax", "charset", "word"),
    [("UNOC:3", "iso-8859-1", "Café"), ("UNOD:3", "iso-8859-2", "Łódź"), ("UNOE:3", "iso-8859-5", "Москва"), ("UNOF:3", "iso-8859-7", "Αθήνα"),
     ("UNOW:4", "utf-8", "東京 Łódź"), ("UNOY:4", "utf-8", "naïve")],
)  # fmt: skip
def test_edifact_character_sets_are_those_of_the_syntax(syntax: str, charset: str, word: str) -> None:
    text = samples.edifact(syntax=syntax, head="FTX+AAI+++@'")
    data = text.encode("latin-1").replace(b"@", word.encode(charset))
    assert order_of(edifact.read(data, Setting())).notes == word


def test_edifact_a_byte_outside_the_character_set_is_told_and_the_partners_charset_helps() -> None:
    data = samples.edifact(syntax="UNOA:1", head="FTX+AAI+++Caf\xe9'").encode("latin-1")
    message = edifact.read(data, Setting()).messages[0]
    assert codes(message.findings) == ["charset"] and message.findings[0].facts["byte"] == "0xE9"
    assert order_of(edifact.read(data, Setting("iso-8859-1"))).notes == "Café"


def test_edifact_repetition_is_of_version_four_only() -> None:
    assert order_of(read_edifact(samples.edifact(syntax="UNOC:3", head="FTX+AAI+++5*4'"))).notes == "5*4"
    assert order_of(read_edifact(samples.edifact(syntax="UNOW:4", head="FTX+AAI+++5*4'"))).notes == "5"


def test_edifact_several_interchanges_and_messages_with_line_breaks() -> None:
    first = samples.edifact(number="P1").replace("UNZ+1", "UNH+2+ORDERS:D:01B:UN:EAN010'BGM+220+P2+9'LIN+1++A:SRV'QTY+21:1'UNS+S'UNT+6+2'UNZ+2")
    parsed = read_edifact(first.replace("'", "'\r\n") + samples.edifact(number="P3", una="", reference="R2"))
    assert [(m.envelope, m.order.number, codes(m.findings)) for m in parsed.messages] == [(0, "P1", []), (0, "P2", []), (1, "P3", [])]
    assert [codes(e.findings) for e in parsed.envelopes] == [[], []]


def test_edifact_groups_are_counted_by_unz() -> None:
    text = samples.edifact().replace("UNH+1", "UNG+ORDERS+A+B+260105:0936+G1+UN+D:96A'UNH+1").replace("UNZ+1", "UNE+1+G1'UNZ+1")
    parsed = read_edifact(text)
    assert order_of(parsed) and parsed.envelopes[0].findings == ()
    assert codes(read_edifact(text.replace("UNE+1+G1", "UNE+2+G9")).envelopes[0].findings) == ["control_mismatch", "wrong_count"]


def test_edifact_a_message_without_unt_is_truncated_and_the_next_interchange_is_whole() -> None:
    broken = samples.edifact(number="P1")
    broken = broken[: broken.index("UNT+")]
    parsed = read_edifact(broken + samples.edifact(number="P2", reference="R2"))
    assert [(m.order.number, codes(m.findings)) for m in parsed.messages] == [("P1", ["truncated"]), ("P2", [])]
    assert codes(parsed.envelopes[0].findings) == ["truncated"]


def test_edifact_dates_in_their_formats() -> None:
    head = "DTM+2:2026W:999'DTM+64:260209:101'DTM+61:202603011200:203'"
    order = read_edifact(samples.edifact(head=head)).messages[0]
    assert codes(order.findings) == ["bad_date"] and (order.order.requested_date, order.order.cancel_after) == (date(2026, 2, 9), date(2026, 3, 1))
    assert edifact.moment("202607", "616") == date(2026, 2, 9) and edifact.moment("090226", "2") == date(2026, 2, 9)


def test_edifact_pia_names_the_product_first_and_substitutes_not_at_all() -> None:
    lines = "LIN+1++4006381333931:EN'PIA+1+B77:BP'PIA+3+OTHER:SA'PIA+5+A:SA'QTY+21:1'"
    line = order_of(read_edifact(samples.edifact(lines=lines, summary="UNS+S'"))).lines[0]
    assert [(r.scheme, r.code) for r in line.references] == [("seller", "A"), ("gtin", "4006381333931"), ("buyer", "B77")]


def test_edifact_sums_with_and_without_tax() -> None:
    plain = order_of(read_edifact(samples.edifact(summary="UNS+S'MOA+79:240'MOA+86:240'"))).stated
    assert (plain.net, plain.tax, plain.total) == (240, None, None)
    taxed = order_of(read_edifact(samples.edifact(summary="UNS+S'MOA+79:240'MOA+125:240'MOA+124:48'MOA+86:288'"))).stated
    assert (taxed.net, taxed.tax, taxed.total) == (240, 48, 288)


def test_edifact_our_own_replies_read_back_without_a_finding() -> None:
    parsed = read_edifact(samples.edifact(ask="1"))
    (control,) = edifact_replies.acknowledge(parsed, 0, iter([7]), NOW)
    assert b"UCI+R1+4012345000009:14+4098765000008:14+7'" in control.body and b"UCM+1+ORDERS:D:96A:UN:EAN008+7'" in control.body
    line = AnswerLine("1", "A'+", (Reference("gtin", "4006381333931"),), "", Decimal(10), "PCE", Decimal("9.5"), Decimal(1), ((Decimal(10), date(2026, 2, 1)),))
    given_ = OrderAnswer("PO?78", "SO1", date(2026, 1, 6), date(2026, 1, 5), "EUR", Party("X"), "We", (line,))
    answer = edifact_replies.answer(given_, parsed.envelopes[0], "ORDERS:D:01B:UN:EAN010", 8, NOW)
    assert b"PIA+5+A?'?+:SA'" in answer.body and b"RFF+ON:PO??78'" in answer.body and b"UNH+1+ORDRSP:D:01B:UN'" in answer.body
    for reply in (control, answer):
        again = edifact.read(reply.body, Setting())
        assert again.envelopes[0].findings == () and [f for m in again.messages for f in m.findings if f.code != "unsupported"] == []
        assert edifact_replies.acknowledge(again, 0, iter([9]), NOW) == [] or reply is answer


def test_edifact_accents_a_level_a_partner_can_not_read_are_dropped() -> None:
    parsed = read_edifact(samples.edifact(syntax="UNOA:1"))
    given_ = OrderAnswer("PO", "SO1", date(2026, 1, 6), None, "EUR", Party("Jürgen"), "We", ())
    assert b"NAD+BY+Jurgen" in edifact_replies.answer(given_, parsed.envelopes[0], "ORDERS:D:96A:UN", 8, NOW).body


# UBL, shops ---------------------------------------------------------------------------------------------------------


def test_ubl_an_order_inside_a_business_document_header() -> None:
    inner = samples.ubl().partition("?>")[2]
    wrapped = f'<StandardBusinessDocument xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"><StandardBusinessDocumentHeader/>{inner}</StandardBusinessDocument>'
    order = order_of(ubl.read(wrapped.encode(), Setting()))
    assert [(x.number, x.quantity, x.unit, x.price, x.net) for x in order.lines] == [("1", 4, "C62", 10, 40), ("2", 2, "XCS", 100, 200)]
    assert (order.buyer.code, order.stated.net, order.stated.tax, order.stated.total) == ("4012345000009", 240, 48, 288) and list(check(order)) == []


def test_ubl_entities_and_dtds_are_refused() -> None:
    bomb = b'<!DOCTYPE o [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]><Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">&c;</Order>'
    assert codes(ubl.read(bomb, Setting()).findings) == ["unreadable"]
    assert codes(ubl.read(b'<!DOCTYPE Order SYSTEM "http://127.0.0.1:1/x.dtd"><Order/>', Setting()).findings) == ["unreadable"]


@pytest.mark.parametrize(
    ("change", "code"),
    [(('currencyID="EUR">240<', 'currencyID="EUR">241<'), "lines_total"), (('currencyID="EUR">40<', 'currencyID="EUR">41<'), "line_sum"),
     (('currencyID="EUR">288<', 'currencyID="EUR">290<'), "total")],
)  # fmt: skip
def test_ubl_sums_that_do_not_agree(change: tuple[str, str], code: str) -> None:
    text = samples.ubl().replace(*change)
    assert code in codes(check(ubl.read(text.encode(), Setting()).messages[0].order))


def test_ubl_allowances_charges_and_base_quantities() -> None:
    line = samples.ubl_line("1", "A", "200", "C62", "0").replace('<cbc:PriceAmount currencyID="EUR">0</cbc:PriceAmount>', '<cbc:PriceAmount currencyID="EUR">12.50</cbc:PriceAmount><cbc:BaseQuantity unitCode="C62">100</cbc:BaseQuantity>')
    line = line.replace('<cbc:LineExtensionAmount currencyID="EUR">0<', '<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount currencyID="EUR">5</cbc:Amount></cac:AllowanceCharge><cbc:LineExtensionAmount currencyID="EUR">20<')
    charge = '<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator><cbc:AllowanceChargeReason>Freight</cbc:AllowanceChargeReason><cbc:Amount currencyID="EUR">7</cbc:Amount></cac:AllowanceCharge>'
    totals = charge + '<cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">20</cbc:LineExtensionAmount><cbc:TaxExclusiveAmount currencyID="EUR">27</cbc:TaxExclusiveAmount></cac:AnticipatedMonetaryTotal>'
    order = order_of(ubl.read(samples.ubl(lines=line, totals=totals).encode(), Setting()))
    assert order.lines[0].computed == 20 and order.charges[0].amount == 7 and list(check(order)) == []


def test_ubl_response_is_well_formed_and_says_lines_only_where_something_changes() -> None:
    line = AnswerLine("1", "A", (), "Tool", Decimal(4), "C62", Decimal(10), Decimal(1), ((Decimal(4), date(2026, 2, 1)),))
    given_ = OrderAnswer("PO-79", "SO1", date(2026, 1, 6), None, "EUR", Party("X", "Acme"), "We", (line,))
    body = ubl_replies.answer(given_, {"seller": "0088:1", "buyer": "0088:2"}, 3, NOW).body
    assert b"<cbc:OrderResponseCode>AP<" in body and b"OrderLine" not in body
    changed = OrderAnswer("PO-79", "SO1", date(2026, 1, 6), None, "EUR", Party("X"), "We", (AnswerLine(**{**vars(line), "open": Decimal(1)}),))
    assert b"<cbc:LineStatusCode>3<" in ubl_replies.answer(changed, {}, 3, NOW).body


def test_shopify_units_taken_off_before_sending_lower_the_line_and_units_back_do_not() -> None:
    refunds = [{"refund_line_items": [{"line_item_id": 11, "quantity": 1, "restock_type": "no_restock"}, {"line_item_id": 12, "quantity": 1, "restock_type": "return"}]}]
    order = order_of(shopify.read(samples.body(samples.shopify(refunds=refunds)), Setting(topic="orders/updated")))
    assert [(x.number, x.quantity, x.computed) for x in order.lines] == [("11", 1, 10), ("12", 1, 18)]


@pytest.mark.parametrize("topic", ["orders/fulfilled", "orders/delete"])
def test_shopify_topics_that_ask_nothing(topic: str) -> None:
    assert shopify.read(samples.body(samples.shopify()), Setting(topic=topic)).messages[0].nothing


def test_woocommerce_statuses() -> None:
    def read(**changes: Any) -> Any:
        return woocommerce.read(samples.body(samples.woocommerce(**changes)), Setting(topic="order.updated")).messages[0]

    assert read(status="pending").nothing and read(status="cancelled").order.kind == "cancel" and read().order.kind == "change"
    assert codes(read(refunds=[{"id": 1, "total": "-5.00"}]).findings) == ["refunded_in_shop"]
    assert codes(read(total="30.01").findings) == ["total"] and read(total="30.01", prices_include_tax=True).findings == ()


# Whatever comes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(adapters.READERS))
@given(data=st.binary(max_size=400))
def test_no_bytes_are_an_error(form: str, data: bytes) -> None:
    adapters.read(form, data, Setting())


@pytest.mark.parametrize(("form", "text"), [("x12", samples.x12()), ("edifact", samples.edifact()), ("ubl", samples.ubl()), ("csv", "order,sku,quantity\n1,A,2\n")])
@given(data=st.data())
def test_no_mutilated_message_is_an_error_nor_loses_its_findings(form: str, text: str, data: st.DataObject) -> None:
    raw = bytearray(text.encode())
    for _n in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=3))
        if not raw:
            return
    parsed = adapters.read(form, bytes(raw), Setting())
    assert parsed.messages or parsed.findings


@given(st.text(st.characters(codec="latin-1", exclude_characters="\x00"), max_size=40))
def test_what_is_released_comes_back(text: str) -> None:
    facts = {"release": "?", "component": ":", "element": "+", "terminator": "'"}
    released = edifact_replies.released(text, facts, "iso-8859-1")
    found = segment(f"FTX+{released}+end", Separators("+", ":", "'", "?"))
    assert (found.get(1), found.get(2)) == (text.replace("\r", " ").replace("\n", " "), "end")
    assert split(released, "'", "?") == [released] and unreleased("??", "?") == "?"


def test_half_a_megabyte_of_lines_is_read_in_a_moment() -> None:
    lines = "".join(f"LIN+{n}++X{n}:SA'QTY+21:1:PCE'PRI+AAA:1'" for n in range(1, 5_001))
    order = order_of(read_edifact(samples.edifact(lines=lines, summary="UNS+S'CNT+2:5000'")))
    assert len(order.lines) == 5_000


@pytest.mark.parametrize(
    ("code", "base", "others", "meant"),
    [("EA", "each", [], ""), ("H87", "pcs", [], ""), ("EA", "kg", [], None), ("KGM", "kg", [], ""), ("CS", "each", ["case"], "case"), ("XBX", "each", ["case"], None),
     ("", "each", [], ""), ("Case", "each", ["case"], "case"), ("CT", "each", ["carton", "case"], None)],
)  # fmt: skip
def test_a_unit_means_what_counts_the_same(code: str, base: str, others: list[str], meant: str | None) -> None:
    assert unit_for(code, base, others) == meant
