"""`manage.py import_calendars FILE`: see `manage.py formats calendars`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in calendars from a CSV or XLSX file."
    format_name = "calendars"
