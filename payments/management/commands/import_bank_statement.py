"""`manage.py import_bank_statement FILE`: a statement of the bank through the same use case as the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from oms.accounts.policies import authorize
from oms.events.services import historic
from oms.files import exports
from oms.files.commands import FileCommand, actor, said
from oms.files.selectors import Refused
from oms.files.services import HISTORY_VERB
from oms.kernel.errors import OMSError
from payments.bank.adapters import FORMATS
from payments.bank.models import BankAccount
from payments.bank.services import Imported, import_statement, try_statement


class Command(FileCommand):
    help = (
        "Import bank statements (MT940, CAMT.053, OFX, BAI2, CSV), whole or not at all; known lines are left alone. "
        "Ends with 0 only when every line is there; statements that do not add up are flagged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the bank's file")
        parser.add_argument("--dry-run", action="store_true", help="say what it would bring; keep nothing")
        parser.add_argument("--partial", action="store_true", help="bring in the good statements and leave those that are refused")
        parser.add_argument("--history", action="store_true", help="statements of another system's past: said in the audit, nobody is told")
        parser.add_argument("--format", default="", choices=["", *FORMATS], help="default: told by the content")
        parser.add_argument("--account", default="", help="IBAN of our account, when the file does not name it")
        parser.add_argument("--by", default="", metavar="USER", help="who brings it in (default: the system)")
        parser.add_argument("--rejected", metavar="FILE", help="where the refused statements go (default: FILE.rejected.csv)")

    def handle(self, *args: Any, **options: Any) -> None:
        path, by = Path(options["file"]), actor(options["by"])
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from None
        do = try_statement if options["dry_run"] else import_statement
        account = self.account(options["account"])
        try:
            if options["history"]:
                authorize(by, HISTORY_VERB)
            with historic(by.pk if options["history"] else None):
                result = do(data, path.name, by=by, account_id=account, fmt=options["format"], partial=options["partial"])
        except OMSError as error:
            raise CommandError(f"{path.name}: {said(error)}") from None
        self.report(path, result, options)

    def account(self, iban: str) -> int | None:
        """The account of an IBAN; None when none was given."""
        if not iban:
            return None
        found = BankAccount.objects.filter(iban=iban.replace(" ", "").upper()).first()
        if found is None:
            raise CommandError(f"No account of ours has the IBAN {iban}.")
        return found.pk

    def report(self, path: Path, result: Imported, options: dict[str, Any]) -> None:
        """The counts; statements that do not add up are flagged, those refused are named here and in a file."""
        self.stdout.write(
            f"in {result.new + result.known + result.rejected}, created {result.new}, changed 0, known {result.known}, rejected {result.rejected}, "
            f"statements {len(result.statements)}{' (dry run, nothing kept)' if options['dry_run'] else ''}"
        )
        for number, difference in result.differences:
            self.stdout.write(f"flagged: statement {number} does not add up by {difference}")
        for number, flaw in result.flaws:
            self.stdout.write(f"flagged: statement {number}: {flaw}")
        if not result.refused:
            return
        for number, error, _lines in result.refused:
            self.stdout.write(f"  statement {number}: {said(error)}")
        rejects = Path(options["rejected"] or f"{path}.rejected.csv")
        with rejects.open("w", newline="", encoding="utf-8") as target:
            exports.write_refused(target, path.name, (Refused(0, "statement", number, said(error)) for number, error, _lines in result.refused))
        raise CommandError(f"{len(result.refused)} statements were refused: see {rejects}.")
