"""The simulated portal on its socket: every REST request goes through `_rest`, from limits to the answer."""

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Self

from aiohttp import web

from launcher.simulator import batch, calls, control, delivery, errors, reading, signing
from launcher.simulator.calls import Session
from launcher.simulator.errors import PortalError
from launcher.simulator.faults import Fault, Moment, Script
from launcher.simulator.php import Array
from launcher.simulator.reading import Target
from launcher.simulator.settings import Settings
from launcher.simulator.state import RequestLog, Started, State

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Far above what a batch of 50 long commands needs."""
SHUTDOWN_SECONDS = 0.5
"""How long a stopping portal waits for answers that are being written."""


class Simulator:
    """One simulated portal. Use it as an async context manager, or call start() and stop()."""

    def __init__(self, settings: Settings | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        """Make a portal that does not listen yet; with `tls`, one that speaks https only."""
        self._tls = tls
        self.state = State(settings or Settings())
        """All that the portal knows."""
        self.faults = Script()
        """The faults to come."""
        self._closing = asyncio.Event()
        self._executions: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._tls_port = 0

    async def start(self) -> None:
        """Listen; `url` is valid when this returns, and `tls_url` where there is a certificate."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/rest/{tail:.*}", self._rest)
        signing.add_routes(application, self.state, self.faults, self._closing)
        control.add_routes(application, self.state, self.faults)
        self._closing.clear()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, self.settings.host, self._port or self.settings.port, ssl_context=self._tls
        )
        await site.start()
        self._port = self._runner.addresses[0][1]
        if self.settings.tls_certificate:
            await self._listen_with_tls(self._runner)

    async def _listen_with_tls(self, runner: web.AppRunner) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.settings.tls_certificate, self.settings.tls_key or None)
        site = web.TCPSite(runner, self.settings.host, self._tls_port, ssl_context=context)
        await site.start()
        self._tls_port = runner.addresses[1][1]

    async def stop(self) -> None:
        """Stop listening and executing; what was started stays in `started`."""
        self._closing.set()
        for execution in self._executions:
            execution.cancel()
        await asyncio.gather(*self._executions, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The portal's address, without a slash at the end."""
        return f"{'http' if self._tls is None else 'https'}://{self.settings.host}:{self._port}"

    @property
    def webhook_url(self) -> str:
        """The incoming webhook, secret included, with a slash at the end."""
        return f"{self.url}/rest/{self.settings.user_id}/{self.settings.secret}/"

    @property
    def tls_url(self) -> str:
        """The same portal's https address, without a slash at the end; "" where it has no certificate."""
        return f"https://{self.settings.host}:{self._tls_port}" if self._tls_port else ""

    @property
    def tls_webhook_url(self) -> str:
        """The incoming webhook with https, secret included, with a slash at the end."""
        return f"{self.tls_url}/rest/{self.settings.user_id}/{self.settings.secret}/"

    @property
    def settings(self) -> Settings:
        """What kind of portal this is; may be replaced while it runs."""
        return self.state.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.state.change(settings)

    @property
    def started(self) -> list[Started]:
        """The true list of starts, in order."""
        return self.state.workflows.started

    @property
    def requests(self) -> list[RequestLog]:
        """Every REST request, in order of arrival."""
        return self.state.requests

    @property
    def token_requests(self) -> list[str]:
        """What each request to the token endpoint asked for and came to, such as `refresh_token granted`."""
        return self.state.tokens.asked

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """Messages that im.notify.system.add has delivered."""
        return self.state.notifications

    def script(self, fault: str | Sequence[str], *, seed: int | None = None, **conditions: Any) -> None:
        """Let a fault hit requests to come, as `Script.add` has it; without a seed, with the settings'."""
        self.faults.add(fault, seed=self.settings.seed if seed is None else seed, **conditions)

    def expire_tokens(self) -> None:
        """Let every access token expire now."""
        self.state.tokens.expire()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await reading.body(request)
        except (ConnectionError, web.RequestPayloadError):
            return delivery.Unanswered()  # never a whole request: the portal has not seen it
        where = reading.target(request.rel_url.raw_path)
        log = self.state.log(where.method, request.remote or "")
        try:
            if not self.state.admits(log.source):
                raise errors.query_limit()
            params = reading.parameters(request, body)
            log.commands = _commands(where.method, params)
            fault = self.faults.take(where.method)
            log.fault = fault.name if fault else None
            if fault and fault.moment is Moment.BEFORE:
                return _logged(log, await delivery.before(fault, request, self._closing))
            reading.authorise(self.state, where, params, request.headers.get("Authorization", ""))
            deadline = time.monotonic() + self.settings.cut_seconds
            session = Session(self.state, log, deadline, where.webhook, delivery.plan(fault))
            # Shielded: a portal goes on executing when the client has left.
            answer = await asyncio.shield(self._execution(_execute(session, where, params)))
            return _logged(log, await self._answer(request, fault, answer))
        except PortalError as error:
            log.code = error.code
            return _logged(log, delivery.json_answer(error.body, error.status))
        except errors.Cut:
            return _logged(log, delivery.page(504))
        except errors.Stopped:
            return _logged(log, delivery.reset(request))

    async def _answer(
        self, request: web.Request, fault: Fault | None, answer: dict[str, Any]
    ) -> web.StreamResponse:
        if fault and fault.moment is Moment.AFTER:
            return await delivery.after(fault, request, answer, self._closing)
        if fault and fault.name == "slow":
            await delivery.hang(request, fault["seconds"], self._closing)
        elif fault and fault.moment is Moment.ANSWER:
            answer = delivery.altered(fault, answer)
        return delivery.json_answer(batch.written(answer))

    def _execution(self, execution: Coroutine[Any, Any, dict[str, Any]]) -> asyncio.Task[dict[str, Any]]:
        task = asyncio.create_task(execution)
        self._executions.add(task)
        task.add_done_callback(self._executions.discard)
        return task


async def _execute(session: Session, where: Target, params: Array) -> dict[str, Any]:
    if where.method == "batch":
        return await batch.perform(session, params)
    session.plan.check(0)
    answer = await calls.perform(session, where.method, params)
    session.plan.check_end(1)
    return answer


def _commands(method: str, params: Array) -> int:
    if method != "batch":
        return 1
    given = next((value for name, value in params.items() if str(name).upper() == "CMD"), None)
    return len(given) if isinstance(given, dict | list) else 0


def _logged(log: RequestLog, response: web.StreamResponse) -> web.StreamResponse:
    if not isinstance(response, delivery.Unanswered):
        log.status = response.status
    return response


async def serve(settings: Settings, on_ready: Callable[[Simulator], None], stop: asyncio.Event) -> None:
    """Run a portal until `stop` is set; `on_ready` is called once, when it listens."""
    async with Simulator(settings) as portal:
        on_ready(portal)
        await stop.wait()
