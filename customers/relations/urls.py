"""Addresses of relations."""

from django.urls import path

from customers.relations import views

urlpatterns = [
    path("<str:code>/activities/add/", views.AddActivity.as_view(), name="activity-add"),
    path("activities/<int:pk>/done/", views.FinishFollowUp.as_view(), name="activity-done"),
]
