"""How requests and answers get lost between here and the portal. The codes are the network library's names."""

from __future__ import annotations

from launcher.core.catalogue.entry import LOOK, Action, Entry, Started, Who

_PORTAL_UP = "see in a browser whether the portal answers, then go on with launcher resume"


def _unsent(code: str, meaning: str, who: Who, mend: str, *, also: tuple[str, ...] = ()) -> Entry:
    return Entry(
        code=code, also=also, meaning=meaning, started=Started.NO, does=Action.WAITS_FOR_CONNECTION, who=who,
        mend=mend, page="", unspoken=True,
    )  # fmt: skip


def _lost(code: str, meaning: str, *, also: tuple[str, ...] = ()) -> Entry:
    return Entry(
        code=code, also=also, meaning=meaning, started=Started.MAYBE, does=Action.LEAVES_UNKNOWN,
        who=Who.YOU, mend=LOOK, page="", unspoken=bool(also),
    )  # fmt: skip


LOST = (
    _unsent(
        "ClientConnectorError",
        "the portal could not be reached: connection refused, or no way to its address",
        Who.NETWORK,
        _PORTAL_UP,
        also=("UnixClientConnectorError",),
    ),
    _unsent(
        "ClientConnectorDNSError",
        "the portal could not be reached: its name is not known on this network",
        Who.SETTINGS,
        "check the portal's name in the webhook's address, and this machine's network; then launcher resume",
    ),
    _unsent(
        "ClientConnectorCertificateError",
        "the portal could not be reached: its certificate is not one that this machine trusts",
        Who.NETWORK,
        "see the certificate in a browser: it may have expired, or your office's proxy puts in its own; then "
        "launcher resume",
        also=("ServerFingerprintMismatch",),
    ),
    _unsent(
        "ClientConnectorSSLError",
        "the portal could not be reached: no encrypted connection came about",
        Who.NETWORK,
        "see in a browser whether https:// works for the portal's address; then launcher resume",
        also=("ClientSSLError",),
    ),
    _unsent(
        "ConnectionTimeoutError",
        "the portal could not be reached: its address does not answer within 15 seconds",
        Who.NETWORK,
        "see whether a firewall is in the way; then launcher resume",
    ),
    _unsent(
        "ClientProxyConnectionError",
        "no connection to the proxy that HTTPS_PROXY names",
        Who.NETWORK,
        "check the proxy's address in the environment; then launcher resume",
    ),
    _unsent(
        "ClientHttpProxyError",
        "the proxy that HTTPS_PROXY names does not let the request through",
        Who.NETWORK,
        "let whoever runs the proxy allow the portal's address; then launcher resume",
    ),
    _unsent(
        "InvalidURL",
        "the portal's address cannot be one",
        Who.SETTINGS,
        "check the webhook's address; then launcher resume",
        also=(
            "InvalidUrlClientError",
            "InvalidUrlRedirectClientError",
            "NonHttpUrlClientError",
            "NonHttpUrlRedirectClientError",
        ),
    ),
    _unsent(
        "token server",
        "the sign-in had to be renewed, and Bitrix24's authorisation server did not answer to the purpose",
        Who.NETWORK,
        "see whether this machine reaches https://oauth.bitrix.info; then launcher resume",
    ),
    Entry(
        code="request too long",
        meaning="a server in front of the portal takes no request as long as this one (HTTP 413)",
        started=Started.NO,
        does=Action.SENDS_SHORTER,
        who=Who.ADMIN,
        mend="if the row alone is too long: shorten its values, or have longer requests allowed on that server "
        "(nginx: client_max_body_size, ModSecurity: SecRequestBodyNoFilesLimit); then launcher retry",
        page="",
    ),
    _lost(
        "ServerDisconnectedError",
        "the portal's answer was lost: the connection ended before it was here",
        also=(
            "ClientOSError",
            "ClientConnectionResetError",
            "ClientConnectionError",
            "ServerConnectionError",
            "UploadAbortedError",
            "ConnectionResetError",
            "BrokenPipeError",
            "OSError",
        ),
    ),
    _lost(
        "TimeoutError",
        "the portal's answer was lost: it did not come within 90 seconds",
        also=("ServerTimeoutError", "SocketTimeoutError"),
    ),
    _lost(
        "ClientPayloadError",
        "the portal's answer was lost: it was cut off or damaged on its way",
        also=(
            "ClientResponseError",
            "ContentTypeError",
            "TooManyRedirects",
            "RedirectClientError",
            "WSServerHandshakeError",
            "ClientError",
            "ValueError",
        ),
    ),
    _lost(
        "HTTP 502 without JSON",
        "the portal's answer was lost: a server in front of it, or a broken portal, sent no JSON",
    ),
    _lost("HTTP 500", "the portal answered with an error that has no code"),
    _lost(
        "interrupted",
        "the launcher ended, by a power cut or by force, before the portal's answer was here",
    ),
    _lost("unexpected answer", "the portal's answer cannot be right for this row"),
    _lost("same workflow ID", "the portal gave one workflow ID to more than one row"),
)
"""What was never sent or not passed on, then what was sent and not heard of."""
