"""Addresses of carriers."""

from django.urls import path

from orders.carriers import views

urlpatterns = [
    path("carriers/", views.Carriers.as_view(), name="carriers"),
    path("carriers/consignments/", views.Consignments.as_view(), name="consignments"),
    path("shipments/<str:number>/carrier/", views.Shop.as_view(), name="shipment-carrier"),
    path("shipments/<str:number>/carrier/give/", views.Give.as_view(), name="shipment-give"),
    path("shipments/<str:number>/carrier/give-up/", views.TakeFromCarrier.as_view(), name="shipment-give-up"),
]
