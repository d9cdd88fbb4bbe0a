"""Gathers the models of the rooms: Django looks here."""

from orders.approval.models import Approval, ApprovalLine, ApprovalPolicy, PolicyLimit
from orders.book.models import Order, OrderLine, OrderPayload, OrderTransition, PriceChange
from orders.channels.models import (
    CrossReference,
    Message,
    Reply,
    TradingPartner,
    Transmission,
    WebhookDelivery,
    WebhookEndpoint,
)
from orders.desk.models import OrderFile, OrderNote, SavedView
from orders.entry.models import Draft
from orders.fulfilment.models import Arrival, Discrepancy, DiscrepancyClearing, Shipment, ShipmentLine
from orders.holds.models import Hold, Quota, QuotaEntry
from orders.letters.models import LetterRule
from orders.planning.models import (
    Allocation,
    CriticalityChange,
    CriticalityUse,
    Lane,
    LaneStamp,
    LivePlan,
    PlanChange,
    PlanRun,
    Promise,
    RankPolicy,
    ScheduleLine,
)
from orders.pricing.models import Price, PriceList
from orders.returns.models import (
    Return,
    ReturnCredit,
    ReturnDisposal,
    ReturnLine,
    ReturnReceipt,
    ReturnSettlement,
)
from orders.service.models import Case, CaseFile, CaseLink, CaseMessage, ServiceLevel

__all__ = [
    "Allocation",
    "Approval",
    "ApprovalLine",
    "ApprovalPolicy",
    "Case",
    "CaseFile",
    "CaseLink",
    "CaseMessage",
    "CriticalityChange",
    "CriticalityUse",
    "Arrival",
    "CrossReference",
    "Discrepancy",
    "DiscrepancyClearing",
    "Draft",
    "Hold",
    "Lane",
    "LaneStamp",
    "LetterRule",
    "LivePlan",
    "Message",
    "Order",
    "OrderFile",
    "OrderLine",
    "OrderNote",
    "OrderPayload",
    "OrderTransition",
    "PlanChange",
    "PlanRun",
    "PolicyLimit",
    "Price",
    "PriceChange",
    "PriceList",
    "Promise",
    "RankPolicy",
    "Reply",
    "Return",
    "ReturnCredit",
    "ReturnDisposal",
    "ReturnLine",
    "ReturnReceipt",
    "ReturnSettlement",
    "SavedView",
    "ScheduleLine",
    "ServiceLevel",
    "Quota",
    "QuotaEntry",
    "Shipment",
    "ShipmentLine",
    "TradingPartner",
    "Transmission",
    "WebhookDelivery",
    "WebhookEndpoint",
]
