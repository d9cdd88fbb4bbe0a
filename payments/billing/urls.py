"""Addresses of invoices and receivables."""

from django.urls import path

from payments.billing import views

urlpatterns = [
    path("invoices/", views.InvoiceList.as_view(), name="invoice-list"),
    path("invoices/<str:invoice>/", views.InvoiceDetail.as_view(), name="invoice-detail"),
    path("invoices/<str:invoice>/pdf/", views.InvoicePdf.as_view(), name="invoice-pdf"),
    path("invoices/<str:invoice>/credit/", views.ProposeCredit.as_view(), name="invoice-credit"),
    path("invoices/<str:invoice>/write-off/", views.ProposeWriteOff.as_view(), name="invoice-write-off"),
    path("invoices/<str:invoice>/dispute/", views.DisputeInvoice.as_view(), name="invoice-dispute"),
    path("invoices/<str:invoice>/settle/", views.SettleDispute.as_view(), name="invoice-settle"),
    path("pro-formas/", views.ProFormaList.as_view(), name="pro-forma-list"),
    path("pro-formas/<str:number>/", views.ProFormaDetail.as_view(), name="pro-forma-detail"),
    path("pro-formas/<str:number>/pdf/", views.ProFormaPdf.as_view(), name="pro-forma-pdf"),
    path("credit-notes/", views.CreditNoteList.as_view(), name="credit-note-list"),
    path("credit-notes/<str:number>/", views.CreditNoteDetail.as_view(), name="credit-note-detail"),
    path("credit-notes/<str:number>/pdf/", views.CreditNotePdf.as_view(), name="credit-note-pdf"),
    path("credit-notes/<str:number>/apply/", views.ApplyCredit.as_view(), name="credit-note-apply"),
    path("credit-notes/<str:number>/refund/", views.ProposeRefund.as_view(), name="credit-note-refund"),
    path("accounts/<str:customer>/fee/", views.ChargeFee.as_view(), name="account-fee"),
    path("receivables/", views.Receivables.as_view(), name="receivables"),
    path("reminders/", views.Reminders.as_view(), name="reminders"),
    path("reminders/write/", views.WriteReminders.as_view(), name="reminders-write"),
    path("reminders/<str:number>/pdf/", views.ReminderPdf.as_view(), name="reminder-pdf"),
    path("receivables/ageing/", views.Ageing.as_view(), name="ageing"),
    path("accounts/<str:customer>/", views.AccountDetail.as_view(), name="account-detail"),
    path("statement/", views.OwnStatement.as_view(), name="own-statement"),
    path("statement/pdf/", views.OwnStatementPdf.as_view(), name="own-statement-pdf"),
    path("accounts/<str:customer>/statement/", views.StatementOfAccount.as_view(), name="account-statement"),
    path("accounts/<str:customer>/statement/pdf/", views.StatementPdf.as_view(), name="account-statement-pdf"),
]
