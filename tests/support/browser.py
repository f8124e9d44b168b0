"""The system's own Chromium, for what only a browser can judge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
"""Without a sandbox, or it does not start as root; it opens nothing but our own page."""


@asynccontextmanager
async def started(command: str) -> AsyncIterator[Browser]:
    """A browser without a window and without a past."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=command, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()
