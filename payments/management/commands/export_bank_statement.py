"""`manage.py export_bank_statement FILE`: every bank line with its statement, as `import_bank_statement` reads it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from oms.accounts.policies import authorize
from oms.files import exports
from oms.files.commands import FileCommand, actor, said
from oms.kernel.errors import OMSError
from payments.bank.adapters import exported
from payments.bank.models import BankAccount
from payments.bank.selectors import exported_lines


class Command(FileCommand):
    help = "Write all bank lines with their statements and balances to a CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--account", default="", help="IBAN of one of our accounts (default: all)")
        parser.add_argument("--by", default="", metavar="USER", help="whose right is asked (default: the system)")

    def handle(self, *args: Any, **options: Any) -> None:
        path, iban = Path(options["file"]), options["account"].replace(" ", "").upper()
        account = BankAccount.objects.filter(iban=iban).first() if iban else None
        if iban and account is None:
            raise CommandError(f"No account of ours has the IBAN {iban}.")
        try:
            authorize(actor(options["by"]), "payments.view_bank")
            with exports.whole_file(path) as target:
                lines = exported.write(target, exported_lines(account.pk if account else None))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from None
        except OMSError as error:
            raise CommandError(said(error)) from None
        self.stdout.write(f"{lines} lines written to {path}")
