"""Pages of the desk: enter, list, order, approvals, backlog, shipments. Each action calls exactly one use case."""

from orders.desk.views.approvals import ApprovalImpact, Approvals, ApproveOrder
from orders.desk.views.backorders import Backorders
from orders.desk.views.batches import (
    BatchColumns,
    Batches,
    BatchPage,
    BatchReasons,
    BatchTemplate,
    BringInBatch,
    DropBatch,
    GoOnBatch,
)
from orders.desk.views.entry import CustomerOptions, EnterOrder, EntryQuote, ProductOptions
from orders.desk.views.orders import (
    AddNote,
    Backlog,
    CancelOrder,
    Confirmation,
    DropNote,
    DropView,
    HoldOrder,
    KeepView,
    LiftHold,
    NoteFile,
    OrderDetail,
    OrderList,
    PlanNow,
    ReleaseBacklog,
    ReleaseOrder,
)
from orders.desk.views.warehouse import (
    DeliverShipment,
    ShipmentDetail,
    Shipments,
    ShipShipment,
    TakeBackShipment,
)

__all__ = [
    "AddNote", "ApprovalImpact", "ApproveOrder", "Approvals", "Backlog", "Backorders", "BatchColumns", "BatchPage", "BatchReasons", "BatchTemplate", "Batches", "BringInBatch", "CancelOrder", "Confirmation", "CustomerOptions", "DeliverShipment", "DropBatch", "DropNote", "DropView", "EnterOrder", "EntryQuote", "GoOnBatch",
    "HoldOrder", "KeepView", "LiftHold", "NoteFile", "OrderDetail", "OrderList", "PlanNow", "ProductOptions", "ReleaseBacklog", "ReleaseOrder",
    "ShipShipment", "ShipmentDetail", "Shipments", "TakeBackShipment",
]  # fmt: skip
