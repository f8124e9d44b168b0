"""E-mail, by the standard library's own client in a thread."""

from __future__ import annotations

import asyncio
import html
import mimetypes
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import urlsplit

from launcher.notify.channels import SEND_WITHIN_S, Message, NotSentError
from launcher.portal import AddressError
from launcher.portal.trust import trusted
from launcher.redact import redacted_text
from launcher.settings import EmailConfig

MOST_ATTACHED = 5_000_000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """All who are named get one message."""

    config: EmailConfig

    @property
    def label(self) -> str:
        return f"e-mail to {', '.join(self.config.to)}"

    async def send(self, message: Message) -> None:
        """The server has taken it for all of them when this returns. Raises NotSentError."""
        try:
            await asyncio.to_thread(self._send, message)
        except (AddressError, ssl.SSLCertVerificationError) as error:
            raise NotSentError(f"{self._server}: {error}", for_good=isinstance(error, AddressError)) from None
        except smtplib.SMTPAuthenticationError as error:
            raise NotSentError(f"{self._server} does not take user and password: {_said(error)}") from None
        except smtplib.SMTPRecipientsRefused as error:
            refused = ", ".join(error.recipients)
            raise NotSentError(f"{self._server} does not take mail for {refused}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSentError(f"{self._server}: {_said(error)}") from None

    @property
    def _server(self) -> str:
        return urlsplit(self.config.server).netloc

    def _send(self, message: Message) -> None:
        server, config = urlsplit(self.config.server), self.config
        context, host = trusted(config.ca_file), server.hostname or ""
        if server.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                host, server.port or 465, timeout=SEND_WITHIN_S, context=context
            )
        else:
            client = smtplib.SMTP(host, server.port or 587, timeout=SEND_WITHIN_S)
        with client:
            if server.scheme == "smtp":
                client.ehlo()
                # To another machine never without TLS: the message names documents, and the password is one.
                if host not in _LOOPBACK or client.has_extn("starttls"):
                    client.starttls(context=context)
            if config.user:
                client.login(config.user, config.password.get_secret_value())
            refused = client.send_message(self._mail(message))
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = " ".join(message.subject.split())
        mail["From"] = self.config.sender
        mail["To"] = ", ".join(self.config.to)
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = make_msgid(domain=self.config.sender.rpartition("@")[2])
        # Answers of absent people are not wanted. RFC 3834.
        mail["Auto-Submitted"] = "auto-generated"
        left_out = [path for path in message.files if self.config.attach and _size(path) > MOST_ATTACHED]
        text = message.text + "".join(f"\n{path} is too large to attach.\n" for path in left_out)
        mail.set_content(text)
        mail.add_alternative(f"<pre>{html.escape(text)}</pre>", subtype="html")
        for path in message.files:
            if self.config.attach and 0 < _size(path) <= MOST_ATTACHED:
                kind, _, subkind = (mimetypes.guess_type(path.name)[0] or "text/csv").partition("/")
                mail.add_attachment(path.read_bytes(), maintype=kind, subtype=subkind, filename=path.name)
        return mail


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _said(error: Exception) -> str:
    code, text = (
        getattr(error, "smtp_code", ""),
        getattr(error, "smtp_error", "") or getattr(error, "strerror", ""),
    )
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text or error)
    return redacted_text(" ".join(f"{code} {words}".split())) or type(error).__name__
