"""Addresses of alerts."""

from django.urls import path

from inventory.alerts import views

urlpatterns = [
    path("alerts/", views.AlertList.as_view(), name="alert-list"),
    path("alerts/transfers/", views.TransferProposals.as_view(), name="alert-transfers"),
    path("levels/<path:sku>/", views.Levels.as_view(), name="stock-levels"),
]
