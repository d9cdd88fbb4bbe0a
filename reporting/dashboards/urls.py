"""Address of the dashboard."""

from django.urls import path

from reporting.dashboards import views

urlpatterns = [
    path("dashboard/", views.Dashboard.as_view(), name="dashboard"),
    path("dashboard/outstanding/", views.DaysOutstanding.as_view(), name="outstanding"),
]
