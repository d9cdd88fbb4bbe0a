"""The port to payment providers, and a simulated one. A provider's own adapter keeps the same protocol and registers its code.

Every call carries a key: told twice, it answers the same and does nothing again. What it does not answer is asked anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class Said:
    """What a provider answered: its own number, and why not when it refused for good."""

    reference: str = ""
    refused: str = ""


class NoAnswer(Exception):
    """The provider could not be reached, or said to come again: nothing is known."""


class Provider(Protocol):
    """Amounts in the currency's own unit; `token` names a card or mandate that the provider keeps."""

    def authorise(self, key: str, kind: str, token: str, amount: Decimal, currency: str) -> Said: ...
    def capture(self, key: str, reference: str, amount: Decimal, currency: str) -> Said: ...
    def void(self, key: str, reference: str) -> Said: ...
    def refund(self, key: str, reference: str, amount: Decimal, currency: str) -> Said: ...


class Simulated:
    """Answers by the token: `declined…` is refused, `silent…` never answers, `late…` refuses at capture, `gone…` gives nothing back;
    all else goes well."""

    def authorise(self, key: str, kind: str, token: str, amount: Decimal, currency: str) -> Said:
        if token.startswith("silent"):
            raise NoAnswer("timeout")
        if token.startswith("declined"):
            return Said(refused="insufficient funds")
        return Said(f"{next((x for x in ('late', 'gone') if token.startswith(x)), 'sim')}-{key}")

    def capture(self, key: str, reference: str, amount: Decimal, currency: str) -> Said:
        return Said(reference, "the authorisation expired") if reference.startswith("late") else Said(reference)

    def void(self, key: str, reference: str) -> Said:
        return Said(reference)

    def refund(self, key: str, reference: str, amount: Decimal, currency: str) -> Said:
        return Said(refused="the card is closed") if reference.startswith("gone") else Said(f"back-{key}")


PROVIDERS: dict[str, Provider] = {"simulated": Simulated()}
DEFAULT = "simulated"
