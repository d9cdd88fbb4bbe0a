"""Addresses of transfers."""

from django.urls import path

from inventory.transfers import views

urlpatterns = [
    path("transfers/", views.TransferList.as_view(), name="transfer-list"),
    path("transfers/new/", views.RequestTransfer.as_view(), name="transfer-new"),
    path("transfers/<str:number>/", views.TransferDetail.as_view(), name="transfer-detail"),
    path("transfers/<str:number>/ship/", views.ShipTransfer.as_view(), name="transfer-ship"),
    path("transfers/<str:number>/receive/", views.ReceiveTransfer.as_view(), name="transfer-receive"),
    path("transfers/<str:number>/close/", views.CloseTransfer.as_view(), name="transfer-close"),
    path("transfers/<str:number>/cancel/", views.CancelTransfer.as_view(), name="transfer-cancel"),
    path("transfers/<str:number>/move/", views.MoveArrival.as_view(), name="transfer-move"),
    path("transfers/<str:number>/correct/", views.CorrectTransfer.as_view(), name="transfer-correct"),
    path("transfers/<str:number>/give-up/", views.GiveUpDifference.as_view(), name="transfer-give-up"),
    path("transfers/<str:number>/note.pdf", views.TransferNote.as_view(), name="transfer-note-pdf"),
]
