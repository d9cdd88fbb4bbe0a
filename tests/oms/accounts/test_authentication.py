import pytest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from oms.access.services import create_partner_key, create_user
from oms.accounts.authentication import PartnerKeyAuthentication, RequiresScope
from oms.accounts.models import User
from oms.accounts.selectors import system_user

pytestmark = [pytest.mark.db, pytest.mark.django_db]


class View:
    scope = "orders:write"


def request(header=None):
    return APIRequestFactory().get("/", **({"HTTP_AUTHORIZATION": header} if header else {}))


@pytest.fixture
def raw():
    partner = create_user("acme", by=system_user(), roles=["partner"])
    return create_partner_key(partner.pk, "ERP", ["orders:write"], by=system_user())[1]


def test_a_bearer_key_signs_the_request_in(raw):
    principal, _auth = PartnerKeyAuthentication().authenticate(request(f"Bearer {raw}"))
    assert principal.username == "acme"
    assert principal.is_authenticated


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Token abc"])
def test_another_scheme_is_left_to_the_next_class(raw, header):
    assert PartnerKeyAuthentication().authenticate(request(header)) is None


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer oms_a_b", "bearer \xfc"])
def test_a_wrong_bearer_is_refused(raw, header):
    with pytest.raises(AuthenticationFailed):
        PartnerKeyAuthentication().authenticate(request(header))


def test_the_key_of_a_closed_account_is_refused(raw):
    User.objects.filter(username="acme").update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        PartnerKeyAuthentication().authenticate(request(f"Bearer {raw}"))


def test_a_key_is_limited_by_its_scopes(raw):
    asked = request()
    asked.user, _auth = PartnerKeyAuthentication().authenticate(request(f"Bearer {raw}"))
    assert RequiresScope().has_permission(asked, View())
    other = View()
    other.scope = "orders:approve"
    assert not RequiresScope().has_permission(asked, other)
