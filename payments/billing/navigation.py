"""The places of invoices and receivables in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("money", _("Receivables"), "payments:receivables", roles={"sales", "approver", "manager", "finance"}, key="g r")
register("money", _("Invoices"), "payments:invoice-list", roles={"sales", "approver", "manager", "finance", "partner"}, key="g i")
register("money", _("Pro formas"), "payments:pro-forma-list", roles={"sales", "manager", "finance", "partner"})
register("money", _("Credit notes"), "payments:credit-note-list", roles={"manager", "finance", "partner"})
register("money", _("Statement of account"), "payments:own-statement", roles={"partner"})
register("money", _("Reminders"), "payments:reminders", roles={"manager", "finance"})
