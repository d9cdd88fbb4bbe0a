"""Addresses of operations."""

from django.urls import path

from reporting.operations import views

urlpatterns = [
    path("operations/", views.Operations.as_view(), name="operations"),
    path("operations/verify/", views.VerifyNow.as_view(), name="operations-verify"),
    path("operations/invariants/<str:number>/", views.Operations.as_view(), name="operations-invariant"),
    path("operations/metrics/", views.metrics, name="metrics"),
]
