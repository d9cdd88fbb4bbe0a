"""Addresses of the desk."""

from django.urls import path

from orders.desk import views

urlpatterns = [
    path("", views.OrderList.as_view(), name="order-list"),
    path("enter/", views.EnterOrder.as_view(), name="enter"),
    path("enter/quote/", views.EntryQuote.as_view(), name="enter-quote"),
    path("enter/customers/", views.CustomerOptions.as_view(), name="customer-options"),
    path("enter/products/", views.ProductOptions.as_view(), name="product-options"),
    path("views/keep/", views.KeepView.as_view(), name="view-keep"),
    path("views/<int:view>/drop/", views.DropView.as_view(), name="view-drop"),
    path("backorders/", views.Backorders.as_view(), name="backorders"),
    path("batches/", views.Batches.as_view(), name="batches"),
    path("batches/template/", views.BatchTemplate.as_view(), name="batch-template"),
    path("batches/<int:run>/", views.BatchPage.as_view(), name="batch"),
    path("batches/<int:run>/columns/", views.BatchColumns.as_view(), name="batch-columns"),
    path("batches/<int:run>/bring-in/", views.BringInBatch.as_view(), name="batch-bring-in"),
    path("batches/<int:run>/go-on/", views.GoOnBatch.as_view(), name="batch-go-on"),
    path("batches/<int:run>/discard/", views.DropBatch.as_view(), name="batch-discard"),
    path("batches/<int:run>/rows/", views.BatchReasons.as_view(), name="batch-rows"),
    path("approvals/", views.Approvals.as_view(), name="approvals"),
    path("approvals/impact/", views.ApprovalImpact.as_view(), name="approval-impact"),
    path("backlog/", views.Backlog.as_view(), name="backlog"),
    path("backlog/release/", views.ReleaseBacklog.as_view(), name="backlog-release"),
    path("backlog/plan/", views.PlanNow.as_view(), name="plan-now"),
    path("shipments/", views.Shipments.as_view(), name="shipments"),
    path("shipments/<str:number>/", views.ShipmentDetail.as_view(), name="shipment-detail"),
    path("shipments/<str:number>/ship/", views.ShipShipment.as_view(), name="shipment-ship"),
    path("shipments/<str:number>/deliver/", views.DeliverShipment.as_view(), name="shipment-deliver"),
    path("shipments/<str:number>/cancel/", views.TakeBackShipment.as_view(), name="shipment-cancel"),
    path("<str:number>/", views.OrderDetail.as_view(), name="order-detail"),
    path("<str:number>/confirmation.pdf", views.Confirmation.as_view(), name="order-confirmation"),
    path("<str:number>/notes/", views.AddNote.as_view(), name="order-note"),
    path("<str:number>/notes/<int:note>/drop/", views.DropNote.as_view(), name="order-note-drop"),
    path("<str:number>/files/<int:file>/", views.NoteFile.as_view(), name="order-file"),
    path("<str:number>/approve/", views.ApproveOrder.as_view(), name="order-approve"),
    path("<str:number>/cancel/", views.CancelOrder.as_view(), name="order-cancel"),
    path("<str:number>/release/", views.ReleaseOrder.as_view(), name="order-release"),
    path("<str:number>/hold/", views.HoldOrder.as_view(), name="order-hold"),
    path("<str:number>/holds/<int:hold>/release/", views.LiftHold.as_view(), name="hold-release"),
]
