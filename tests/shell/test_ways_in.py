"""What a portal is called with: from where, and which comes first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher.app.portals import access_of, warning_of_http
from launcher.portal.address import AddressError
from launcher.portal.oauth import TokensError
from launcher.private import Replacement
from launcher.settings import Settings, SettingsError, credentials, load_settings
from launcher.simulator import Simulator
from tests.support.keyring_in_a_file import VARIABLE, Keyring
from tests.support.signing_in import signed_in

SECRET = "w4yD1st1nct1ve"


def webhook_of(host: str) -> str:
    return f"https://{host}/rest/1/{SECRET}/"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder to stand in, an empty home, and nothing of ours in the environment."""
    for name in ("BITRIX24_WEBHOOK_URL", "BITRIX24_CLIENT_ID", "BITRIX24_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keyring:
    """A system keyring that works."""
    import keyring as library

    monkeypatch.setenv(VARIABLE, str(tmp_path / "keyring.json"))
    monkeypatch.setattr(library.core, "_keyring_backend", Keyring())
    return Keyring()


def settings(text: str = "") -> Settings:
    Path("config.yaml").write_text(text)
    return load_settings(None)


def host(found: Settings, name: str | None = None) -> str:
    return access_of(found.portal(name)).portal


def private(name: str, text: str, mode: int = 0o600) -> None:
    Path(name).write_text(text)
    Path(name).chmod(mode)


# Which comes first


def test_each_way_in_comes_before_the_next(
    simulator: Simulator, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    private("secret", webhook_of("file.example"))
    own = "portal: {webhook_file: secret}"

    credentials.store_webhook("", webhook_of("keyring.example"))
    assert host(settings()) == "keyring.example"
    signed_in(simulator, Path("launcher-tokens.json"))
    assert host(settings()) == simulator.url.removeprefix("http://")
    Path(".env").write_text(f"BITRIX24_WEBHOOK_URL={webhook_of('dotenv.example')}\n")
    assert host(settings()) == "dotenv.example"
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", webhook_of("environment.example"))
    assert host(settings()) == "environment.example"
    assert host(settings(own)) == "file.example"
    assert host(settings(f"portal: {{webhook_url: '{webhook_of('own.example')}'}}")) == "own.example"


def test_a_portals_own_entry_is_not_overruled_by_the_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several portals the variable would stand for all of them, and rows would start on the wrong one."""
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", webhook_of("environment.example"))
    private("main", webhook_of("main.example"))
    private("branch", webhook_of("branch.example"))

    found = settings("portals: {main: {webhook_file: main}, branch: {webhook_file: branch}}")

    assert (host(found, "main"), host(found, "branch")) == ("main.example", "branch.example")


@pytest.mark.parametrize(
    "entry",
    [
        f"webhook_url: '{webhook_of('a.example')}', webhook_file: secret",
        f"webhook_url: '{webhook_of('a.example')}', oauth: {{}}",
        "webhook_file: secret, oauth: {}",
    ],
)
def test_one_entry_has_one_way_in(entry: str) -> None:
    with pytest.raises(SettingsError, match="one of webhook_url:, webhook_file: and oauth:") as caught:
        settings(f"portal: {{{entry}}}")
    assert SECRET not in str(caught.value)


# webhook_file


def test_a_webhook_file_lies_beside_the_configuration_wherever_one_stands(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.yaml").write_text("portal: {webhook_file: secret}\n")
    private(str(folder / "secret"), f"\ufeff{webhook_of('file.example')}\r\n")

    assert host(load_settings(folder / "config.yaml")) == "file.example"


@pytest.mark.parametrize(
    ("mode", "content", "words"),
    [(0o640, webhook_of("a.example"), "chmod 600"), (0o644, "", "chmod 600"), (0o600, " \n", "is empty")],
)
def test_a_webhook_file_that_cannot_be_used_says_why(mode: int, content: str, words: str) -> None:
    private("secret", content, mode)

    with pytest.raises(SettingsError, match=rf"webhook_file: .*{words}") as caught:
        settings("portal: {webhook_file: secret}").portal(None)
    assert SECRET not in str(caught.value)


def test_a_webhook_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"webhook_file: .*none: there is no such file"):
        settings("portal: {webhook_file: none}").portal(None)


# The system keyring


def test_each_portal_has_its_own_entry_in_the_keyring(keyring: Keyring) -> None:
    credentials.store_webhook("branch", webhook_of("branch.example"))
    found = settings(f"portals: {{main: {{webhook_url: '{webhook_of('main.example')}'}}, branch: {{}}}}")

    assert (host(found, "main"), host(found, "branch")) == ("main.example", "branch.example")
    assert len(found.all_portals()) == 2


def test_what_was_forgotten_is_gone(keyring: Keyring) -> None:
    credentials.store_webhook("", webhook_of("keyring.example"))

    assert credentials.forget_webhook("")
    assert not credentials.forget_webhook("")
    with pytest.raises(SettingsError, match="no portal"):
        settings().portal(None)


@pytest.mark.parametrize("installed", [True, False])
def test_without_a_keyring_all_other_ways_are_named(monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    if not installed:
        monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(SettingsError, match=r"BITRIX24_WEBHOOK_URL .*\.env.* webhook_file:.* launcher login"):
        settings().portal(None)
    with pytest.raises(SettingsError, match="webhook_file") as caught:
        credentials.store_webhook("", webhook_of("a.example"))
    assert ("bizproc-launcher[keyring]" in str(caught.value)) is not installed


def test_a_keyring_that_stays_locked_is_said_so(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.errors import KeyringLocked

    def locked(*_: object) -> None:
        raise KeyringLocked(SECRET)

    monkeypatch.setattr(Keyring, "get_password", locked)

    with pytest.raises(SettingsError, match="KeyringLocked") as caught:
        settings().portal(None)
    assert SECRET not in str(caught.value)


def test_the_keyring_is_not_imported_where_another_way_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", webhook_of("environment.example"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)

    assert host(settings()) == "environment.example"
    assert "keyring" not in sys.modules


# An application


def test_a_tokens_file_needs_no_more_than_itself(simulator: Simulator) -> None:
    signed_in(simulator, Path("somewhere.json"))

    access = access_of(settings("portal: {oauth: {tokens_file: somewhere.json}}").portal(None))

    assert access.portal == simulator.url.removeprefix("http://")
    assert simulator.settings.access_token not in f"{access!r} {access.authorisation.signature()!r}"


@pytest.mark.parametrize(
    ("oauth", "words"),
    [
        ("address: 'https://another.example'", "not of https://another.example; sign in again"),
        ("client_id: another", "of another application; sign in again"),
        ("token_server: 'https://oauth.example'", "Bitrix24's own servers only"),
        ("token_server: 'http://oauth.bitrix.info'", "Bitrix24's own servers only"),
        ("token_server: 'https://oauth.bitrix.info.example'", "Bitrix24's own servers only"),
        ("token_server: 'http://127.0.0.1.example'", "Bitrix24's own servers only"),
        ("token_server: 'http://127.0.0.1:9@oauth.example'", "Bitrix24's own servers only"),
        ("token_server: 'http://user@127.0.0.1:9'", "Bitrix24's own servers only"),
    ],
)
def test_a_sign_in_is_good_for_what_it_was_made_for(simulator: Simulator, oauth: str, words: str) -> None:
    signed_in(simulator, Path("launcher-tokens.json"))

    with pytest.raises((TokensError, AddressError), match=words):
        access_of(settings(f"portal: {{oauth: {{{oauth}}}}}").portal(None))


@pytest.mark.parametrize(
    "server", ["", "https://oauth.bitrix.info/", "https://oauth.bitrix24.tech/oauth/token/"]
)
def test_bitrix24s_own_token_servers_are_accepted(simulator: Simulator, server: str) -> None:
    signed_in(simulator, Path("launcher-tokens.json"))

    assert access_of(settings(f"portal: {{oauth: {{token_server: '{server}'}}}}").portal(None))


async def test_each_portal_has_its_own_tokens_file(simulator: Simulator) -> None:
    async with Simulator() as other:
        signed_in(simulator, Path("launcher-tokens.main.json"))
        signed_in(other, Path("launcher-tokens.branch.json"))
        found = settings("portals: {main: {oauth: {}}, branch: {}}")

        assert f"http://{host(found, 'main')}" == simulator.url
        assert f"http://{host(found, 'branch')}" == other.url


def test_an_application_without_its_secret_says_where_to_put_it(simulator: Simulator) -> None:
    signed_in(simulator, Path("launcher-tokens.json"), secret="")

    with pytest.raises(TokensError, match="BITRIX24_CLIENT_SECRET"):
        access_of(settings("portal: {oauth: {}}").portal(None))
    Path(".env").write_text(f"BITRIX24_CLIENT_SECRET={SECRET}\n")
    assert access_of(settings("portal: {oauth: {}}").portal(None))


def test_a_variable_that_nothing_defines_is_named() -> None:
    found = settings("portal: {oauth: {client_secret: '${OUR_SECRET}'}}")

    with pytest.raises(SettingsError, match=r"client_secret: \$\{OUR_SECRET\} is not defined"):
        found.portal(None)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"access_token": "a"}', '{"portal": 1}', f"{SECRET}"]
)
def test_a_tokens_file_that_is_none_says_to_sign_in(content: str) -> None:
    Replacement(Path("launcher-tokens.json")).put(content)

    with pytest.raises(TokensError, match="sign in again: launcher login --oauth") as caught:
        access_of(settings("portal: {oauth: {}}").portal(None))
    assert SECRET not in str(caught.value)


def test_a_tokens_file_that_others_may_read_is_refused(simulator: Simulator) -> None:
    signed_in(simulator, Path("launcher-tokens.json"))
    Path("launcher-tokens.json").chmod(0o644)

    with pytest.raises(TokensError, match="chmod 600"):
        access_of(settings("portal: {oauth: {}}").portal(None))


# Certificates, moves, http


def test_hosts_and_certificates_come_from_the_entry() -> None:
    more = "ca_file: ca.pem, may_move_to: [B.Example, 'c.example:8443']"
    found = settings(f"portal: {{webhook_url: '{webhook_of('a.example')}', {more}}}")

    access = access_of(found.portal(None))

    assert access.may_move_to == {"b.example", "c.example:8443"}
    assert access.ca_file == Path("ca.pem").resolve()


def test_http_over_a_network_wants_to_be_allowed_and_is_warned_of() -> None:
    plain = f"webhook_url: 'http://bitrix.lan/rest/1/{SECRET}/'"

    with pytest.raises(AddressError, match="allow_http"):
        access_of(settings(f"portal: {{{plain}}}").portal(None))
    access = access_of(settings(f"portal: {{{plain}, allow_http: true}}").portal(None))
    safe = access_of(settings(f"portal: {{webhook_url: '{webhook_of('a.example')}'}}").portal(None))

    assert access.portal == "bitrix.lan"
    assert "bitrix.lan is called without TLS" in warning_of_http(access)
    assert warning_of_http(safe) == ""
