"""Addresses of stock."""

from django.urls import path

from inventory.stock import views

urlpatterns = [
    path("", views.StockList.as_view(), name="stock-list"),
    path("movements/", views.MovementList.as_view(), name="movement-list"),
    path("at/", views.StockAt.as_view(), name="stock-at"),
    path("receive/", views.Receive.as_view(), name="receive"),
    path("put-away/", views.PutAwayGoods.as_view(), name="put-away"),
    path("adjust/", views.Adjust.as_view(), name="adjust"),
    path("products/", views.ProductOptions.as_view(), name="product-options"),
    path("card/<path:sku>/", views.StockCard.as_view(), name="stock-card"),
]
