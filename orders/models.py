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
from orders.fulfilment.models import (
    Arrival,
    Discrepancy,
    DiscrepancyClearing,
    PutBack,
    Shipment,
    ShipmentLine,
    Wave,
    WaveTime,
)
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
    "Arrival",
    "Case",
    "CaseFile",
    "CaseLink",
    "CaseMessage",
    "CriticalityChange",
    "CriticalityUse",
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
    "PutBack",
    "Quota",
    "QuotaEntry",
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
    "Shipment",
    "ShipmentLine",
    "TradingPartner",
    "Transmission",
    "Wave",
    "WaveTime",
    "WebhookDelivery",
    "WebhookEndpoint",
]
