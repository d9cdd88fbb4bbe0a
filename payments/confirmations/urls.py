"""Addresses of balance confirmations."""

from django.urls import path

from payments.confirmations import views

urlpatterns = [
    path("balances/", views.ConfirmationList.as_view(), name="balance-list"),
    path("balances/ask/", views.Ask.as_view(), name="balance-ask"),
    path("balances/<int:pk>/", views.ConfirmationDetail.as_view(), name="balance-detail"),
    path("balances/answer/<str:token>/", views.AnswerByLink.as_view(), name="balance-answer-link"),
]
