"""Addresses of invoicing."""

from django.urls import path

from orders.invoicing import views

urlpatterns = [
    path("close/", views.DailyClose.as_view(), name="daily-close"),
    path("close/months/", views.MonthList.as_view(), name="month-list"),
    path("close/months/<str:month>/", views.MonthClose.as_view(), name="month-close"),
    path("close/months/<str:month>/close/", views.CloseMonth.as_view(), name="month-close-do"),
    path("close/months/<str:month>/reopen/", views.ReopenMonth.as_view(), name="month-reopen"),
    path("invoices/<str:invoice>/cancel/", views.CancelInvoice.as_view(), name="invoice-cancel"),
]
