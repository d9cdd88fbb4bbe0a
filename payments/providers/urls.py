"""Addresses of charges."""

from django.urls import path

from payments.providers import views

urlpatterns = [
    path("charges/", views.ChargeList.as_view(), name="charge-list"),
    path("charges/<str:charge>/", views.ChargeDetail.as_view(), name="charge-detail"),
    path("charges/<str:charge>/capture/", views.Capture.as_view(), name="charge-capture"),
    path("charges/<str:charge>/void/", views.GiveUp.as_view(), name="charge-void"),
    path("charges/<str:charge>/bank/", views.Bank.as_view(), name="charge-bank"),
    path("charges/<str:charge>/returned/", views.Returned.as_view(), name="charge-returned"),
    path("charges/<str:charge>/give-back/", views.GiveBack.as_view(), name="charge-give-back"),
    path("invoices/<str:invoice>/charge/", views.Ask.as_view(), name="invoice-charge"),
]
