"""Address of the customer form."""

from django.urls import path

from reporting.customer_form import views

urlpatterns = [path("customers/<str:code>/", views.CustomerForm.as_view(), name="customer-form")]
