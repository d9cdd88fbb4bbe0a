"""Addresses of approval."""

from django.urls import path

from orders.approval import views

urlpatterns = [
    path("approvals/policy/", views.PolicyPage.as_view(), name="approval-policy"),
    path("approvals/stand-ins/", views.Delegations.as_view(), name="delegations"),
    path("approvals/stand-ins/<int:delegation>/end/", views.EndDelegation.as_view(), name="delegation-end"),
    path("<str:number>/reapprove/", views.ReapproveOrder.as_view(), name="order-reapprove"),
]
