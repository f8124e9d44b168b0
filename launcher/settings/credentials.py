"""What a portal is called with, from wherever it is kept. The first that has something wins:

1. the portal's own entry in config.yaml: `webhook_url:`, `webhook_file:` or `oauth:`
2. `BITRIX24_WEBHOOK_URL` in the environment, else in .env
3. what `launcher login --oauth` has stored
4. what `launcher login` has put into the system keyring

The entry comes first because with several portals the one variable would stand for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from platformdirs import user_data_path
from pydantic import SecretStr

from launcher.errors import SettingsError
from launcher.log import get_logger
from launcher.private import POSIX, PrivateFileError, read_private
from launcher.settings.portals import OAuthConfig, PortalConfig

SERVICE = "bizproc-launcher"
_ELSE = (
    "keep the webhook in .env (BITRIX24_WEBHOOK_URL=…) or in a file of your own that webhook_file: names, "
    "readable for you alone"
)


def stored_webhook(name: str) -> SecretStr | None:
    """The webhook that `launcher login` has stored for that portal; None where there is none, or no keyring."""
    keyring = _installed()
    if keyring is None:
        return None
    from keyring.errors import KeyringError, NoKeyringError

    try:
        found = keyring.get_password(SERVICE, _user(name))
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise SettingsError("keyring-locked", name=type(error).__name__, instead=_ELSE) from None
    return SecretStr(found) if found else None


def check_keyring() -> None:
    """Raises SettingsError, with what to do instead, where there is no keyring to store a webhook in."""
    keyring = _installed()
    if keyring is None:
        raise SettingsError("keyring-extra-missing", instead=_ELSE)
    from keyring.backends.fail import Keyring as NoKeyring

    if isinstance(keyring.get_keyring(), NoKeyring):
        raise SettingsError("no-keyring", instead=_ELSE)


def store_webhook(name: str, webhook: str) -> None:
    """It is in the keyring when this returns. Raises SettingsError."""
    check_keyring()
    with _translated_errors() as keyring:
        keyring.set_password(SERVICE, _user(name), webhook)


def forget_webhook(name: str) -> bool:
    """Whether there was one; there is none when this returns. Raises SettingsError."""
    if stored_webhook(name) is None:
        return False
    with _translated_errors() as keyring:
        keyring.delete_password(SERVICE, _user(name))
    return True


@contextmanager
def _translated_errors() -> Iterator[ModuleType]:
    import keyring
    from keyring.errors import KeyringError

    try:
        yield keyring
    except KeyringError as error:
        raise SettingsError("keyring-refused", name=type(error).__name__, instead=_ELSE) from None


def _installed() -> ModuleType | None:
    try:
        import keyring
    except ImportError:
        return None
    return keyring


def _user(name: str) -> str:
    """The keyring's name for it: the portal's under `portals:`, else `portal`."""
    return name or "portal"


_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment, else .env, may say without a configuration file; empty where it does not."""

    bitrix24_webhook_url: SecretStr
    bitrix24_client_id: str
    bitrix24_client_secret: SecretStr
    launcher_ledger: SecretStr

    @classmethod
    def of(cls, known: Mapping[str, str | None]) -> Environment:
        return cls(
            bitrix24_webhook_url=SecretStr(known.get("BITRIX24_WEBHOOK_URL") or ""),
            bitrix24_client_id=known.get("BITRIX24_CLIENT_ID") or "",
            bitrix24_client_secret=SecretStr(known.get("BITRIX24_CLIENT_SECRET") or ""),
            launcher_ledger=SecretStr(known.get("LAUNCHER_LEDGER") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a portal's entry is completed with."""

    name: str
    """The portal's under `portals:`; empty where it has none."""
    folder: Path | None
    """Where the configuration file is."""
    environment: Environment

    def place(self, path: Path) -> Path:
        """Where that path leads: from the configuration file, not from wherever the person stands."""
        path = path.expanduser()
        return path if self.folder is None else self.folder / path

    def usual_tokens_file(self) -> Path:
        """Beside the configuration file, else in the person's data folder."""
        folder = self.folder or user_data_path("bizproc-launcher", appauthor=False)
        return folder / (f"launcher-tokens.{self.name}.json" if self.name else "launcher-tokens.json")

    def oauth(self, config: OAuthConfig) -> OAuthConfig:
        """The application with what the environment adds."""
        own_file = config.tokens_file
        return config.model_copy(
            update={
                "client_id": config.client_id or self.environment.bitrix24_client_id,
                "client_secret": config.client_secret or self.environment.bitrix24_client_secret,
                "tokens_file": self.place(own_file) if own_file else self.usual_tokens_file(),
            }
        )


def completed(portal: PortalConfig, around: Surroundings) -> PortalConfig:
    """The portal with what it is called with, and its paths absolute. Raises SettingsError."""
    found: dict[str, object] = {}
    if portal.ca_file is not None:
        found["ca_file"] = around.place(portal.ca_file)
    if portal.webhook_file is not None:
        found["webhook_url"] = _from_file(around.place(portal.webhook_file))
    elif portal.oauth is not None:
        found["oauth"] = around.oauth(portal.oauth)
    elif not portal.webhook_url:
        found |= _from_elsewhere(around)
    return portal.model_copy(update=found)


def _from_elsewhere(around: Surroundings) -> dict[str, object]:
    if around.environment.bitrix24_webhook_url:
        return {"webhook_url": around.environment.bitrix24_webhook_url}
    if around.usual_tokens_file().exists():
        return {"oauth": around.oauth(OAuthConfig())}
    stored = stored_webhook(around.name)
    if stored is None:
        raise SettingsError("no-portal")
    return {"webhook_url": stored}


def _from_file(path: Path) -> SecretStr:
    try:
        text = read_private(path).strip()
    except PrivateFileError as error:
        raise SettingsError("webhook-file-problem", reason=error) from None
    if not text:
        raise SettingsError("webhook-file-empty", path=path)
    if not POSIX:
        _log.info("who may read webhook_file is not checked on this system; see its properties", file=str(path))
    return SecretStr(text)
