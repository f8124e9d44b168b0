"""How the portal reads a request: which method, with which parameters, by whose right."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from launcher.simulator import errors, php
from launcher.simulator.registry import PLAN_WITHOUT_REST
from launcher.simulator.state import State

Body = bytes | list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: a method, and the webhook in whose name it is called."""

    method: str
    user: str = ""
    secret: str = ""

    @property
    def webhook(self) -> bool:
        """Whether the path holds a webhook; else a token must come with the request."""
        return self.user != ""


def target(path: str) -> Target:
    """Read /rest/{user}/{secret}/{method} or /rest/{method}, with or without .json and a slash at the end."""
    parts = [unquote(part) for part in path.removeprefix("/rest/").strip("/").split("/")]
    method = parts[-1].lower().removesuffix(".json")
    if len(parts) == 3:
        return Target(method, parts[0], parts[1])
    return Target(method if len(parts) == 1 else "")


async def body(request: web.Request) -> Body:
    """Return the whole body: a multipart form as its fields, anything else as it came."""
    if request.content_type == "multipart/form-data":
        return [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
    return await request.read()


def parameters(request: web.Request, body: Body) -> php.Array:
    """Return the parameters of the URL and, over them, those of the body, nested as PHP nests them."""
    found = php.parse_str(request.rel_url.raw_query_string)
    if request.method != "POST":
        return found
    if isinstance(body, list):
        return found | php.from_pairs(body)
    if request.content_type == "application/json":
        return found | dict(php.items(_json(body)))
    return found | php.parse_str(body.decode("utf-8", "surrogateescape"))


def _json(body: bytes) -> Any:
    """Return the body's value; what is no JSON counts as empty, as on the portal."""
    try:
        return json.loads(body)
    except ValueError:
        return {}


def authorise(state: State, where: Target, params: php.Array, header: str) -> None:
    """Raise unless the webhook or the token is valid; take the token out of the parameters."""
    settings = state.settings
    if settings.license.partition("_")[2] == PLAN_WITHOUT_REST:
        raise errors.commercial_plans_only()
    if where.webhook:
        if (where.user, where.secret) != (str(settings.user_id), settings.secret):
            raise errors.no_auth()
        return
    token = params.pop("auth", None) or header.removeprefix("Bearer ").strip()
    if not isinstance(token, str) or not token:
        raise errors.no_auth()
    alive = state.tokens.alive(token, state.clock.now())
    if alive is None:
        raise errors.invalid_token()
    if not alive:
        raise errors.expired_token()
