"""E-mail, by the standard library's own client in a thread of its own."""

from __future__ import annotations

import html
import mimetypes
import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import urlsplit

from launcher.errors import DeliveryError
from launcher.notify.channels import SEND_WITHIN_S, Configured, Notification, in_own_thread
from launcher.portal.access import trusted
from launcher.portal.address import AddressError
from launcher.settings import EmailConfig

MOST_ATTACHED = 5_000_000
"""Bytes of all files of a mail together; servers refuse what is larger than some twice that."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def email_channels(by: Configured) -> list[EmailChannel]:
    """Return one for each person: what one does not get must not have the others get it again."""
    email = by.config.email
    return [] if email is None else [EmailChannel(email, person) for person in email.to]


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """All who are named get one message, or `only` one of them, whose fate is then no one else's."""

    config: EmailConfig
    only: str = ""

    @property
    def label(self) -> str:
        return f"e-mail to {', '.join(self._to)}"

    @property
    def _to(self) -> tuple[str, ...]:
        return (self.only,) if self.only else self.config.to

    async def send(self, message: Notification) -> None:
        """The server has taken it for all of them when this returns. Raises DeliveryError."""
        try:
            await in_own_thread(lambda: self._send(message))
        except (AddressError, ssl.SSLCertVerificationError) as error:
            permanent = isinstance(error, AddressError)
            raise DeliveryError(
                "mail-server-answered", server=self._server, reason=error, permanent=permanent
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError("mail-login-refused", server=self._server, reason=self._reason(error)) from None
        except smtplib.SMTPRecipientsRefused as error:
            refused = ", ".join(error.recipients)
            permanent = all(_is_permanent(code) for code, _ in error.recipients.values())
            raise DeliveryError(
                "mail-recipient-refused", server=self._server, recipients=refused, permanent=permanent
            ) from None
        except UnicodeError:
            # Its own text quotes what may be the password.
            raise DeliveryError("mail-ascii-only", server=self._server, permanent=True) from None
        except (smtplib.SMTPException, OSError) as error:
            permanent = isinstance(error, smtplib.SMTPDataError) and _is_permanent(error.smtp_code)
            raise DeliveryError(
                "mail-server-answered", server=self._server, reason=self._reason(error), permanent=permanent
            ) from None

    def _reason(self, error: Exception) -> str:
        code = getattr(error, "smtp_code", "")
        text = getattr(error, "smtp_error", "") or getattr(error, "strerror", "")
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text or error)
        user, password = self.config.user, self.config.password.get_secret_value()
        plain = (password, f"\0{user}\0{password}")
        # A server may quote the line that it did not take, and the log hides no secret as short as this may be.
        if password and any(each in words for each in (password, *map(_as_sent, plain))):
            words = "what it says is not shown, for it quotes the password"
        return " ".join(f"{code} {words}".split()) or type(error).__name__

    @property
    def _server(self) -> str:
        return urlsplit(self.config.server).netloc

    def _send(self, message: Notification) -> None:
        server, config = urlsplit(self.config.server), self.config
        context, host = trusted(config.ca_file), server.hostname or ""
        if server.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                host, server.port or 465, timeout=SEND_WITHIN_S, context=context
            )
        else:
            client = smtplib.SMTP(host, server.port or 587, timeout=SEND_WITHIN_S)
        try:
            if server.scheme == "smtp":
                client.ehlo()
                # To another machine never without TLS: the message names documents, and the password is one.
                if host not in _LOOPBACK or client.has_extn("starttls"):
                    client.starttls(context=context)
            if config.user:
                client.login(config.user, config.password.get_secret_value())
            refused = client.send_message(self._mail(message), to_addrs=self._to)
            # It has the mail: how it says good-bye must not have it sent a second time.
            with suppress(smtplib.SMTPException):
                client.quit()
        finally:
            client.close()
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _mail(self, message: Notification) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = _letters(" ".join(message.subject.split()))
        mail["From"] = self.config.sender
        mail["To"] = ", ".join(self.config.to)
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = make_msgid(domain=self.config.sender.rpartition("@")[2])
        # Answers of absent people are not wanted. RFC 3834.
        mail["Auto-Submitted"] = "auto-generated"
        attached, left_out = _fitting(message.files if self.config.attach else ())
        left = "".join(f"\n{path} is too large to attach.\n" for path in left_out)
        text = _letters(message.text + left)
        mail.set_content(text)
        mail.add_alternative(f"<pre>{html.escape(text)}</pre>", subtype="html")
        for path in attached:
            kind, _, subkind = (mimetypes.guess_type(path.name)[0] or "text/csv").partition("/")
            mail.add_attachment(path.read_bytes(), maintype=kind, subtype=subkind, filename=_letters(path.name))
        return mail


def _fitting(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Which of them are attached, and which would make the mail too large."""
    attached: list[Path] = []
    left_out: list[Path] = []
    room = MOST_ATTACHED
    for path in files:
        size = _size(path)
        if size > room:
            left_out.append(path)
        elif size:
            attached.append(path)
            room -= size
    return attached, left_out


def _is_permanent(code: int) -> bool:
    """Whether another try of the same mail changes nothing. RFC 5321, section 4.2.1."""
    return code >= 500


def _as_sent(text: str) -> str:
    return b64encode(text.encode()).decode()


def _letters(text: str) -> str:
    """The text, with a question mark for what is no letter, as a file's name may hold it."""
    return text.encode("utf-8", "replace").decode()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
