"""`manage.py export_quotas FILE`: what `import_quotas` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all quotas to a CSV file."
    format_name = "quotas"
