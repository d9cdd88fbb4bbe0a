"""Gathers the models of the rooms: Django looks here."""

from oms.accounts.models import PartnerKey, User
from oms.company.models import Calendar, CalendarDay, Company, Currency, NumberSeries, ReasonCode, TaxRule
from oms.events.models import Delivery, Event, EventNote, EventSubject, IdempotencyKey, Seal
from oms.jobs.models import Job

__all__ = [
    "Calendar",
    "CalendarDay",
    "Company",
    "Currency",
    "Delivery",
    "Event",
    "EventNote",
    "EventSubject",
    "IdempotencyKey",
    "Job",
    "NumberSeries",
    "PartnerKey",
    "ReasonCode",
    "Seal",
    "TaxRule",
    "User",
]
