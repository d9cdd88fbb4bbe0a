"""Addresses of fulfilment: discrepancies."""

from django.urls import path

from orders.fulfilment import views

urlpatterns = [
    path("discrepancies/", views.DiscrepancyList.as_view(), name="discrepancy-list"),
    path("discrepancies/<str:number>/", views.DiscrepancyDetail.as_view(), name="discrepancy-detail"),
    path("discrepancies/<str:number>/approved/", views.ClearByApproval.as_view(), name="discrepancy-approved"),
    path("discrepancies/<str:number>/back/", views.ClearByReturn.as_view(), name="discrepancy-back"),
    path("discrepancies/<str:number>/write-off/", views.WriteOff.as_view(), name="discrepancy-write-off"),
    path("waves/", views.WaveList.as_view(), name="waves"),
    path("waves/release/<str:code>/", views.FillNow.as_view(), name="wave-release"),
    path("waves/<str:number>/", views.WaveDetail.as_view(), name="wave-detail"),
    path("waves/<str:number>/list.pdf", views.WavePickingList.as_view(), name="wave-list-pdf"),
    path("put-back/", views.PutBackList.as_view(), name="put-backs"),
    path("put-back/<int:pk>/", views.PutBackDone.as_view(), name="put-back"),
    path("shipments/<str:number>/pick/", views.PickShipment.as_view(), name="shipment-pick"),
    path("shipments/<str:number>/short/", views.PickShort.as_view(), name="shipment-short"),
    path("shipments/<str:number>/pack/", views.PackShipment.as_view(), name="shipment-pack"),
    path("shipments/<str:number>/failed/", views.FailShipment.as_view(), name="shipment-failed"),
    path("shipments/<str:number>/lost/", views.LoseShipment.as_view(), name="shipment-lost"),
    path("shipments/<str:number>/back/", views.TakeDeliveryBack.as_view(), name="shipment-back"),
    path("shipments/<str:number>/correct/", views.CorrectDelivery.as_view(), name="shipment-correct"),
    path("shipments/<str:number>/reverse/", views.ReverseShipment.as_view(), name="shipment-reverse"),
    path("shipments/<str:number>/list.pdf", views.PickingList.as_view(), name="shipment-list-pdf"),
    path("shipments/<str:number>/slip.pdf", views.PackingSlip.as_view(), name="shipment-slip-pdf"),
    path("shipments/<str:number>/label.pdf", views.ShippingLabel.as_view(), name="shipment-label-pdf"),
]
