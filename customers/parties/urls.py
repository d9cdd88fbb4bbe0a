"""Addresses of customers."""

from django.urls import path

from customers.parties import views

urlpatterns = [
    path("", views.CustomerList.as_view(), name="customer-list"),
    path("<str:code>/", views.CustomerDetail.as_view(), name="customer-detail"),
]
