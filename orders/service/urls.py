"""Addresses of cases."""

from django.urls import path

from orders.service import views

urlpatterns = [
    path("questions/", views.Questions.as_view(), name="questions"),
    path("questions/new/", views.Ask.as_view(), name="question-new"),
    path("questions/<str:case>/", views.Question.as_view(), name="question"),
    path("cases/", views.CaseList.as_view(), name="case-list"),
    path("cases/new/", views.OpenCase.as_view(), name="case-new"),
    path("cases/files/<int:pk>/", views.CaseAttachment.as_view(), name="case-file"),
    path("cases/<str:case>/", views.CaseDetail.as_view(), name="case-detail"),
    path("cases/<str:case>/say/", views.SayInCase.as_view(), name="case-say"),
    path("cases/<str:case>/assign/", views.AssignCase.as_view(), name="case-assign"),
    path("cases/<str:case>/classify/", views.ClassifyCase.as_view(), name="case-classify"),
    path("cases/<str:case>/resolve/", views.ResolveCase.as_view(), name="case-resolve"),
    path("cases/<str:case>/reopen/", views.ReopenCase.as_view(), name="case-reopen"),
    path("cases/<str:case>/merge/", views.MergeCase.as_view(), name="case-merge"),
    path("cases/<str:case>/link/", views.LinkCase.as_view(), name="case-link"),
]
