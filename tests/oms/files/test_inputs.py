"""What a file may not be: one clear message, and nothing is kept of it."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from inventory.models import Product
from oms.files.models import ImportFile
from tests.oms.files.conftest import Files, table
from tests.world import World


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "p.csv: The file is empty: its first row names the columns."),
        (b"sku,name\n", "p.csv: The file has no rows below its header."),
        (b"sku,name\nD,Dr\xfcl\n", "p.csv: Row 2 is not utf-8 text (byte 0xFC). Save the file as UTF-8, or name its encoding."),
        (b"sku,name\nD,Dri\x00ll\n", "p.csv: Row 2 contains a NUL character: this is not a text file."),
        (b'sku,name\nD,"Drill\nE,Edge\n', "p.csv: Row 2 is broken: unexpected end of data. Look for a quotation mark that is not closed."),
        (b"sku,name\nD," + b"x" * 32_001 + b"\n", "p.csv: Row 2 has a cell of more than 32000 characters."),
        (b"sku,name\nD," + b"x" * 140_000 + b"\n", "p.csv: Row 2 is broken: field larger than field limit (131072). Look for a quotation mark that is not closed."),
        (b"sku,name\nD" + b"," * 201 + b"\n", "p.csv: Row 2 has 202 cells; at most 200 are read."),
        (b"name,colour,name\nDrill,red,x\n", "p.csv: Row 1: the columns are not those of products (unknown: colour; twice: name; missing: sku). "
         "Columns of this format: sku, name, family, gtin, status, base_unit, price_unit, minimum_quantity, quantity_multiple, tax_class, "
         "standard_cost, weight_g, volume_cm3, reorder_level, track_lots, units."),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_the_row_and_nothing_is_kept(world: World, files: Files, content: bytes, said: str) -> None:
    run = files.run("products", files.csv("p.csv", content))
    assert run.refused == said
    assert not ImportFile.objects.exists()


def test_a_missing_file_is_named(world: World, files: Files) -> None:
    assert files.run("products", files.folder / "none.csv").refused == f"{files.folder}/none.csv cannot be read: No such file or directory."


@pytest.mark.parametrize("content", ["sku;name\nD;Drill, long\n".encode("utf-16"), "\ufeffsku\tname\r\nD\tDrill, long\r\n".encode()])
def test_spreadsheets_other_habits_are_read(world: World, files: Files, content: bytes) -> None:
    assert files.run("products", files.csv("p.csv", content)).counts == "1 rows in, 1 created, 0 changed, 0 the same, 0 rejected"
    assert Product.objects.get(sku="D").name == "Drill, long"


def test_a_named_encoding_is_read(world: World, files: Files) -> None:
    path = files.csv("p.csv", b"sku,name\nD,Dr\xfcl\n")
    assert files.run("products", path, "--encoding", "cp1252").refused == ""
    assert Product.objects.get(sku="D").name == "Drül"


def workbook(path: Path, rows: list[list[object]]) -> Path:
    """An XLSX file with these cells."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for n, cells in enumerate(rows):
        sheet.write_row(n, 0, cells)
    book.close()
    return path


def test_xlsx_numbers_are_read_as_they_were_typed(world: World, files: Files) -> None:
    path = workbook(files.folder / "p.xlsx", [["sku", "name", "standard_cost", "reorder_level"], [1001, "Drill", 0.1 + 0.2, 40.0], ["D", "Edge", 12, ""]])
    assert files.run("products", path).counts == "2 rows in, 2 created, 0 changed, 0 the same, 0 rejected"
    drill = Product.objects.get(sku="1001")
    assert (str(drill.standard_cost), drill.reorder_level) == ("0.300000", 40)


def packed(members: dict[str, bytes]) -> bytes:
    """A zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


TYPES = {"[Content_Types].xml": b"<Types/>"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK nothing", "This is not an XLSX file."),
        (packed({"a.txt": b"x"}), "This is not an XLSX file."),
        (packed({**TYPES, "xl/sheet.xml": b"0" * 20_000_000}), "The XLSX file would unpack to 19 MB, 10"),
        (packed({**TYPES, **{f"xl/{n}": b"x" for n in range(201)}}), "The XLSX file has 202 parts; at most 200 are read."),
        (packed({**TYPES, "../../etc/passwd": b"x"}), "The XLSX file names parts outside of itself."),
        (packed({**TYPES, "/abs": b"x"}), "The XLSX file names parts outside of itself."),
        (packed({**TYPES, "xl/vbaProject.bin": b"x"}), "The file contains macros. Save it as XLSX without macros."),
        (packed({**TYPES, "xl/workbook.xml": b"<broken"}), "The XLSX file cannot be read: it is broken or too large."),
    ],
)  # fmt: skip
def test_zip_bombs_and_broken_workbooks_are_refused(world: World, files: Files, content: bytes, said: str) -> None:
    run = files.run("products", files.csv("p.xlsx", content))
    assert run.refused.startswith(f"p.xlsx: {said}")
    assert not ImportFile.objects.exists()


def test_a_zip_whose_directory_lies_about_its_size_is_not_read(world: World, files: Files) -> None:
    """The directory says 10 bytes where 30 MB lie: what reads it has little memory and time, and finds it broken."""
    content = bytearray(packed({**TYPES, "xl/workbook.xml": b" " * 30_000_000}))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    assert files.run("products", files.csv("p.xlsx", bytes(content))).refused == "p.xlsx: The XLSX file cannot be read: it is broken or too large."


def test_what_would_be_a_formula_in_a_spreadsheet_comes_back_as_it_was(world: World, files: Files) -> None:
    from django.core.management import call_command

    name = "=SUM(A1)"
    files.run("products", files.csv("p.csv", table("sku name", ("D", name))))
    assert Product.objects.get(sku="D").name == name
    out = files.folder / "out.csv"
    call_command("export_products", str(out), verbosity=0)
    assert "'=SUM(A1)" in out.read_text()
    assert files.run("products", out).counts == "4 rows in, 0 created, 0 changed, 4 the same, 0 rejected"
