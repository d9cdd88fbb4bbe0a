"""Addresses of returns."""

from django.urls import path

from orders.returns import views

urlpatterns = [
    path("returns/", views.ReturnList.as_view(), name="return-list"),
    path("returns/new/", views.RequestReturn.as_view(), name="return-new"),
    path("returns/<str:number>/", views.ReturnDetail.as_view(), name="return-detail"),
    path("returns/<str:number>/slip/", views.ReturnSlip.as_view(), name="return-slip"),
    path("returns/<str:number>/authorise/", views.AuthoriseReturn.as_view(), name="return-authorise"),
    path("returns/<str:number>/send/", views.SendReturn.as_view(), name="return-send"),
    path("returns/<str:number>/withdraw/", views.WithdrawReturn.as_view(), name="return-withdraw"),
    path("returns/<str:number>/receive/", views.ReceiveReturn.as_view(), name="return-receive"),
    path("returns/<str:number>/inspect/", views.InspectReturn.as_view(), name="return-inspect"),
    path("returns/<str:number>/dispose/", views.DisposeReturn.as_view(), name="return-dispose"),
    path("returns/<str:number>/repaired/<int:line>/", views.FinishRepair.as_view(), name="return-repaired"),
    path("returns/<str:number>/settle/", views.SettleReturn.as_view(), name="return-settle"),
]
