"""`manage.py export_calendars FILE`: what `import_calendars` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all calendars to a CSV file."
    format_name = "calendars"
