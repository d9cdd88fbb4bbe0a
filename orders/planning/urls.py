"""Addresses of planning."""

from django.urls import path

from orders.planning import views

urlpatterns = [
    path("planning/runs/", views.PlanRuns.as_view(), name="plan-runs"),
    path("planning/runs/<int:run>/", views.PlanRunDetail.as_view(), name="plan-run"),
    path("planning/runs/<int:run>/accept/", views.AcceptPlan.as_view(), name="plan-accept"),
    path("planning/runs/<int:run>/reject/", views.RejectPlan.as_view(), name="plan-reject"),
    path("planning/runs/<int:run>/undo/", views.UndoPlan.as_view(), name="plan-undo"),
    path("planning/receipts/<int:receipt>/", views.ReceiptPromises.as_view(), name="receipt-promises"),
    path("planning/rules/", views.RankRules.as_view(), name="rank-rules"),
    path("planning/rules/preview/", views.RankPreview.as_view(), name="rank-preview"),
    path("<str:number>/criticality/", views.Criticality.as_view(), name="criticality"),
    path("planning/why/", views.WhyQuote.as_view(), name="why-quote"),
    path("<str:number>/lines/<int:position>/why/", views.WhyThisDate.as_view(), name="why"),
]
