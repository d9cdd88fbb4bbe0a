"""Addresses of entry: drafts and steps of one order."""

from django.urls import path

from orders.entry import views

urlpatterns = [
    path("drafts/save/", views.SaveDraft.as_view(), name="draft-save"),
    path("templates/keep/", views.KeepTemplate.as_view(), name="template-keep"),
    path("templates/<int:template>/drop/", views.DropTemplate.as_view(), name="template-drop"),
    path("<str:number>/amend/", views.AmendOrder.as_view(), name="order-amend"),
    path("<str:number>/amend/preview/", views.PreviewAmend.as_view(), name="order-amend-preview"),
    path("<str:number>/discard/", views.DiscardDraft.as_view(), name="order-discard"),
    path("<str:number>/recall/", views.RecallOrder.as_view(), name="order-recall"),
    path("<str:number>/copy/", views.CopyOrder.as_view(), name="order-copy"),
    path("<str:number>/cancel-rest/", views.CancelRest.as_view(), name="order-cancel-rest"),
    path("<str:number>/reopen/", views.ReopenOrder.as_view(), name="order-reopen"),
]
