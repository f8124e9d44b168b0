"""The entries: the portal's codes and fixed texts, how requests and answers get lost, and the launcher's own.

Source of the portal's: official REST documentation, "Error codes", "Inbound and outbound webhooks", "Access to
the REST API" and the pages of the methods; the three texts are fixed in the server's code. The codes of what
gets lost are the network library's names.
"""

from __future__ import annotations

import re

from launcher.core.catalogue.entry import DOCS, ERROR_CODES, Action, Entry, Started, Who

_LIMITS = DOCS + "limits.html"
_WEBHOOKS = DOCS + "local-integrations/local-webhooks.html"
_START = DOCS + "api-reference/bizproc/bizproc-workflow-start.html"
_OAUTH = DOCS + "settings/oauth/error-codes.html"

_NEW_WEBHOOK = "new-webhook"


def _stops(code: str, who: Who, page: str = ERROR_CODES, remedy_of: str = "") -> Entry:
    return Entry(code, Started.NO, Action.STOPS, who, page, remedy_of)


def _refused(text: str, who: Who) -> Entry:
    return Entry("", Started.NO, Action.FAILS_THE_ROW, who, _START, text=text)


def _unsent(code: str, who: Who, *also: str) -> Entry:
    return Entry(code, Started.NO, Action.WAITS_FOR_CONNECTION, who, also=also, unspoken=True)


def _lost(code: str, *also: str, page: str = "", title: str = "") -> Entry:
    return Entry(
        code, Started.MAYBE, Action.LEAVES_UNKNOWN, Who.YOU, page, "look-at-document",
        title=title, also=also, unspoken=bool(also),
    )  # fmt: skip


def _invalid(code: str, who: Who = Who.FILE, *, remedy_of: str = "", says_remedy: bool = False) -> Entry:
    return Entry(
        code, Started.NO, Action.LEAVES_INVALID, who, remedy_of=remedy_of, says_remedy=says_remedy
    )  # fmt: skip


def _misfit(code: str) -> Entry:
    # Such a row's text says what it holds and what is expected.
    return _invalid(code, remedy_of="correct-cell", says_remedy=True)


def _skipped(code: str, started: Started = Started.NO, who: Who = Who.NOBODY) -> Entry:
    return Entry(code, started, Action.SKIPS, who)


ANY_TEXT = Entry(
    "", Started.NO, Action.FAILS_THE_ROW, Who.TEMPLATE_OWNER, _START,
    title="any other text without a code", says_remedy=True,
)  # fmt: skip
ANY_CODE = _lost("", page=ERROR_CODES, title="any other code")

PORTAL = (
    Entry("QUERY_LIMIT_EXCEEDED", Started.NO, Action.WAITS_FOR_RATE, Who.NOBODY, _LIMITS),
    Entry("OPERATION_TIME_LIMIT", Started.NO, Action.WAITS_FOR_OPERATING_TIME, Who.NOBODY, _LIMITS),
    _stops("EXPIRED_TOKEN", Who.YOU, DOCS + "settings/oauth/auto-renewal.html"),
    _stops("NO_AUTH_FOUND", Who.WEBHOOK_OWNER, _WEBHOOKS, _NEW_WEBHOOK),
    _stops("INVALID_TOKEN", Who.WEBHOOK_OWNER, _WEBHOOKS, _NEW_WEBHOOK),
    _stops("INVALID_CREDENTIALS", Who.WEBHOOK_OWNER, _WEBHOOKS, _NEW_WEBHOOK),
    _stops("INSUFFICIENT_SCOPE", Who.WEBHOOK_OWNER, _WEBHOOKS),
    _stops("USER_ACCESS_ERROR", Who.ADMIN),
    _stops("ACCESS_DENIED", Who.WEBHOOK_OWNER, DOCS + "first-steps/access-to-rest-api.html"),
    _stops("PORTAL_DELETED", Who.ADMIN),
    _stops("OVERLOAD_LIMIT", Who.SUPPORT, DOCS + "bitrix-support.html"),
    _stops("ERROR_METHOD_NOT_FOUND", Who.ADMIN),
    _stops("INVALID_REQUEST", Who.SETTINGS),
    _stops("ERROR_WRONG_WORKFLOW_ID", Who.SETTINGS, _START),
    _stops("ERROR_BATCH_LENGTH_EXCEEDED", Who.MAKERS, remedy_of="report"),
    _stops("ERROR_BATCH_METHOD_NOT_ALLOWED", Who.MAKERS, remedy_of="report"),
    _lost("INTERNAL_SERVER_ERROR", page=ERROR_CODES),
    _lost("ERROR_UNEXPECTED_ANSWER", page=ERROR_CODES),
    _lost("ERROR_CORE", page=ERROR_CODES),
    _refused("Wrong DOCUMENT_ID!", Who.FILE),
    _refused("Incorrect document type!", Who.SETTINGS),
    _refused("Template type and DOCUMENT_ID mismatch!", Who.SETTINGS),
    ANY_TEXT,
    ANY_CODE,
)
"""What the portal answers to a request, in the documentation's order."""

REFUSED_CALLER = Entry(
    "", Started.NO, Action.STOPS, Who.WEBHOOK_OWNER, ERROR_CODES,
    title="any other code with HTTP 401 or 403",
    also=(
        "authorization_error", "ERROR_OAUTH", "APPLICATION_NOT_FOUND", "METHOD_CONFIRM_WAITING",
        "METHOD_CONFIRM_DENIED", "WRONG_AUTH_TYPE", "NOT_INSTALLED", "ALLOWED_ONLY_INTRANET_USER",
        "INVALID_SCOPE", "WRONG_CLIENT",
    ),
)  # fmt: skip
"""A whole request whose code says none of the above; of one command in a batch it says nothing."""

