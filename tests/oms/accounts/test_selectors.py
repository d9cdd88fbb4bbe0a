from datetime import timedelta

import pytest
from django.utils import timezone

from oms.access.services import create_partner_key, create_user, revoke_partner_key
from oms.accounts import selectors
from oms.accounts.models import PartnerKey, User
from oms.accounts.selectors import authenticate_key, system_user

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture
def partner():
    return create_user("acme", by=system_user(), roles=["partner"])


def test_the_system_is_read_once_and_cannot_sign_in(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(selectors, "_system", None)
    with django_assert_num_queries(1):
        first, second = system_user(), system_user()
    assert first is second
    assert first.is_system and not first.has_usable_password()


def test_the_system_is_looked_for_again_when_it_was_not_there(monkeypatch):
    monkeypatch.setattr(selectors, "_system", None)
    User.objects.filter(username="system").update(username="elsewhere")
    with pytest.raises(User.DoesNotExist):
        system_user()
    User.objects.filter(username="elsewhere").update(username="system")
    assert system_user().username == "system"


def test_a_key_names_its_user_with_one_statement(partner, django_assert_num_queries):
    _key, raw = create_partner_key(partner.pk, "ERP", ["orders:write", "orders:read"], by=system_user())
    with django_assert_num_queries(1):
        principal = authenticate_key(raw)
    assert (principal.pk, principal.username, principal.roles) == (partner.pk, "acme", ("partner",))
    assert principal.scopes == {"orders:read", "orders:write"}
    assert principal.is_active and not principal.is_system


def test_the_secret_is_kept_nowhere(partner):
    key, raw = create_partner_key(partner.pk, "ERP", [], by=system_user())
    secret = raw.split("_", 2)[2]
    assert len(secret) >= 43
    assert secret.encode() not in bytes(PartnerKey.objects.get(pk=key.pk).secret_hash)


@pytest.mark.parametrize(
    "broken",
    ["", "oms", "oms_", "oms__", "Bearer", "oms_unknown_secret", "oms_\x00_x", "{raw}x", "x{raw}", "{prefix}"],
)
def test_a_key_that_is_not_exactly_right_names_nobody(partner, broken):
    key, raw = create_partner_key(partner.pk, "ERP", [], by=system_user())
    assert authenticate_key(broken.format(raw=raw, prefix=f"oms_{key.prefix}_")) is None
    assert authenticate_key(raw) is not None


def test_an_expired_key_names_nobody(partner):
    past = timezone.now() - timedelta(minutes=1)
    _key, raw = create_partner_key(partner.pk, "ERP", [], by=system_user(), expires_at=past)
    assert authenticate_key(raw) is None


def test_a_revoked_key_names_nobody(partner):
    key, raw = create_partner_key(partner.pk, "ERP", [], by=system_user())
    revoke_partner_key(key.pk, by=system_user())
    assert authenticate_key(raw) is None


def test_the_key_of_a_closed_account_says_so(partner):
    _key, raw = create_partner_key(partner.pk, "ERP", [], by=system_user())
    User.objects.filter(pk=partner.pk).update(is_active=False)
    assert authenticate_key(raw).is_active is False
