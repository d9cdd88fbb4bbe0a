"""Addresses of the bank."""

from django.urls import path

from payments.bank import views

urlpatterns = [
    path("bank/", views.LineList.as_view(), name="bank-lines"),
    path("bank/statements/", views.StatementList.as_view(), name="statement-list"),
    path("bank/statements/<int:pk>/", views.StatementDetail.as_view(), name="statement-detail"),
    path("bank/statements/<int:pk>/release/", views.ReleaseStatement.as_view(), name="statement-release"),
    path("bank/import/", views.ImportStatement.as_view(), name="bank-import"),
    path("bank/key/", views.KeyLine.as_view(), name="bank-key"),
    path("bank/match/", views.NextLine.as_view(), name="bank-match"),
    path("bank/proposals/", views.Proposals.as_view(), name="bank-proposals"),
    path("bank/payers/", views.PayerOptions.as_view(), name="payer-options"),
    path("bank/lines/<int:line>/", views.MatchLine.as_view(), name="bank-line"),
    path("bank/lines/<int:line>/out/", views.PayOut.as_view(), name="bank-pay-out"),
    path("bank/lines/<int:line>/out/<str:refund>/undo/", views.UndoPayOut.as_view(), name="bank-pay-out-undo"),
    path("refunds/<str:refund>/", views.RefundDetail.as_view(), name="refund-detail"),
    path("payments/<str:payment>/", views.PaymentDetail.as_view(), name="payment-detail"),
    path("payments/<str:payment>/apply/", views.ApplyRest.as_view(), name="payment-apply"),
    path("payments/<str:payment>/reverse/", views.ReversePayment.as_view(), name="payment-reverse"),
    path("payments/<str:payment>/free/<str:number>/", views.FreeDeposit.as_view(), name="payment-free"),
    path("payments/<str:payment>/refund/", views.RefundPayment.as_view(), name="payment-refund"),
]
