"""The application opened: its settings, its ledger, and the events that its use cases emit to subscribers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from launcher.engine.cancel import CancelToken
from launcher.ledger import Ledger, open_ledger
from launcher.messages import Text
from launcher.settings import Settings, load_settings
from launcher.settings.load import folder_of, ledger_location, metrics_file

if TYPE_CHECKING:
    from launcher.engine.progress import Progress


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know, and that stops nothing."""

    text: Text


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run sends its rows from now on."""

    run_id: str
    portal: str
    progress: Progress
    """Kept up to date while the run goes; only to be read."""
    cancel: CancelToken
    """Stops the run in good order."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run sends nothing any more; its results are written next."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a use case is; replaces the step before it."""

    text: str


Event = Notice | RunBegan | RunEnded | Step
Subscriber = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """Let the event pass."""


class Context:
    """One configuration and one ledger, and a subscriber. Belongs to one event loop.

    Several may be open in one process, each with its own subscriber.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: str = "",
        on_event: Subscriber = nobody,
        metrics: Path | None = None,
    ) -> None:
        """`ledger` and `metrics` come before what the settings say of them."""
        self.settings = settings
        self.named_ledger = ledger
        """The ledger as the caller has it; empty if the settings decide."""
        self.metrics = metrics or metrics_file(settings)
        """Where figures for Prometheus go after each run; None: nowhere."""
        self.emit = on_event
        self._named_metrics = metrics
        self._opened = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._ledger: Ledger | None = None

    @classmethod
    def open(
        cls,
        config: Path | None = None,
        *,
        ledger: str = "",
        on_event: Subscriber = nobody,
        metrics: Path | None = None,
    ) -> Self:
        """Return the application on that configuration, `./config.yaml` by default, for `async with`.

        Raises SettingsError.
        """
        return cls(load_settings(config), ledger=ledger, on_event=on_event, metrics=metrics)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ledger = None
        await self._opened.aclose()

    # Not in __init__: a ledger that is not defined must not keep a use case from working that needs none.
    @property
    def location(self) -> str:
        """The path or URL of the ledger, which may hold a password. Raises SettingsError."""
        return ledger_location(self.settings, self.named_ledger)

    @property
    def is_ledger_named(self) -> bool:
        """Whether somebody has named the ledger."""
        return bool(self.named_ledger or self.settings.ledger().get_secret_value())

    async def ledger(self) -> Ledger:
        """Return the ledger, made or migrated when it is first asked for. Raises LedgerError, SettingsError."""
        async with self._opening:
            if self._ledger is None:
                self._ledger = await self._opened.enter_async_context(open_ledger(self.location))
            return self._ledger

    def beside(self, on_event: Subscriber | None = None, settings: Settings | None = None) -> Self:
        """Return another one on the same ledger, for use next to this one; to be opened with `async with`."""
        return type(self)(
            settings or self.settings,
            ledger=self.named_ledger,
            on_event=on_event or self.emit,
            metrics=self._named_metrics,
        )

    @property
    def folder(self) -> Path:
        """The folder in which relative paths of the configuration begin."""
        return folder_of(self.settings)

    def tell(self, text: Text) -> None:
        """Let a person know something that stops nothing."""
        self.emit(Notice(text))
