"""The banks' dialects by exact values, and what keeps a statement from being believed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from oms.kernel.errors import Conflict, Invalid
from payments.bank import adapters
from payments.bank.domain import StatementData
from payments.bank.models import BankLine, BankStatement
from payments.bank.selectors import gaps, open_lines, quarantined
from payments.bank.services import import_statement, release_statement
from tests.payments.conftest import Money, violated

D = Decimal
IBAN = "FR7630006000011234567890189"


def one(data: str | bytes) -> StatementData:
    found = adapters.read(data if isinstance(data, bytes) else data.encode())
    assert len(found) == 1
    return found[0]


def told(s: StatementData) -> list[tuple[str, str, str, str, str]]:
    return [(str(x.amount), x.counterparty, x.counterparty_account, x.reference, x.text) for x in s.lines]


GERMAN = f""":20:STARTUMS
:25:{IBAN}
:28C:00012/001
:60F:C260301EUR1000,00
:61:2603020302CR119,00N051NONREF//POS 1
:86:166?00GUTSCHRIFT?109310?20EREF+INV-70001?21SVWZ+Rechnung INV-700?2201 danke?30COBADEFF
?31DE89370400440532013000?32ACME TOOLS?33 LTD
:61:2603030303RC19,00NRTINONREF
:86:Rueckgabe
"""


def test_structured_details_are_taken_apart_and_a_missing_closing_balance_is_no_refusal() -> None:
    s = one(GERMAN)
    assert (s.opening, s.closing, s.number, s.difference) == (D("1000.00"), None, "00012/001", D(0))
    first, back = s.lines
    assert (first.amount, first.counterparty, first.counterparty_account, first.reference) == (
        D("119.00"), "ACME TOOLS LTD", "DE89370400440532013000", "INV-70001")
    assert "Rechnung INV-70001 danke" in first.text
    assert back.amount == D("-19.00")  # RC takes a credit back


def test_a_credit_taken_back_leaves_and_a_debit_taken_back_comes_in_again() -> None:
    text = """:20:1
:25:AT611904300234573201
:28C:3/1
:60F:C200101EUR100,00
:61:2001020102RC10,00NTRFNONREF
:86:back to the payer
:61:2001020102RDR5,00NMSCNONREF//B
:86:our money again
:61:2012310102C20,00NTRFREF-ABC//XYZ
:86:over the year's end
:62F:C200102EUR115,00
"""
    found = one(text)
    assert [x.amount for x in found.lines] == [Decimal(-10), Decimal(5), Decimal(20)]
    assert found.opening is not None and found.opening + sum(x.amount for x in found.lines) == found.closing
    assert (found.lines[2].booking_date, found.lines[2].value_date) == (date(2021, 1, 2), date(2020, 12, 31))


def test_interest_is_valued_on_days_that_no_calendar_has() -> None:
    text = ":20:X\n:25:1\n:28C:1\n:60F:C230228EUR1,00\n:61:2302300301C3,00NINTNONREF\n:86:interest\n:62F:C230301EUR4,00\n"
    assert one(text).lines[0].value_date == date(2023, 2, 28)
    with pytest.raises(Invalid):
        one(text.replace("230230", "231332"))


def test_lines_that_end_early_lost_their_blank_and_full_ones_did_not() -> None:
    text = ":20:X\n:25:1\n:28C:1\n:60F:C230228EUR1,00\n:61:2302280228C3,00NTRFPREF\n:86:/CNTP/NL32INGB0000012345/INGBNL2A/KLANT\nEN ZOON//REMI/USTD//" \
           + "x" * 24 + "INV00\n00044/\n:62F:C230301EUR4,00\n"  # fmt: skip
    (line,) = one(text).lines
    assert (line.counterparty, line.counterparty_account, line.reference) == ("KLANT EN ZOON", "NL32INGB0000012345", "")


def test_slash_codes_and_counterparties_are_taken_apart() -> None:
    from payments.bank.adapters.mt940 import details

    found = details("/EREF/E-1//CNTP/NL20INGB0001234567/INGBNL2A/Beta Works///REMI/USTD//INV-70002/")
    assert (found["NAME"], found["IBAN"], found["EREF"], found["text"]) == ("Beta Works", "NL20INGB0001234567", "E-1", "INV-70002 E-1")
    swift = details("/ORDP//NAME/Gamma Ltd/REMI/pays INV-\n70003")
    assert (swift["NAME"], swift["text"]) == ("Gamma Ltd", "pays INV-70003")


def test_several_messages_of_one_file_in_swift_envelopes() -> None:
    body = "\n:20:A\n:25:{i}\n:28C:{n}\n:60F:C260301EUR{o}\n:61:2603020302C5,N051NONREF\n:86:x\n:62F:C260302EUR{c}\n-}}"
    text = "".join("{1:F01X}{2:I940X}{4:" + body.format(i=IBAN, n=n, o=o, c=c) for n, o, c in ((1, "10,", "15,"), (2, "15,", "20,")))
    assert [(s.opening, s.closing, s.difference) for s in adapters.read(text.encode())] == [(D(10), D(15), D(0)), (D(15), D(20), D(0))]


CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{v}"><BkToCstmrStmt><Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>
<Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{close}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>
{entries}</Stmt></BkToCstmrStmt></Document>"""


