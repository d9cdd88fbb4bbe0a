import pytest

from oms.access.services import create_partner_key, create_user, grant_roles, revoke_partner_key
from oms.accounts.models import PartnerKey, User
from oms.accounts.selectors import system_user
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def user(name, *roles):
    return create_user(name, by=system_user(), roles=roles)


def test_an_account_is_opened_by_an_administrator_and_given_roles_by_a_manager():
    admin, manager = user("ada", "administrator"), user("max", "manager")
    opened = create_user("new", by=admin, email="new@example.com", password="a long secret")
    assert opened.roles == [] and opened.check_password("a long secret")
    grant_roles(opened.pk, ["sales", "approver"], by=manager)
    assert User.objects.get(pk=opened.pk).roles == ["approver", "sales"]
    event = Event.objects.get(name="user.roles_granted", subjects__object_id=opened.pk)
    assert event.data == {"user": opened.pk, "before": [], "after": ["approver", "sales"]}
    assert event.actor_id == manager.pk


def test_the_event_of_an_account_names_nobody():
    opened = create_user("new", by=user("ada", "administrator"), email="new@example.com", last_name="Newman")
    payload = bytes(Event.objects.get(name="user.created", subjects__object_id=opened.pk).payload)
    assert b"new" not in payload.lower()


def test_an_administrator_cannot_give_roles_with_the_account():
    with pytest.raises(Forbidden) as refused:
        create_user("new", by=user("ada", "administrator"), roles=["finance"])
    assert refused.value.code == "two_persons"
    assert not User.objects.filter(username="new").exists()


def test_who_opened_an_account_cannot_give_it_roles():
    both = user("bo", "administrator", "manager")
    opened = create_user("new", by=both)
    with pytest.raises(Forbidden) as refused:
        grant_roles(opened.pk, ["finance"], by=both)
    assert refused.value.code == "two_persons"
    assert User.objects.get(pk=opened.pk).roles == []


def test_nobody_gives_roles_to_themselves():
    manager = user("max", "manager")
    with pytest.raises(Forbidden) as refused:
        grant_roles(manager.pk, ["manager", "finance"], by=manager)
    assert refused.value.code == "two_persons"
    assert User.objects.get(pk=manager.pk).roles == ["manager"]


@pytest.mark.parametrize("role", ["sales", "approver", "finance", "warehouse", "partner", "manager"])
def test_only_an_administrator_opens_accounts(role):
    with pytest.raises(Forbidden) as refused:
        create_user("new", by=user("who", role))
    assert refused.value.code == "role"
    assert not User.objects.filter(username="new").exists()


def test_an_unknown_role_is_refused():
    with pytest.raises(Invalid) as refused:
        create_user("new", by=system_user(), roles=["king"])
    assert refused.value.data == {"roles": ["king"]}


def test_a_user_name_is_taken_once():
    user("ada", "administrator")
    with pytest.raises(Conflict) as refused:
        user("ada", "sales")
    assert refused.value.code == "username_taken"


def test_the_system_is_no_account():
    with pytest.raises(NotFound):
        grant_roles(system_user().pk, ["sales"], by=user("max", "manager"))
    with pytest.raises(NotFound):
        create_partner_key(system_user().pk, "x", [], by=system_user())


def test_a_partner_handles_its_own_keys_only():
    acme, other = user("acme", "partner"), user("other", "partner")
    with pytest.raises(Forbidden) as refused:
        create_partner_key(acme.pk, "stolen", [], by=other)
    assert refused.value.code == "not_own"
    key, _raw = create_partner_key(acme.pk, "own", ["orders:read"], by=acme)
    with pytest.raises(Forbidden):
        revoke_partner_key(key.pk, by=other)
    assert list(PartnerKey.objects.values_list("name", "revoked_at")) == [("own", None)]


def test_a_key_is_revoked_once():
    acme = user("acme", "partner")
    key, _raw = create_partner_key(acme.pk, "own", [], by=acme)
    first = revoke_partner_key(key.pk, by=acme).revoked_at
    assert revoke_partner_key(key.pk, by=acme).revoked_at == first
    assert Event.objects.filter(name="partner_key.revoked", subjects__object_id=acme.pk).count() == 1
