"""Addresses of the performance form."""

from django.urls import path

from reporting.performance import views

urlpatterns = [
    path("performance/", views.PerformanceForm.as_view(), name="performance"),
    path("performance/documents/", views.Documents.as_view(), name="performance-documents"),
    path("performance/customers/", views.Customers.as_view(), name="performance-customers"),
    path("performance/close/", views.ClosePeriod.as_view(), name="period-close"),
    path("performance/target/", views.ProposeTarget.as_view(), name="target-propose"),
]
