"""Address of the help."""

from django.urls import path

from reporting.guide import views

urlpatterns = [path("help/", views.Guide.as_view(), name="guide")]
