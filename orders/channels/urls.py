"""Addresses of channels."""

from django.urls import path

from orders.channels import views

urlpatterns = [
    path("messages/", views.MessageList.as_view(), name="message-list"),
    path("messages/send/", views.SendMessage.as_view(), name="message-send"),
    path("messages/<str:number>/", views.MessageDetail.as_view(), name="message-detail"),
    path("messages/<str:number>/raw/", views.MessageRaw.as_view(), name="message-raw"),
    path("messages/<str:number>/replies/<str:reply>/", views.ReplyRaw.as_view(), name="message-reply"),
    path("messages/<str:number>/replay/", views.ReplayMessage.as_view(), name="message-replay"),
    path("messages/<str:number>/map/", views.MapReference.as_view(), name="message-map"),
    path("messages/<str:number>/correct/", views.CorrectMessage.as_view(), name="message-correct"),
    path("messages/<str:number>/waive/", views.WaiveFindings.as_view(), name="message-waive"),
    path("messages/<str:number>/discard/", views.DiscardMessage.as_view(), name="message-discard"),
]
