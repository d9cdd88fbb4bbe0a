"""`manage.py import_feed FILE`: see `manage.py formats feed`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in a warehouse's messages from a CSV or XLSX file."
    format_name = "feed"