SIGNING_IN = (
    _stops("INVALID_GRANT", Who.YOU, _OAUTH),
    _stops("INVALID_CLIENT", Who.SETTINGS, _OAUTH),
    _stops("PAYMENT_REQUIRED", Who.ADMIN, _OAUTH),
)
"""What Bitrix24's authorisation server says to an application, whose sign-in it renews."""

LOST = (
    _unsent("ClientConnectorError", Who.NETWORK, "UnixClientConnectorError"),
    _unsent("ClientConnectorDNSError", Who.SETTINGS),
    _unsent("ClientConnectorCertificateError", Who.NETWORK, "ServerFingerprintMismatch"),
    _unsent("ClientConnectorSSLError", Who.NETWORK, "ClientSSLError"),
    _unsent("ConnectionTimeoutError", Who.NETWORK),
    _unsent("ClientProxyConnectionError", Who.NETWORK),
    _unsent("ClientHttpProxyError", Who.NETWORK),
    _unsent(
        "InvalidURL", Who.SETTINGS,
        "InvalidUrlClientError", "InvalidUrlRedirectClientError",
        "NonHttpUrlClientError", "NonHttpUrlRedirectClientError",
    ),
    _unsent("token server", Who.NETWORK),
    Entry("request too long", Started.NO, Action.SENDS_SHORTER, Who.ADMIN),
    _lost(
        "ServerDisconnectedError",
        "ClientOSError", "ClientConnectionResetError", "ClientConnectionError", "ServerConnectionError",
        "UploadAbortedError", "ConnectionResetError", "BrokenPipeError", "OSError",
    ),
    _lost("TimeoutError", "ServerTimeoutError", "SocketTimeoutError"),
    _lost(
        "ClientPayloadError",
        "ClientResponseError", "ContentTypeError", "TooManyRedirects", "RedirectClientError",
        "WSServerHandshakeError", "ClientError", "ValueError",
    ),
    _lost("HTTP 502 without JSON"),
    _lost("HTTP 500"),
    _lost("interrupted"),
    _lost("unexpected answer"),
    _lost("same workflow ID"),
)  # fmt: skip
"""What was never sent or not passed on, then what was sent and not heard of."""

BUSY = "item busy"
"""Our code for a start that the portal refused because two workflows run on its item; the portal gives none."""

_BUSY_TEXTS = (
    r"одновременно быть запущено не более \d+ процесс",  # Russian
    r"can be handled by \d+ processes at most",  # English
    r"maximal \d+ workflows gleichzeitig",  # German
    r"одночасно бути запущено не більше \d+ процес",  # Ukrainian
    r"obsługiwany co najwyżej przez \d+ proces",  # Polish
    r"puede ser manejado por \d+ procesos",  # Spanish
    r"gestito al massimo da \d+ processi",  # Italian
)
"""What portals say in their languages. Source: the message LIMIT_SIMULTANEOUS_PROCESSES of the portal's module
for business processes, as public copies of its language files have it; the portal refuses before it starts.
A language that is not here makes the row failed instead of deferred, and never anything worse."""

_BUSY = re.compile("|".join(_BUSY_TEXTS), re.IGNORECASE)


def is_busy(text: str) -> bool:
    """Whether the portal refused a start because its item has as many workflows running as it may have."""
    return _BUSY.search(text) is not None


ROWS = (
    _invalid("blank ID"),
    _invalid("bad ID"),
    _invalid("other kind"),
    _invalid("other portal"),
    _invalid("bad kind"),
    _invalid("bad template"),
    _invalid("bad cell", says_remedy=True),
    _skipped("filtered"),
    _skipped("duplicate"),
    _skipped("started before", Started.YES),
    _skipped("unknown before", Started.MAYBE, Who.YOU),
    _skipped("beyond limit"),
    _skipped("taken over", Started.MAYBE),
    Entry(BUSY, Started.NO, Action.DEFERS_THE_ROW, Who.NOBODY, _START),
    Entry("reconciled", Started.YES, Action.SETTLES, Who.NOBODY),
    _stops("moved", Who.SETTINGS, DOCS + "settings/how-to-call-rest-api/change-domen.html"),
)
"""In the order of a row's life."""

PARAMETERS = (
    _invalid("bad parameters", Who.SETTINGS, says_remedy=True),
    _misfit("blank parameter"),
    _misfit("bad number"),
    _misfit("unclear number"),
    _misfit("bad date"),
    _misfit("unclear date"),
    _misfit("bad yes or no"),
    _misfit("bad option"),
    _misfit("unclear option"),
    _misfit("bad person"),
    _misfit("unclear person"),
    _misfit("bad binding"),
)
"""In the order of the parameters' types."""

ANSWERS_LOST = Entry("answers lost", Started.MAYBE, Action.STOPS, Who.ADMIN)

RUNS = (
    _stops("rate limit", Who.NETWORK, _LIMITS),
    _stops("operating time limit", Who.TEMPLATE_OWNER, _LIMITS),
    _stops("no connection", Who.NETWORK, page=""),
    ANSWERS_LOST,
)
"""The first three by the name of the limit for which the run waited (verdict.Limit)."""

ENTRIES: tuple[Entry, ...] = (*PORTAL, REFUSED_CALLER, *SIGNING_IN, *LOST, *ROWS, *PARAMETERS, *RUNS)
