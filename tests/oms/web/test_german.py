"""What customers get is German for a German customer: every text of documents and mail, whole, with its names kept."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.utils.translation import gettext as of_pages
from django.utils.translation import override

from oms.company.models import TaxRule
from oms.web.documents import CONTEXT, written, written_many
from payments.billing.choices import AGE_WORDS
from payments.models import CreditNote, ReceivableEntry

ROOT = Path(__file__).resolve().parents[3]
PLACE = ROOT / "oms/locale/de/LC_MESSAGES"
NAME = re.compile(r"%\((\w+)\)s")


def texts() -> list[tuple[str, ...]]:
    """Every text that a documents module writes: (text,) or (one, many)."""
    found = set()
    for path in ROOT.glob("*/*/documents.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "written_many"):
                said = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
                if said:
                    found.add(said)
    return sorted(found)


def test_no_documents_module_speaks_past_the_translations() -> None:
    for path in ROOT.glob("*/*/documents.py"):
        assert path.match("oms/web/documents.py") or not re.search(r"import .*\bn?gettext\b", path.read_text()), path


@pytest.mark.parametrize("said", texts(), ids=lambda said: said[0][:30])
def test_every_text_is_there_and_keeps_its_names(said: tuple[str, ...]) -> None:
    known = gettext.GNUTranslations((PLACE / "django.mo").open("rb"))._catalog  # type: ignore[attr-defined]
    for number, text in enumerate(said):
        key = f"{CONTEXT}\x04{said[0]}"
        german = known.get((key, number)) if len(said) > 1 else known.get(key)
        assert german, text
        assert sorted(NAME.findall(german)) == sorted(NAME.findall(text))


def test_words_that_documents_take_from_elsewhere_are_there_too() -> None:
    with override("de"):
        for labels in (AGE_WORDS, TaxRule.Category.labels, CreditNote.Kind.labels, ReceivableEntry.Kind.labels):
            same = [str(label) for label in labels if written(str(label)) == str(label)]
            assert same == []


def test_the_compiled_file_is_that_of_the_source() -> None:
    source = (PLACE / "django.po").read_text()
    written_down = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE)
    known = gettext.GNUTranslations((PLACE / "django.mo").open("rb"))._catalog  # type: ignore[attr-defined]
    assert len(written_down) > 100 and source.count("msgctxt") == len(written_down) + source.count("msgid_plural")
    for text, german in written_down:
        assert known[f"{CONTEXT}\x04{text}"] == german.replace('\\"', '"')


def test_pages_stay_in_one_language_and_documents_are_german() -> None:
    with override("de"):
        assert (written("Invoice %(number)s"), written("not there")) == ("Rechnung %(number)s", "not there")
        assert written_many("A file belongs to it: %(names)s", "Files belong to it: %(names)s", 2).startswith("Dateien")
        assert of_pages("Invoice %(number)s") == "Invoice %(number)s"
    with override("en"):
        assert written("Invoice %(number)s") == "Invoice %(number)s"
