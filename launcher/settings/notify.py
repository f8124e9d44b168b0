"""`notify:`: who is notified of what became of a scheduled run, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from launcher.settings.columns import Period, Strict, as_list


def _mail_address(text: str) -> str:
    if "${" in text:
        return text  # nothing defines it: that is reported when somebody is to be notified
    local, at, host = text.strip().rpartition("@")
    if not (local and at and host) or any(letter.isspace() or letter in ",;<>" for letter in text.strip()):
        raise ValueError(f'"{text}" is no e-mail address; vera@company.example is expected')
    return text.strip()


def _mail_server(text: str) -> str:
    if "${" in text:
        return text
    parts = urlsplit(text)
    try:
        well_formed = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        well_formed = False
    if not well_formed or parts.username or parts.password or parts.path.strip("/"):
        raise ValueError(
            "smtp://host:587 (STARTTLS) or smtps://host:465 is expected; user: and password: beside it"
        )
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]


class EmailConfig(Strict):
    """E-mail through a server of one's own."""

    to: Annotated[tuple[MailAddress, ...], BeforeValidator(as_list)] = Field(min_length=1)
    sender: MailAddress = Field(alias="from")
    server: Annotated[str, AfterValidator(_mail_server)]
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""
    attach: bool = True
    """Attach the file of the rows to fix."""


class NotifyConfig(Strict):
    """Who is notified, and of what."""

    when: Annotated[tuple[Literal["failure", "unknown", "late", "success"], ...], BeforeValidator(as_list)] = (
        "failure",
        "unknown",
        "late",
    )
    late_after: Period = Field(3600.0, gt=0)
    """A scheduled run that begins so long after it was due is late."""
    users: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_list)] = ()
    """People of the job's own portal, by ID, in its chat; the webhook needs the permission `im`."""
    email: EmailConfig | None = None
    apprise: Annotated[tuple[SecretStr, ...], BeforeValidator(as_list)] = ()
    """Addresses as apprise has them, for everything else."""

    @model_validator(mode="after")
    def _somebody(self) -> NotifyConfig:
        if not (self.users or self.email or self.apprise):
            raise ValueError("one of users:, email: and apprise: is expected, or nobody is told")
        return self
