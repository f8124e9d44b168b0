"""Portals that have moved, over real TLS: a request goes on to a good new host, and nothing goes elsewhere."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from launcher.core.answers import Blocked, Outcome, Redirected, Response
from launcher.portal.access import Access, parse_webhook, trusted
from launcher.portal.address import AddressError
from launcher.portal.client import Portal
from launcher.simulator import Settings, Simulator
from tests.shell.test_oauth import start, started
from tests.support import tls
from tests.support.signing_in import access_with, signed_in

SECRET = "m0vedD1st1nct1ve"
OLD, NEW, STRANGER = "bitrix.company.test", "portal.company.test", "portal.stranger.test"


class Portals:
    """Portals with one secret, each under a name and with a certificate of its own."""

    def __init__(self, authority: tls.Authority, stack: AsyncExitStack) -> None:
        self.authority = authority
        self._stack = stack

    async def at(self, host: str, *, plain: bool = False) -> tuple[Simulator, str]:
        """A portal, and the address by which it is known."""
        context = None if plain else self.authority.server(host)
        portal = Simulator(Settings(burst=0, secret=SECRET), tls=context)
        await self._stack.enter_async_context(portal)
        return portal, f"{urlsplit(portal.url).scheme}://{host}:{urlsplit(portal.url).port}"

    def access(self, address: str, *may_move_to: str) -> Access:
        access = parse_webhook(f"{address}/rest/1/{SECRET}/", allow_http=True)
        return replace(access, ca_file=self.authority.file, may_move_to=frozenset(may_move_to))


@pytest.fixture
async def portals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Portals]:
    tls.lead_every_name_here(monkeypatch)
    async with AsyncExitStack() as stack:
        yield Portals(tls.authority(tmp_path), stack)


async def called(access: Access, *numbers: int) -> list[Outcome]:
    """What starts on these leads, all at once, come to."""
    async with Portal(access) as portal:
        return await asyncio.gather(
            *(portal.call("bizproc.workflow.start", start(number)) for number in numbers or (1,))
        )


async def test_a_good_new_host_gets_the_request_once_and_all_that_follow(portals: Portals) -> None:
    (old, old_address), (new, new_address) = await portals.at(OLD), await portals.at(NEW)
    old.script("moved", location=new_address, times=None)

    async with Portal(portals.access(old_address)) as portal:
        for number in (1, 2, 3):
            outcome = await portal.call("bizproc.workflow.start", start(number))
            assert isinstance(outcome, Response)
            assert outcome.status == 200

    assert (len(old.requests), started(old)) == (1, [])
    assert started(new) == ["LEAD_1", "LEAD_2", "LEAD_3"]
    assert portal.moved_to == new_address.removeprefix("https://")
    assert portal.name == old_address.removeprefix("https://"), "the ledger knows it by its first name"


async def test_twenty_requests_that_are_redirected_at_once_all_go_on_once(portals: Portals) -> None:
    (old, old_address), (new, new_address) = await portals.at(OLD), await portals.at(NEW)
    old.script("moved", location=new_address, times=None)

    told: list[str] = []

    async def on_move(to: str) -> None:
        told.append(to)

    async with Portal(portals.access(old_address), on_move=on_move) as portal:
        outcomes = await asyncio.gather(
            *(portal.call("bizproc.workflow.start", start(number)) for number in range(1, 21))
        )

    assert told == [new_address.removeprefix("https://")]
    assert [type(outcome) for outcome in outcomes] == [Response] * 20
    assert started(new) == sorted(f"LEAD_{number}" for number in range(1, 21))
    assert started(old) == []


@pytest.mark.parametrize(
    ("host", "stranger"),
    [
        (OLD, STRANGER),
        (OLD, "company.test"),
        (OLD, "bitrix24.com"),
        ("company.bitrix24.de", "company.bitrix24.test"),
        ("company.bitrix24.de", "bitrix.company.test"),
        ("company.co.uk", "stranger.co.uk"),
    ],
)
async def test_a_foreign_host_is_not_even_connected_to(portals: Portals, host: str, stranger: str) -> None:
    old, address = await portals.at(host)
    async with tls.listening(portals.authority.server(stranger)) as foreign:
        old.script("moved", location=f"https://{stranger}:{foreign.port}")

        outcome = await called(portals.access(address))

    assert outcome == [Redirected(f"{stranger}:{foreign.port}")]
    assert (foreign.connections, started(old)) == (0, [])


@pytest.mark.parametrize("host", [OLD, NEW, STRANGER, "localhost"])
async def test_no_redirect_leads_out_of_tls(portals: Portals, host: str) -> None:
    old, address = await portals.at(OLD)
    async with tls.listening() as plain:
        old.script("moved", location=f"http://{host}:{plain.port}")

        outcome = await called(portals.access(address, host))

    assert outcome == [Redirected(f"{host}:{plain.port}")]
    assert (plain.connections, started(old)) == (0, [])


async def test_a_loop_ends_at_the_first_place_that_was_seen_before(portals: Portals) -> None:
    (old, old_address), (new, new_address) = await portals.at(OLD), await portals.at(NEW)
    old.script("moved", location=new_address, times=None)
    new.script("moved", location=old_address, times=None)

    outcome = await called(portals.access(old_address))

    assert outcome == [Redirected(old_address.removeprefix("https://"))]
    assert (len(old.requests), len(new.requests)) == (1, 1)
    assert (started(old), started(new)) == ([], [])


async def test_a_host_that_the_settings_allow_is_followed_to_and_no_other(portals: Portals) -> None:
    (old, old_address), (new, new_address) = await portals.at(OLD), await portals.at(STRANGER)
    old.script("moved", location=new_address, times=None)

    [refused] = await called(portals.access(old_address, "another.stranger.test"))
    [followed] = await called(portals.access(old_address, STRANGER))

    assert isinstance(refused, Redirected)
    assert isinstance(followed, Response)
    assert started(new) == ["LEAD_1"]


async def test_a_good_new_host_without_a_good_certificate_is_told_nothing(portals: Portals) -> None:
    """Somebody else answers under its name."""
    old, address = await portals.at(OLD)
    async with tls.listening(portals.authority.server(STRANGER)) as impostor:
        old.script("moved", location=f"https://{NEW}:{impostor.port}")

        outcome = await called(portals.access(address))

    assert isinstance(outcome[0], Blocked)
    assert "Hostname mismatch" in outcome[0].text
    assert b"".join(impostor.received) == b""


async def test_a_portal_in_the_cloud_is_followed_within_the_cloud(portals: Portals) -> None:
    old, old_address = await portals.at("company.bitrix24.de")
    new, new_address = await portals.at("company-group.bitrix24.com")
    old.script("moved", location=new_address)

    assert [type(outcome) for outcome in await called(portals.access(old_address))] == [Response]
    assert (started(old), started(new)) == ([], ["LEAD_1"])


async def test_a_token_goes_where_a_webhook_would(portals: Portals, tmp_path: Path) -> None:
    """And what is renewed on the way is renewed at the token server, wherever the portal is."""
    (old, old_address), (new, new_address) = await portals.at(OLD), await portals.at(NEW)
    async with Simulator(Settings(burst=0)) as server:
        signed_in(server, tmp_path / "tokens.json")
        text = (tmp_path / "tokens.json").read_text()
        (tmp_path / "tokens.json").write_text(
            text.replace(f'"portal": "{server.url}"', f'"portal": "{old_address}"')
        )
        access = replace(access_with(tmp_path / "tokens.json"), ca_file=portals.authority.file)
        async with tls.listening(portals.authority.server(STRANGER)) as foreign:
            old.script("moved", location=f"https://{STRANGER}:{foreign.port}")
            [refused] = await called(access)
        old.script("moved", location=new_address)
        [followed] = await called(access)

    assert isinstance(refused, Redirected)
    assert isinstance(followed, Response)
    assert followed.status == 200
    assert (foreign.connections, started(old), started(new)) == (0, [], ["LEAD_1"])


# Certificates


async def test_without_its_ca_file_a_portal_of_ones_own_is_told_nothing(portals: Portals) -> None:
    portal, address = await portals.at(OLD)

    outcome = await called(replace(portals.access(address), ca_file=None))

    assert isinstance(outcome[0], Blocked)
    assert "local issuer" in outcome[0].text
    assert "ca_file:" in outcome[0].text
    assert portal.requests == []


def test_the_systems_certificates_are_believed_beside_those_of_ca_file(tmp_path: Path) -> None:
    access = replace(parse_webhook(f"https://a.test/rest/1/{SECRET}/"), ca_file=tls.authority(tmp_path).file)

    context = trusted(access.ca_file)

    assert (
        context.cert_store_stats()["x509_ca"] == ssl.create_default_context().cert_store_stats()["x509_ca"] + 1
    )
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("no certificate", "PEM"), ("", "PEM")])
def test_a_ca_file_that_cannot_be_used_is_an_error_of_the_configuration(
    tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(AddressError, match=rf"ca_file: .*ca\.pem .*{words}"):
        Portal(replace(parse_webhook(f"https://a.test/rest/1/{SECRET}/"), ca_file=file))


# Without TLS


async def test_plain_http_over_a_network_only_where_it_is_allowed(portals: Portals) -> None:
    portal, address = await portals.at("bitrix.lan", plain=True)

    with pytest.raises(AddressError, match="http://"):
        parse_webhook(f"{address}/rest/1/{SECRET}/")
    access = portals.access(address)

    assert access.address.is_readable_on_the_way
    assert [type(outcome) for outcome in await called(access)] == [Response]
    assert started(portal) == ["LEAD_1"]


async def test_a_plain_portal_is_followed_into_tls_only(portals: Portals) -> None:
    (old, old_address), (new, new_address) = await portals.at(OLD, plain=True), await portals.at(OLD)
    async with tls.listening() as plain:
        old.script("moved", location=f"http://{NEW}:{plain.port}")
        [refused] = await called(portals.access(old_address))
    old.script("moved", location=new_address)
    [followed] = await called(portals.access(old_address))

    assert isinstance(refused, Redirected)
    assert isinstance(followed, Response)
    assert (plain.connections, started(new)) == (0, ["LEAD_1"])
