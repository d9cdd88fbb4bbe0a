"""API of orders: `orders` places and reads them, `changing` cancels, amends and reopens them, and takes many at once."""

from django.urls import path

from orders.desk.api.changing import OrderAmend, OrderBulk, OrderCancel, OrderReopen
from orders.desk.api.orders import (
    OrderConfirmation,
    OrderDetail,
    OrderListCreate,
    OrderTimeline,
    PromiseSimulate,
)

urlpatterns = [
    path("orders/", OrderListCreate.as_view(), name="order-list"),
    path("orders/bulk/", OrderBulk.as_view(), name="order-bulk"),
    path("orders/<str:number>/", OrderDetail.as_view(), name="order-detail"),
    path("orders/<str:number>/timeline/", OrderTimeline.as_view(), name="order-timeline"),
    path("orders/<str:number>/confirmation/", OrderConfirmation.as_view(), name="order-confirmation"),
    path("orders/<str:number>/cancel/", OrderCancel.as_view(), name="order-cancel"),
    path("orders/<str:number>/amend/", OrderAmend.as_view(), name="order-amend"),
    path("orders/<str:number>/reopen/", OrderReopen.as_view(), name="order-reopen"),
    path("promises/simulate/", PromiseSimulate.as_view(), name="promise-simulate"),
]
