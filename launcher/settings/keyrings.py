"""The system keyring, where the extra `keyring` is installed. Imported only when it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from pydantic import SecretStr

from launcher.settings.errors import SettingsError

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
        raise SettingsError(f"the system keyring did not open ({type(error).__name__}); {_ELSE}") from None
    return SecretStr(found) if found else None


def check_keyring() -> None:
    """Raises SettingsError, with what to do instead, where there is no keyring to store a webhook in."""
    keyring = _installed()
    if keyring is None:
        raise SettingsError(f"the system keyring needs: pip install 'bizproc-launcher[keyring]'; or {_ELSE}")
    from keyring.backends.fail import Keyring as NoKeyring

    if isinstance(keyring.get_keyring(), NoKeyring):
        raise SettingsError(f"this system has no keyring; {_ELSE}")


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
        raise SettingsError(f"the system keyring refused ({type(error).__name__}); {_ELSE}") from None


def _installed() -> ModuleType | None:
    try:
        import keyring
    except ImportError:
        return None
    return keyring


def _user(name: str) -> str:
    """The keyring's name for it: the portal's under `portals:`, else `portal`."""
    return name or "portal"