def entry(amount: str, mark: str, inner: str, status: str = "<Sts><Cd>BOOK</Cd></Sts>") -> str:
    return f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>{status}<BookgDt><Dt>2026-03-02</Dt></BookgDt>{inner}</Ntry>'


def transaction(amount: str, name: str, said: str) -> str:
    return (f'<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls><RltdPties><Dbtr><Nm>{name}</Nm></Dbtr></RltdPties>'
            f"<RmtInf><Ustrd>{said}</Ustrd></RmtInf></TxDtls>")  # fmt: skip


@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_a_batch_is_split_charges_stand_alone_and_a_reversal_keeps_its_sign(version: str) -> None:
    batch = entry("48.50", "CRDT", "<Chrgs><Rcrd><Amt Ccy=\"EUR\">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs><NtryDtls>"
                  + transaction("20.00", "A", "one") + transaction("30.00", "B", "two") + "</NtryDtls>")  # fmt: skip
    back = entry("20.00", "DBIT", "<NtryDtls><TxDtls/></NtryDtls>").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")
    pending = entry("999.00", "CRDT", "", "<Sts>PDNG</Sts>")
    s = one(CAMT.format(v=version, close="128.50", entries=batch + back + pending))
    assert s.difference == 0
    assert [(str(x.amount), x.counterparty) for x in s.lines] == [("20.00", "A"), ("30.00", "B"), ("-1.50", ""), ("-20.00", "")]
    assert "Reversal" in s.lines[3].text


def test_the_documents_a_payment_names_are_read_also_of_a_batch_that_cannot_be_split() -> None:
    named = "<TxDtls><RmtInf><Strd><RfrdDocInf><Nb>INV0000099</Nb></RfrdDocInf><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
    uneven = transaction("20.00", "A", "INV1") + transaction("30.10", "B", "INV2")
    entries = entry("5.00", "CRDT", f"<NtryDtls>{named}</NtryDtls>") + entry("50.00", "CRDT", f"<NtryDtls>{uneven}</NtryDtls>")
    one_paid, batch = one(CAMT.format(v="04", close="155.00", entries=entries)).lines
    assert (one_paid.text, one_paid.reference) == ("INV0000099 RF18539007547034", "RF18539007547034")
    assert (batch.amount, batch.text) == (D("50.00"), "INV1 INV2")


def test_a_banks_own_csv_is_read_by_its_names_and_signs() -> None:
    german = 'Kontoinhaber;Acme\n\nBuchungstag;Wertstellung;Verwendungszweck;Betrag;Währung\n02.03.26;03.03.26;INV-1;"1.234,50";EUR\n'
    s = one(german.encode("latin-1"))
    assert [(x.booking_date, x.value_date, x.amount, x.text) for x in s.lines] == [(date(2026, 3, 2), date(2026, 3, 3), D("1234.50"), "INV-1")]
    dutch = '"Datum","Naam / Omschrijving","Af Bij","Bedrag"\n"20260302","Beta","Af","12,50"\n"20260303","Gamma","Bij","7,00"\n'
    assert [(x.amount, x.counterparty) for x in one(dutch).lines] == [(D("-12.50"), "Beta"), (D("7.00"), "Gamma")]
    english = "Date,Description,Money Out,Money In\n02/03/2026,Fee,2.50,\n02/03/2026,Sale,,30.00\n"
    assert [x.amount for x in one(english).lines] == [D("-2.50"), D("30.00")]


