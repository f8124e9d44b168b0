"""Authorisation: webhooks, tokens, rotation, and who may do what."""

import ssl
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from launcher.simulator import Settings, Simulator
from tests.support import tls

APP = {"client_id": "local.simulated0app", "client_secret": "simulated0client0secret"}


async def post(http, url, params=None, **more):
    async with http.post(url, json=params or {}, **more) as response:
        return response.status, await response.json()


async def token(http, portal, **query):
    async with http.get(portal.url + "/oauth/token/", params={**APP, **query}) as response:
        return response.status, await response.json()


async def signed_in(http, portal):
    """Sign in as a person does; return the query that the application is given."""
    params = {"client_id": APP["client_id"], "state": "s&1", "redirect_uri": "http://elsewhere.example"}
    async with http.get(portal.url + "/oauth/authorize/", params=params, allow_redirects=False) as response:
        assert response.status == 302
        address = urlsplit(response.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == portal.settings.redirect_uri
    return {name: values[0] for name, values in parse_qs(address.query).items()}


async def test_a_token_is_taken_from_body_query_and_header(portal, http, lead):
    url, access = portal.url + "/rest/bizproc.workflow.start", portal.settings.access_token

    assert (await post(http, url, {**lead(1), "auth": access}))[0] == 200
    assert (await post(http, f"{url}.json?auth={access}", lead(2)))[0] == 200
    assert (await post(http, url, lead(3), headers={"Authorization": f"Bearer {access}"}))[0] == 200
    assert len(portal.started) == 3


async def test_commands_of_a_batch_need_no_token_of_their_own(portal, http, batch):
    params = {**batch(1, 2), "auth": portal.settings.access_token}

    _, answer = await post(http, portal.url + "/rest/batch", params)

    assert answer["result"]["result_error"] == []
    assert len(portal.started) == 2


async def test_missing_wrong_and_expired_tokens_are_told_apart(portal, http):
    url = portal.url + "/rest/profile"

    assert (await post(http, url))[1]["error"] == "NO_AUTH_FOUND"
    assert (await post(http, url, {"auth": "nobody"}))[1]["error"] == "invalid_token"
    portal.expire_tokens()
    status, answer = await post(http, url, {"auth": portal.settings.access_token})
    assert (status, answer["error"]) == (401, "expired_token")


async def test_an_access_token_lives_an_hour(simulate, http):
    portal = await simulate(burst=0)
    portal.settings = type(portal.settings)(burst=0, clock_offset_seconds=3601)

    status, answer = await post(http, portal.url + "/rest/profile", {"auth": portal.settings.access_token})

    assert (status, answer["error"]) == (401, "expired_token")


async def test_a_refresh_token_is_replaced_and_the_old_one_dies(portal, http):
    old = portal.settings.refresh_token

    status, granted = await token(http, portal, grant_type="refresh_token", refresh_token=old)

    assert status == 200
    assert granted["expires_in"] == 3600
    assert granted["client_endpoint"] == portal.url + "/rest/"
    assert (await post(http, portal.url + "/rest/profile", {"auth": granted["access_token"]}))[0] == 200
    status, answer = await token(http, portal, grant_type="refresh_token", refresh_token=old)
    assert (status, answer["error"]) == (400, "invalid_grant")
    status, again = await token(
        http, portal, grant_type="refresh_token", refresh_token=granted["refresh_token"]
    )
    assert status == 200
    assert again["refresh_token"] not in (old, granted["refresh_token"])


async def test_a_sign_in_gives_a_code_that_is_good_once(portal, http):
    query = await signed_in(http, portal)
    assert query["state"] == "s&1"
    assert query["domain"] == urlsplit(portal.url).netloc

    status, granted = await token(http, portal, grant_type="authorization_code", code=query["code"])
    assert status == 200
    assert granted["member_id"] == query["member_id"]
    assert (await post(http, portal.url + "/rest/scope", {"auth": granted["access_token"]}))[0] == 200
    status, answer = await token(http, portal, grant_type="authorization_code", code=query["code"])
    assert (status, answer["error"]) == (400, "invalid_grant")


async def test_a_code_lives_thirty_seconds(portal, http):
    query = await signed_in(http, portal)
    portal.settings = type(portal.settings)(burst=0, clock_offset_seconds=30)

    _, answer = await token(http, portal, grant_type="authorization_code", code=query["code"])

    assert answer["error"] == "invalid_grant"


async def test_a_wrong_secret_is_an_invalid_client_and_spends_nothing(portal, http):
    refresh = {"grant_type": "refresh_token", "refresh_token": portal.settings.refresh_token}

    status, answer = await token(http, portal, **refresh, client_secret="wrong")
    assert (status, answer["error"]) == (401, "invalid_client")
    assert (await token(http, portal, **refresh))[0] == 200


async def test_faults_reach_the_oauth_server_only_by_its_name(portal, http):
    portal.script("overload", times=None)
    portal.script("error", method="oauth.token", status=402, code="PAYMENT_REQUIRED", text="x")
    portal.script("reset after", method="oauth.token", skip=1)
    refresh = {"grant_type": "refresh_token", "refresh_token": portal.settings.refresh_token}

    assert (await token(http, portal, **refresh))[1]["error"] == "PAYMENT_REQUIRED"
    assert (await token(http, portal, **refresh))[0] == 200


async def test_it_can_be_asked_what_its_token_endpoint_was_asked(portal, http):
    refresh = {"grant_type": "refresh_token", "refresh_token": portal.settings.refresh_token}

    await token(http, portal, **refresh)
    await token(http, portal, **refresh)

    async with http.get(portal.url + "/simulator/tokens") as response:
        asked = (await response.json())["token_requests"]
    assert asked == portal.token_requests == ["refresh_token granted", "refresh_token invalid_grant"]


async def test_a_token_endpoint_may_be_slow_and_grants_all_the_same(portal, http):
    portal.script("slow", method="oauth.token", seconds=0.05)
    refresh = {"grant_type": "refresh_token", "refresh_token": portal.settings.refresh_token}

    assert (await token(http, portal, **refresh))[0] == 200


async def test_a_portal_may_speak_tls_only(http, lead, tmp_path):
    authority = tls.authority(tmp_path)
    async with Simulator(Settings(burst=0), tls=authority.server("127.0.0.1")) as portal:
        trust = ssl.create_default_context(cafile=authority.file)
        assert portal.url.startswith("https://")
        assert (await post(http, portal.webhook_url + "bizproc.workflow.start", lead(1), ssl=trust))[0] == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await post(http, portal.webhook_url + "bizproc.workflow.start", lead(2))
    assert len(portal.started) == 1


async def test_app_info_of_an_application_tells_its_licence(portal, http):
    _, answer = await post(http, portal.url + "/rest/app.info", {"auth": portal.settings.access_token})

    assert answer["result"]["LICENSE"] == "ru_std"
    assert answer["result"]["CODE"] == APP["client_id"]


@pytest.mark.parametrize("path", ["rest/1/wrong/profile", "rest/2/simulated0secret/profile", "rest/profile"])
async def test_a_wrong_webhook_is_no_authorisation(portal, http, path):
    assert await post(http, f"{portal.url}/{path}") == (
        401,
        {"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"},
    )


async def test_a_webhook_without_the_scope_is_refused(simulate, ask, batch):
    portal = await simulate(scopes=("crm",))

    status, answer = await ask(portal, "bizproc.workflow.start")
    assert (status, answer["error"]) == (403, "insufficient_scope")
    _, answer = await ask(portal, "batch", batch(1))
    assert answer["result"]["result_error"]["r0"]["error"] == "insufficient_scope"
    assert (await ask(portal, "crm.type.list"))[0] == 200


@pytest.mark.parametrize("method", ["start", "instances", "terminate", "kill", "template.list"])
async def test_who_is_no_administrator_is_denied(simulate, ask, lead, method):
    portal = await simulate(admin=False)

    status, answer = await ask(portal, f"bizproc.workflow.{method}", lead(1))

    assert (status, answer["error"]) == (403, "ACCESS_DENIED")
    assert (await ask(portal, "profile"))[1]["result"]["ADMIN"] is False


async def test_plans_without_rest_or_without_processes_say_so(simulate, ask, lead):
    free = await simulate(license="ru_project")
    assert (await ask(free, "profile"))[1]["error"] == "ACCESS_DENIED"
    basic = await simulate(license="ru_basic")
    assert (await ask(basic, "profile"))[0] == 200
    status, answer = await ask(basic, "bizproc.workflow.start", lead(1))
    assert (status, answer["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


async def test_an_unknown_method_is_not_found(portal, ask):
    assert await ask(portal, "bizproc.workflow.begin") == (
        404,
        {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
    )
