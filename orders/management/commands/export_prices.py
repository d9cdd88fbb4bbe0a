"""`manage.py export_prices FILE`: what `import_prices` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all prices to a CSV file."
    format_name = "prices"
