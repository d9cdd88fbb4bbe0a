"""`manage.py export_payments FILE`: what `import_payments` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all payments and credit notes to a CSV file."
    format_name = "payments"
