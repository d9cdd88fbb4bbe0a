"""The shell's own pages: home, sign-in and sign-out, counts of the navigation, style guide."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.utils.translation import gettext_lazy as _

from oms.web import changes
from oms.web.styleguide import StyleGuidePage
from oms.web.views import CountsView, HomePage

app_name = "web"

urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path(
        "sign-in/",
        LoginView.as_view(
            template_name="registration/sign_in.html",
            redirect_authenticated_user=True,
            extra_context={"title": _("Sign in")},
        ),
        name="sign-in",
    ),
    path("sign-out/", LogoutView.as_view(next_page="web:sign-in"), name="sign-out"),
    path("changes/", changes.Changes.as_view(), name="changes"),
    path("changes/<int:change>/confirm/", changes.ConfirmChange.as_view(), name="change-confirm"),
    path("changes/<int:change>/reject/", changes.RejectChange.as_view(), name="change-reject"),
    path("changes/<int:change>/withdraw/", changes.WithdrawChange.as_view(), name="change-withdraw"),
    path("counts/", CountsView.as_view(), name="counts"),
    path("styleguide/", StyleGuidePage.as_view(), name="styleguide"),
]
