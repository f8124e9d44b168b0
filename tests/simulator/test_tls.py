"""The TLS port: the same portal by https, for clients that speak nothing else."""

import ssl

import aiohttp
import pytest

from launcher.simulator import Settings, Simulator
from tests.support import ports


@pytest.fixture
async def portal(certificate_files):
    async with Simulator(Settings(burst=0, tls_certificate=certificate_files.portal)) as simulator:
        yield simulator


async def test_both_ports_are_one_portal(portal, http, certificate_files, lead):
    trusting = ssl.create_default_context(cafile=certificate_files.authority)

    for webhook_url, number in ((portal.webhook_url, 1), (portal.tls_webhook_url, 2)):
        async with http.post(webhook_url + "bizproc.workflow.start", json=lead(number), ssl=trusting) as answer:
            assert answer.status == 200

    assert portal.tls_webhook_url.startswith("https://127.0.0.1:")
    assert [start.document[2] for start in portal.started] == ["LEAD_1", "LEAD_2"]


async def test_who_does_not_know_the_authority_sends_it_nothing(portal, http, lead):
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await http.post(portal.tls_webhook_url + "bizproc.workflow.start", json=lead(1))

    assert portal.requests == []


async def test_after_a_restart_it_listens_on_the_same_ports(certificate_files, kept_port):
    portal = Simulator(Settings(burst=0, port=kept_port, tls_certificate=certificate_files.portal))
    async with portal:
        addresses = portal.url, portal.tls_url
        tls_port = int(portal.tls_url.rpartition(":")[2])
    with ports.kept(tls_port):
        async with portal:
            assert (portal.url, portal.tls_url) == addresses


async def test_without_a_certificate_there_is_no_such_port(simulator):
    assert simulator.tls_url == ""
