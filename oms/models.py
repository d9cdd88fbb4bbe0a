"""Gathers the models of the rooms: Django looks here."""

from oms.accounts.models import PartnerKey, User
from oms.changes.models import ChangeRequest
from oms.company.models import Calendar, CalendarDay, Company, Currency, NumberSeries, ReasonCode, TaxRule
from oms.events.models import Delivery, Event, EventNote, EventSubject, IdempotencyKey, Seal
from oms.files.models import ImportFile, ImportLayout, ImportRow
from oms.jobs.models import Job
from oms.mail.models import Mail

__all__ = [
    "Calendar",
    "CalendarDay",
    "ChangeRequest",
    "Company",
    "Currency",
    "Delivery",
    "Event",
    "EventNote",
    "EventSubject",
    "IdempotencyKey",
    "ImportFile",
    "ImportLayout",
    "ImportRow",
    "Job",
    "Mail",
    "NumberSeries",
    "PartnerKey",
    "ReasonCode",
    "Seal",
    "TaxRule",
    "User",
]
