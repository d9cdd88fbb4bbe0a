"""What is written on a bank line: numbers, however they are spaced, and the words of a company's name."""

from __future__ import annotations

import re
import unicodedata
from operator import add

LEGAL_FORMS = frozenset(
    "GMBH AG KG OHG MBH UG SE SARL SA SAS SNC BV NV VOF LTD PLC LLC INC CORP CO COMPANY SPA SRL AB AS OY APS SPOL SRO "
    "THE AND UND ET DE VAN DER".split()
)
WORD = re.compile(r"[^\W_]+")
GAP = re.compile(r"[\W_]+")
DIGITS = 5


def tokens(text: str) -> set[str]:
    """Upper-case words and numbers of a text, and up to three neighbours joined: "INV 20 12" also reads "INV2012".

    A word that ends in five digits or more also reads as the bare number.
    """
    words = WORD.findall(text.upper())
    found = set(words)
    pairs = list(map(add, words, words[1:]))
    found.update(pairs)
    found.update(map(add, pairs, words[2:]))
    found.update(
        core for word in words if len(word) > DIGITS and word[-1].isdigit() and (core := core_of(word))
    )
    return found


def squeezed(number: str) -> str:
    """A number as `tokens` would read it when written without gaps; "" for what is too short to tell anything."""
    plain = number.replace("-", "").upper()
    if not plain.isalnum():
        plain = GAP.sub("", plain)
    return plain if len(plain) > 2 else ""


def core_of(number: str) -> str:
    """The digits at a number's end without leading zeros, when there are enough of them to tell it: "INV-0012345"."""
    if not number or not number[-1].isdigit():
        return ""
    core = number[len(number.rstrip("0123456789")) :].lstrip("0")
    return core if len(core) >= DIGITS else ""


def name_words(name: str) -> frozenset[str]:
    """What identifies a company by its name: words of three letters and more, without accents and legal forms."""
    return words_of(folded(name))


def words_of(said: str) -> frozenset[str]:
    """The words of a folded text that may identify a company."""
    return frozenset(word for word in WORD.findall(said) if len(word) > 2) - LEGAL_FORMS


def folded(text: str) -> str:
    """Upper case without accents; "Müller", "Mueller" and "MULLER" read alike."""
    plain = text
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.upper()
    return plain.replace("AE", "A").replace("OE", "O").replace("UE", "U")


def account_key(account: str) -> str:
    """A payer's account as it is remembered: no blanks, upper case."""
    return "".join(account.split()).upper()[:40]
