"""Fetches the table that stands at an address, whole, before any of it is used.

This is the one border where aiohttp's errors become ours: it writes the full address, which may hold a
password or a token, into its errors, so none of their texts goes on.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from launcher import __version__
from launcher.sheets.containers import Kept
from launcher.sheets.model import SheetError, Source
from launcher.sheets.web_address import WebAddress

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MAX_BYTES = 1 << 30
"""Nine times a CSV file of a million rows and ten columns, and all of it goes to the temporary folder."""
WHOLE_S = 600.0
"""At 15 Mbit/s the largest file takes as long; a server that needs more has most likely hung."""
CONNECT_S = 15.0
SILENCE_S = 60.0
"""Servers that make an export while one waits say nothing for as long as a proxy lets them."""
REDIRECTS_AT_MOST = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SIGN_IN = frozenset({401, 403, 407})
PAGE_BYTES = 1 << 20
"""A page for people says in its first part that it is one."""

_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|meta|body|title|script)",
    re.I | re.S,
)
_FOR_PEOPLE = re.compile(rb"<(?:form|input|script|button|iframe)\b", re.IGNORECASE)
_BY_HAND = "Download the file and name it"


async def fetch(address: WebAddress, *, most: int = MAX_BYTES, whole_s: float = WHOLE_S) -> Source:
    """What stands at the address, in a temporary file. Raises SheetError when it is not all there."""
    import aiohttp

    seconds = aiohttp.ClientTimeout(total=whole_s, sock_connect=CONNECT_S, sock_read=SILENCE_S)
    headers = {"User-Agent": f"bizproc-launcher/{__version__}", "Accept": "*/*"}
    if address.login:
        headers["Authorization"] = address.login
    try:
        async with aiohttp.ClientSession(
            timeout=seconds,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            # The proxy of the environment is the way out of many offices, but not the way to this machine.
            trust_env=not address.is_loopback,
        ) as session:
            source = await _follow(session, address, most)
    except TimeoutError:
        raise _failed(address, f"it did not come within {whole_s:.0f} seconds", "Try again") from None
    except aiohttp.ClientConnectorCertificateError:
        raise _failed(address, "its certificate is not one that this machine trusts") from None
    except aiohttp.ClientConnectorDNSError:
        raise _failed(address, "no host has that name", "Mend the address") from None
    except aiohttp.ClientConnectorError:
        raise _failed(address, "there is no connection to it", "Try again") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise _failed(address, "the answer broke off", "Try again") from None
    _refuse_page(address, source)
    return source


async def _follow(session: ClientSession, address: WebAddress, most: int) -> Source:
    for _ in range(REDIRECTS_AT_MOST + 1):
        async with session.get(address.url, allow_redirects=False) as answer:
            if answer.status not in REDIRECTS:
                return await _kept(answer, address, most)
            there = address.after(answer.headers.get("Location", ""))
        if there is None:
            raise _failed(
                address,
                "it sends on to another place, where a file is never taken from",
                "Give the address where the file itself stands, or download it and name it",
            )
        address = there
    raise _failed(address, f"it sends on more than {REDIRECTS_AT_MOST} times")


async def _kept(answer: ClientResponse, address: WebAddress, most: int) -> Source:
    if answer.status in SIGN_IN:
        raise _failed(address, f"it asks for a sign-in (HTTP {answer.status})", _BY_HAND)
    if answer.status == 404:
        raise _failed(address, "there is no such file (HTTP 404)", "Mend the address")
    if answer.status != 200:
        raise _failed(address, f"the server gave no file (HTTP {answer.status})", "Try again")
    too_much = _failed(address, f"over {most >> 20:,} MB", _BY_HAND)
    if (answer.content_length or 0) > most:
        raise too_much
    kept = Kept(address.name, most, too_much)
    with kept:
        async for block in answer.content.iter_any():
            kept.add(block)
    return kept.source


def _refuse_page(address: WebAddress, source: Source) -> None:
    """Raises SheetError for a page that is made for people. Bitrix24's own export is one with a table alone."""
    with source.path.open("rb") as file:
        head = file.read(PAGE_BYTES).removeprefix(codecs.BOM_UTF8)
    if _HTML.match(head) and (_FOR_PEOPLE.search(head) or b"<table" not in head.lower()):
        raise _failed(
            address,
            "the address gave a web page, not a table; most likely it asks for a sign-in",
            "Download the file in a browser and name it",
        )


def _failed(address: WebAddress, what: str, advice: str = _BY_HAND) -> SheetError:
    return SheetError(f"{address.shown}: {what}. {advice}, and run again.")
