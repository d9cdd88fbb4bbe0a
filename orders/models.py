"""Gathers the models of the rooms: Django looks here."""

from orders.approval.models import Approval, ApprovalLine, ApprovalPolicy
from orders.book.models import Order, OrderLine, OrderPayload, OrderTransition
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.holds.models import Hold
from orders.planning.models import Allocation, Lane, LaneStamp, LivePlan, PlanRun, Promise, ScheduleLine
from orders.pricing.models import Price, PriceList

__all__ = [
    "Allocation",
    "Approval",
    "ApprovalLine",
    "ApprovalPolicy",
    "Hold",
    "Lane",
    "LaneStamp",
    "LivePlan",
    "Order",
    "OrderLine",
    "OrderPayload",
    "OrderTransition",
    "PlanRun",
    "Price",
    "PriceList",
    "Promise",
    "ScheduleLine",
    "Shipment",
    "ShipmentLine",
]
