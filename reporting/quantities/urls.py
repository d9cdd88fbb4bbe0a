"""Addresses of the comparison."""

from django.urls import path

from reporting.quantities import views

urlpatterns = [
    path("quantities/", views.Comparison.as_view(), name="quantities"),
    path("quantities/lines/", views.Lines.as_view(), name="quantity-lines"),
]
