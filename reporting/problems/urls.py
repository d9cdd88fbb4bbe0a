"""Addresses of the inbox."""

from django.urls import path

from reporting.problems import views

urlpatterns = [
    path("problems/", views.Inbox.as_view(), name="problems"),
    path("problems/mark/", views.MarkProblem.as_view(), name="problem-mark"),
]
