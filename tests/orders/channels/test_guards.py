"""What the database itself refuses of channels, met by plain SQL around the services."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from orders.channels.services import connect, receive
from orders.models import Message, Reply, Transmission
from tests.orders.channels import samples
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(world: World) -> Message:
    """A quarantined one: its store is not known."""
    who = connect("edi", "Edi", "x12", by=world.system, customer=world.customer)
    made = receive(who, samples.x12(se="99").encode(), "api", by=world.system)
    return Message.objects.get(transmission_id=made.transmission)


def refused(sql: str, name: str, *parameters: object) -> None:
    with pytest.raises(DatabaseError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def test_what_arrived_never_changes_and_never_goes(message: Message) -> None:
    sent = message.transmission_id
    refused("UPDATE orders_transmission SET body = 'x' WHERE id = %s", "transmission is a document", sent)
    refused("DELETE FROM orders_transmission WHERE id = %s", "transmission is a document", sent)
    refused("UPDATE orders_message SET content = '{}' WHERE id = %s", "message is a document", message.pk)
    refused("DELETE FROM orders_message WHERE id = %s", "message is a document", message.pk)
    reply = Reply.objects.get()
    refused("UPDATE orders_reply SET body = 'x' WHERE id = %s", "reply is a document", reply.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_reply SET taken_at = now() WHERE id = %s", [reply.pk])


def test_a_message_moves_by_its_table_only(message: Message) -> None:
    refused("UPDATE orders_message SET state = 'entered' WHERE id = %s", "cannot go from quarantined to entered", message.pk)
    refused("UPDATE orders_message SET state = 'noted' WHERE id = %s", "cannot go from quarantined to noted", message.pk)
    born = (
        "INSERT INTO orders_message (number, partner_id, transmission_id, position, kind, state, corrections, waived, findings, envelope) "
        "SELECT 'X', partner_id, transmission_id, 9, kind, 'discarded', '{}', '{}', '[]', '{}' FROM orders_message"
    )
    refused(born, "cannot go from  to discarded")


def test_entered_names_its_order_and_quarantine_its_reason(message: Message) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_message SET state = 'new' WHERE id = %s", [message.pk])
    refused("UPDATE orders_message SET state = 'entered' WHERE id = %s", "message_entered_as_order", message.pk)
    refused("UPDATE orders_message SET state = 'quarantined', findings = '[]' WHERE id = %s", "message_held_for_a_reason", message.pk)


def test_the_same_bytes_and_the_same_code_stand_once(message: Message) -> None:
    again = (
        "INSERT INTO orders_transmission (partner_id, via, body, sha256, by_id, event_id) SELECT partner_id, via, body, sha256, by_id, event_id "
        "FROM orders_transmission"
    )
    refused(again, "transmission_once")
    code = "INSERT INTO orders_crossreference (partner_id, kind, code, unit) SELECT partner_id, 'unit', 'KI', 'case' FROM orders_transmission"
    with connection.cursor() as cursor:
        cursor.execute(code)
    refused(code, "cross_reference_once")
    refused(code.replace("'KI', 'case'", "'K2', ''"), "cross_reference_of_kind")
    assert Transmission.objects.count() == 1
