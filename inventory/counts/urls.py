"""Addresses of counts."""

from django.urls import path

from inventory.counts import views

urlpatterns = [
    path("counts/", views.SheetList.as_view(), name="count-list"),
    path("counts/new/", views.OpenSheet.as_view(), name="count-new"),
    path("counts/<str:number>/", views.SheetDetail.as_view(), name="count-detail"),
    path("counts/<str:number>/key/", views.KeySheet.as_view(), name="count-key"),
    path("counts/<str:number>/walk/", views.WalkSheet.as_view(), name="count-walk"),
    path("counts/<str:number>/differences/", views.SheetDifferences.as_view(), name="count-differences"),
    path("counts/<str:number>/post/", views.PostSheet.as_view(), name="count-post"),
    path("counts/<str:number>/cancel/", views.CancelSheet.as_view(), name="count-cancel"),
    path("counts/<str:number>/review/", views.ReviewSheet.as_view(), name="count-review"),
    path("counts/<str:number>/sheet.pdf", views.PrintSheet.as_view(), name="count-pdf"),
]
