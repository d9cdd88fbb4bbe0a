"""Gathers the models of the rooms: Django looks here."""

from inventory.alerts.models import StockAlert
from inventory.catalog.models import LocationStaff, Product, StorageLocation, Substitute, Unit
from inventory.counts.models import CountSheet, CountSheetLine
from inventory.feeds.models import Feed, FeedGap, FeedMessage, FeedReference
from inventory.stock.models import (
    Adjustment,
    Availability,
    Balance,
    CountedPlace,
    ExpectedReceipt,
    Movement,
    StockClosing,
)
from inventory.transfers.models import Route, Transfer, TransferLine, TransferPosting

__all__ = [
    "Adjustment",
    "Availability",
    "Balance",
    "CountSheet",
    "CountSheetLine",
    "CountedPlace",
    "ExpectedReceipt",
    "Feed",
    "FeedGap",
    "FeedMessage",
    "FeedReference",
    "LocationStaff",
    "Movement",
    "Product",
    "Route",
    "StockAlert",
    "StockClosing",
    "StorageLocation",
    "Substitute",
    "Transfer",
    "TransferLine",
    "TransferPosting",
    "Unit",
]
