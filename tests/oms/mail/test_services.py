"""Mail is sent once or its end is unknown; what the server refuses is tried again or fails; the same cause writes one mail."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, transaction
from django.utils import timezone

from oms.events.services import command
from oms.mail import services
from oms.mail.models import Mail
from oms.mail.services import NewMail, again, queue, send_waiting, settle, take
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World.make()


def written(world: World, key: str = "1:shipped:7", address: str = "ann@acme.example", **more: Any) -> list[Mail]:
    with command("test.write", by=world.system) as cmd:
        event = cmd.event("test.written", [("customer", world.customer.pk)])
        return queue([NewMail(key, "shipped", world.customer.pk, ("order", 1), "Ann", address, "en", "It is\non its way", "Good day Ann", event, **more)])


class Server:
    """A mail server that answers as told, one answer a mail; it counts what it accepted."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.accepted = list(answers), 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def send_messages(self, messages: list[Any]) -> int:
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer
        self.accepted += 1
        return 1


def serve(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> Server:
    server = Server(*answers)
    monkeypatch.setattr(services, "get_connection", lambda: server)
    return server


def test_a_mail_leaves_once_with_its_text(world: World) -> None:
    (mail,) = written(world)
    assert send_waiting(world.system) == {"lost": 0, "sent": 1} and send_waiting(world.system) == {"lost": 0}
    (sent,) = outbox.outbox
    assert (sent.subject, sent.body, sent.to) == ("It is on its way", "Good day Ann", ['"Ann" <ann@acme.example>'])
    assert sent.extra_headers["Message-ID"] == f"<mail-{mail.pk}@localhost>"
    mail.refresh_from_db()
    assert mail.status == "sent" and mail.sent_at is not None and mail.attempts == 1


def test_the_same_cause_writes_one_mail(world: World) -> None:
    assert len(written(world)) == 1 and written(world) == [] and Mail.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.create(key="1:shipped:7", kind="x", customer_id=1, subject_kind="x", subject_id=1, to_address="a@b.example", language="en", title="x", body="x",
                            created_at=timezone.now(), event_id=Mail.objects.get().event_id)  # fmt: skip


def test_a_mail_whose_sender_was_lost_is_never_sent_by_itself_again(world: World) -> None:
    (mail,) = written(world)
    assert take(by=world.system) == mail and take(by=world.system) is None
    assert send_waiting(world.system) == {"lost": 0} and outbox.outbox == []
    Mail.objects.update(taken_at=timezone.now() - timedelta(minutes=11))
    assert send_waiting(world.system) == {"lost": 1} and outbox.outbox == []
    mail.refresh_from_db()
    assert mail.status == "unknown"
    settle(mail.pk, "sent", by=world.system)
    mail.refresh_from_db()
    assert mail.status == "unknown", "a late answer changes nothing"


@pytest.mark.parametrize(("answer", "status"), [
    (smtplib.SMTPDataError(554, b"no"), "failed"), (smtplib.SMTPDataError(451, b"later"), "waiting"),
    (smtplib.SMTPRecipientsRefused({"ann@acme.example": (550, b"unknown")}), "failed"), (smtplib.SMTPRecipientsRefused({"ann@acme.example": (450, b"busy")}), "waiting"),
    (ConnectionRefusedError("refused"), "waiting"), (smtplib.SMTPServerDisconnected("gone"), "unknown"), (TimeoutError(), "unknown"), (None, "sent"),
])  # fmt: skip
def test_what_the_server_says_decides(world: World, monkeypatch: pytest.MonkeyPatch, answer: Any, status: str) -> None:
    (mail,) = written(world)
    serve(monkeypatch, answer)
    send_waiting(world.system, limit=1)
    mail.refresh_from_db()
    assert (mail.status, bool(mail.error)) == (status, status != "sent")
    assert take(by=world.system) is None, "nothing is tried at once"


def test_after_five_refusals_it_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (mail,) = written(world)
    serve(monkeypatch, *[smtplib.SMTPDataError(451, b"later")] * 6)
    for _n in range(6):
        Mail.objects.filter(status="waiting").update(next_at=timezone.now() - timedelta(minutes=1))
        send_waiting(world.system)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts) == ("failed", 5)


def test_without_a_server_nothing_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written(world)
    server = serve(monkeypatch)
    monkeypatch.setattr(server, "open", lambda: (_ for _ in ()).throw(ConnectionRefusedError("no")))
    assert send_waiting(world.system)["no_server"] == 1 and Mail.objects.get().attempts == 0


def test_a_file_that_cannot_be_made_sends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written(world, file=("nonsense", 1))
    server = serve(monkeypatch, None)
    send_waiting(world.system)
    assert server.accepted == 0 and Mail.objects.get().status == "waiting" and "KeyError" in Mail.objects.get().error


def test_a_mail_to_nobody_is_kept_and_not_sent(world: World) -> None:
    written(world, address="")
    assert send_waiting(world.system) == {"lost": 0} and Mail.objects.get().status == "nobody"


def test_once_more_is_a_mail_of_its_own(world: World) -> None:
    (mail,) = written(world)
    with command("test.again", by=world.system), pytest.raises(Exception, match="still to be sent"):
        again(mail, "Ann", "ann@acme.example", mail.event_id)
    send_waiting(world.system)
    mail.refresh_from_db()
    with command("test.again", by=world.system):
        second = again(mail, "Bob", "bob@acme.example", mail.event_id)
    send_waiting(world.system)
    second.refresh_from_db()
    assert (second.resent_of, second.body, [m.to[0] for m in outbox.outbox]) == (mail, mail.body, ['"Ann" <ann@acme.example>', '"Bob" <bob@acme.example>'])
