"""Addresses of scheduled reports."""

from django.urls import path

from reporting.scheduled import views

urlpatterns = [
    path("scheduled/", views.Reports.as_view(), name="scheduled"),
    path("scheduled/new/", views.Schedule.as_view(), name="schedule"),
    path("scheduled/<int:pk>/stop/", views.Stop.as_view(), name="scheduled-stop"),
]