OFX = """OFXHEADER:100

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>121<ACCTID>000987654<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260301<DTEND>20260302
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260302120000[-5:EST]<TRNAMT>119.00<FITID>F1<NAME>ACME &amp; CO<MEMO>INV-70001</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260302<TRNAMT>-2.50<FITID>F2<NAME>Fee</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>216.50<DTASOF>20260302</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""

BAI = """01,BANK,US,260302,0800,1,,,2/
02,US,BANK,1,260302,,USD,2/
03,000987654,USD,010,10000,,,015,21650,,/
16,195,11900,Z,B1,INV-70001,ACME TOOLS/
88,second line of text
16,698,250,S,0,0,250,B2,,Fee/
49,43800,5/
98,43800,1,7/
99,43800,1,9/
"""


def test_ofx_and_bai2_are_read_to_the_cent() -> None:
    o = one(OFX)
    assert (o.account, o.currency, o.opening, o.closing) == ("121/000987654", "USD", None, D("216.50"))
    assert [(str(x.amount), x.counterparty, x.text, x.bank_reference) for x in o.lines] == [
        ("119.00", "ACME & CO", "INV-70001", "F1"), ("-2.50", "Fee", "", "F2")]
    b = one(BAI)
    assert (b.account, b.opening, b.closing, b.difference) == ("000987654", D("100.00"), D("216.50"), D(0))
    assert [(str(x.amount), x.reference, x.bank_reference) for x in b.lines] == [("119.00", "INV-70001", "B1"), ("-2.50", "", "B2")]
    assert b.lines[0].text == "ACME TOOLS,second line of text"


@pytest.mark.parametrize("data", [
    b"", b"   \n", b"PK\x03\x04zip", b"%PDF-1.7", b"a\x00b\x00\x01", OFX[:-20].encode(), BAI[:60].encode(), BAI.replace("49,43800", "49,43801").encode(),
    b":20:X\n:25:1\n:61:26030", CAMT.format(v="02", close="1", entries="")[:300].encode(), b"x" * (32 * 2**20 + 1),
    b":20:X\n:25:1\n:60F:C260301EUR1,00\n:61:260399garbage\n:62F:C260301EUR1,00\n",
])  # fmt: skip
def test_what_is_empty_binary_cut_off_or_wrong_is_refused_clearly(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        adapters.read(data)
    assert refused.value.code in ("statement_unreadable", "statement_too_large")
    assert str(refused.value)


def mt(number: str, opening: str, amounts: list[str], day: str) -> bytes:
    closing = D(opening) + sum(map(D, amounts))
    rows = "".join(f":61:{day}{day[2:]}C{a.replace('.', ',')}N051NONREF//B{number}{n}\n:86:pays\n" for n, a in enumerate(amounts))
    return (f":20:S\n:25:{IBAN}\n:28C:{number}\n:60F:C{day}EUR{opening.replace('.', ',')}\n{rows}"
            f":62F:C{day}EUR{str(closing).replace('.', ',')}\n-\n").encode()  # fmt: skip


def test_files_out_of_order_leave_a_gap_that_the_missing_one_closes(money: Money) -> None:
    finance = money.world.finance
    for data in (mt("1", "0.00", ["10.00"], "260301"), mt("3", "30.00", ["5.00"], "260303")):
        import_statement(data, "x", by=finance)
    third = BankStatement.objects.get(number="3")
    assert gaps([third.pk]) == quarantined([third.pk]) == {third.pk: D("20.000")}
    import_statement(mt("2", "10.00", ["20.00"], "260302"), "x", by=finance)
    assert gaps(list(BankStatement.objects.values_list("pk", flat=True))) == {}
    before = list(BankLine.objects.values_list("pk", "occurrence_no"))
    for data in (mt("3", "30.00", ["5.00"], "260303"), mt("1", "0.00", ["10.00"], "260301")):
        assert import_statement(data, "again", by=finance).new == 0
    assert list(BankLine.objects.values_list("pk", "occurrence_no")) == before and violated() == []


def test_a_booked_statement_does_not_change_and_a_quarantined_one_is_released_with_a_reason(money: Money) -> None:
    finance = money.world.finance
    import_statement(mt("1", "0.00", ["10.00"], "260301"), "x", by=finance)
    with pytest.raises(Conflict) as changed:
        import_statement(mt("1", "0.00", ["11.00"], "260301"), "x", by=finance)
    assert (changed.value.code, BankLine.objects.count()) == ("statement_differs", 1)
    import_statement(mt("2", "12.00", ["5.00"], "260302"), "x", by=finance)
    second = BankStatement.objects.get(number="2")
    assert quarantined([second.pk]) == {second.pk: D("2.000")}
    with pytest.raises(Invalid):
        release_statement(second.pk, " ", by=finance)
    release_statement(second.pk, "account opened with 2.00 more", by=finance)
    assert quarantined([second.pk]) == {} and open_lines().count() == 2
    with pytest.raises(Conflict):
        release_statement(second.pk, "again", by=finance)
