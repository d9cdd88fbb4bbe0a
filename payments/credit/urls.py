"""Addresses of credit terms."""

from django.urls import path

from payments.credit import views

urlpatterns = [
    path("limits/", views.TermsList.as_view(), name="terms-list"),
    path("limits/<int:pk>/confirm/", views.ConfirmTerms.as_view(), name="terms-confirm"),
    path("accounts/<str:customer>/lower/", views.LowerLimit.as_view(), name="limit-lower"),
    path("accounts/<str:customer>/propose/", views.ProposeTerms.as_view(), name="terms-propose"),
    path("accounts/<str:customer>/block/", views.BlockAccount.as_view(), name="account-block"),
]
