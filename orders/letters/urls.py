"""Addresses of mail to customers."""

from django.urls import path

from orders.letters import views

urlpatterns = [
    path("mail/", views.MailList.as_view(), name="letter-list"),
    path("mail/<int:pk>/", views.MailDetail.as_view(), name="letter-detail"),
    path("mail/<int:pk>/file/", views.MailFile.as_view(), name="letter-file"),
    path("mail/<int:pk>/again/", views.SendAgain.as_view(), name="letter-again"),
    path("mail/to/<str:code>/", views.Rules.as_view(), name="letter-rules"),
    path("mail/to/<str:code>/<str:kind>/", views.Preview.as_view(), name="letter-preview"),
    path("mail/stop/<str:token>/", views.Stop.as_view(), name="letters-stop"),
]
