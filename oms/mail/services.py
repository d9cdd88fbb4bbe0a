"""Queue a mail, send what waits, each once: the decision to send is committed before the server is spoken to.

A mail that is taken and never answered for ends `unknown`, and is not sent again by itself: a second mail is worse than
a question. What the server refused for now is tried again, at most ATTEMPTS times.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from oms.mail.choices import MailStatus
from oms.mail.locks import lock_mail
from oms.mail.models import Mail
from oms.mail.registry import made

ATTEMPTS, LOST_MINUTES, AT_ONCE = 5, 10, 200
BACKOFF_MINUTES = (1, 5, 30, 120, 120)


@dataclass(frozen=True)
class NewMail:
    """A mail as it will be read. `key`: what makes it the same mail; `address` "" keeps it as one that nobody can get; `at`: when
    what it tells happened (now when empty)."""

    key: str
    kind: str
    customer_id: int
    subject: tuple[str, int]
    name: str
    address: str
    language: str
    title: str
    body: str
    event_id: int
    file: tuple[str, int] | None = None
    at: datetime | None = None


def queue(mails: Sequence[NewMail]) -> list[Mail]:
    """Part: keep mails to be sent; those whose key is known are left alone. Returns the new ones.

    Their event is what caused them: a mail is no news of its own.
    """
    if not mails:
        return []
    cmd = current()
    known = set(Mail.objects.filter(key__in=[m.key for m in mails]).values_list("key", flat=True))
    new = [m for m in mails if m.key not in known]
    if not new:
        return []
    Mail.objects.bulk_create(
        [
            Mail(key=m.key, kind=m.kind, customer_id=m.customer_id, subject_kind=m.subject[0], subject_id=m.subject[1], to_name=m.name[:200],
                 to_address=m.address, language=m.language, title=m.title[:200], body=m.body, file_kind=m.file[0] if m.file else "",
                 file_id=m.file[1] if m.file else None, status=MailStatus.WAITING if m.address else MailStatus.NOBODY, created_at=m.at or cmd.at, event_id=m.event_id)
            for m in new
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return list(Mail.objects.filter(key__in=[m.key for m in new]).order_by("pk"))


def again(mail: Mail, name: str, address: str, event_id: int) -> Mail:
    """Part: the same mail once more, to an address; what was sent stays as it is. Raises Conflict `not_over`."""
    if mail.status in (MailStatus.WAITING, MailStatus.SENDING):
        raise Conflict(_("This mail is still to be sent."), code="not_over")
    n = Mail.objects.filter(key__startswith=f"again:{mail.pk}:").count() + 1
    (made_again,) = queue([NewMail(f"again:{mail.pk}:{n}", mail.kind, mail.customer_id, (mail.subject_kind, mail.subject_id), name, address, mail.language,
                                   mail.title, mail.body, event_id, (mail.file_kind, mail.file_id) if mail.file_kind and mail.file_id else None)])  # fmt: skip
    Mail.objects.filter(pk=made_again.pk).update(resent_of=mail)
    return made_again


TAKE = """
UPDATE oms_mail SET status = 'sending', taken_at = now(), attempts = attempts + 1 WHERE id = (
    SELECT id FROM oms_mail WHERE status = 'waiting' AND next_at <= statement_timestamp() ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
LOST = f"""
UPDATE oms_mail SET status = 'unknown', error = 'the sender was lost'
WHERE status = 'sending' AND taken_at < now() - interval '{LOST_MINUTES} minutes'
"""


@use_case("mail.take")
def take(*, by: Any, at: datetime | None = None) -> Mail | None:
    """Decide to send the next mail that waits, or None: from here on it is sent once or its end is unknown."""
    authorize(by, "mail.send")
    with connection.cursor() as cursor:
        cursor.execute(TAKE)
        row = cursor.fetchone()
    return Mail.objects.get(pk=row[0]) if row else None


@use_case("mail.settle")
def settle(mail_id: int, status: str, error: str = "", *, by: Any, at: datetime | None = None) -> None:
    """Keep how sending a taken mail ended. `waiting` means: not accepted, later again (or failed, after ATTEMPTS)."""
    authorize(by, "mail.send")
    mail = lock_mail(mail_id)
    if mail.status != MailStatus.SENDING:
        return  # given up as lost meanwhile: a late answer does not make it sent
    if status == MailStatus.WAITING and mail.attempts >= ATTEMPTS:
        status = MailStatus.FAILED
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_mail SET status = %s, error = %s, sent_at = CASE WHEN %s THEN now() END, next_at = statement_timestamp() + make_interval(mins => %s) WHERE id = %s",
            [status, error[:300], status == MailStatus.SENT, BACKOFF_MINUTES[mail.attempts - 1], mail_id],
        )


@use_case("mail.give_up_lost")
def give_up_lost(*, by: Any, at: datetime | None = None) -> int:
    """Mails whose sender was lost while it spoke with the server: nobody knows; returns how many."""
    authorize(by, "mail.send")
    with connection.cursor() as cursor:
        cursor.execute(LOST)
        return int(cursor.rowcount)


def message(mail: Mail) -> EmailMessage:
    """The mail as it leaves, with an id that stays the same however often it is looked at."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    to = f'"{mail.to_name.replace(chr(34), "")}" <{mail.to_address}>' if mail.to_name else mail.to_address
    made_message = EmailMessage(
        " ".join(mail.title.split()), mail.body, settings.DEFAULT_FROM_EMAIL, [to],
        headers={"Message-ID": f"<mail-{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    if mail.file_kind and mail.file_id:
        name, content = made(mail.file_kind, mail.file_id)
        made_message.attach(*named(name, content))
    return made_message


def named(name: str, content: bytes) -> tuple[str, bytes, str]:
    """A file as it goes along: a table keeps its ending, whatever has none is a PDF."""
    tables = {".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    ending = name[name.rfind(".") :] if "." in name else ""
    return (name, content, tables[ending]) if ending in tables else (f"{name}.pdf", content, "application/pdf")


def send_waiting(by: Any, limit: int = AT_ONCE) -> dict[str, int]:
    """Send what waits, one by one, outside of any transaction; how many ended how. Not even begun while no server answers."""
    ended: dict[str, int] = {"lost": give_up_lost(by=by)}
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as error:
        return {**ended, "no_server": 1, "error": str(error)[:200]}  # type: ignore[dict-item]
    try:
        for _n in range(limit):
            mail = take(by=by)
            if mail is None:
                break
            status, said = deliver(server, mail)
            settle(mail.pk, status, said, by=by)
            ended[status] = ended.get(status, 0) + 1
    finally:
        server.close()
    return ended


def deliver(server: Any, mail: Mail) -> tuple[str, str]:
    """Hand one mail to the server: (status, what it said). Only what it surely refused is tried again or failed."""
    try:
        letter = message(mail)
    except Exception as error:  # noqa: BLE001 - the file cannot be made: nothing was sent
        return MailStatus.WAITING, f"{type(error).__name__}: {error}"
    try:
        server.send_messages([letter])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _said in error.recipients.values()]
        return (MailStatus.WAITING if all(400 <= c < 500 for c in codes) else MailStatus.FAILED), str(error)
    except smtplib.SMTPResponseException as error:
        return (MailStatus.WAITING if 400 <= error.smtp_code < 500 else MailStatus.FAILED), str(error)
    except ConnectionRefusedError as error:
        return MailStatus.WAITING, str(error)
    except (OSError, smtplib.SMTPException) as error:  # the line broke: it may have been accepted
        return MailStatus.UNKNOWN, f"{type(error).__name__}: {error}"
    return MailStatus.SENT, ""
