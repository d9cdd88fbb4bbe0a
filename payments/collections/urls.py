"""Addresses of collections."""

from django.urls import path

from payments.collections import views

urlpatterns = [
    path("receipts/", views.ReceiptList.as_view(), name="receipt-list"),
    path("receipts/new/", views.IssueReceipt.as_view(), name="receipt-issue"),
    path("receipts/<str:number>/", views.ReceiptDetail.as_view(), name="receipt-detail"),
    path("receipts/<str:number>/deposit/", views.DepositCheque.as_view(), name="receipt-deposit"),
    path("receipts/<str:number>/bank/", views.BankReceipt.as_view(), name="receipt-bank"),
    path("receipts/<str:number>/bounce/", views.BounceCheque.as_view(), name="receipt-bounce"),
    path("receipts/<str:number>/loss/", views.ProposeLoss.as_view(), name="receipt-loss"),
]
