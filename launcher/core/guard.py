"""Whether a run may begin, and whether it may go on: the portal's rights, and too many refused rows.

Source of the rights: official REST documentation, "profile", "scope", "method.get", "app.info".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from launcher.core.batch import START, encode_call
from launcher.core.catalogue import explained
from launcher.core.words import pluralize


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAfter:
    """How many failures are too many."""

    failures: int = 0
    """Failed rows in all; 0: no such limit."""
    share: float = 0.0
    """Failed of the first `of_first` rows that the portal answered, from 0 to 1; 0: no such limit."""
    of_first: int = 200


NEVER = StopAfter()
"""However many fail."""


class Guard:
    """Counts the rows of one sitting that the portal accepted or refused."""

    def __init__(self, limit: StopAfter) -> None:
        self._limit = limit
        self._accepted = 0
        self._failed = 0
        self._failed_of_first = 0

    def count(self, *, accepted: int, failed: int) -> str:
        """Take these rows into account; gives why the run must stop, or nothing where it may go on."""
        limit = self._limit
        room = max(0, limit.of_first - self._accepted - self._failed)
        self._accepted += accepted
        self._failed += failed
        # Which of a batch came first is not known, so the failed ones are taken to have.
        self._failed_of_first += min(failed, room)
        if limit.failures and self._failed >= limit.failures:
            return f"{pluralize(self._failed, 'row')} failed, and stop_after: failures: is {limit.failures}"
        if limit.share and self._failed_of_first > limit.share * limit.of_first:
            return (
                f"{pluralize(self._failed_of_first, 'row')} of the first {limit.of_first} failed, more than "
                f"the {limit.share:.0%} of stop_after:"
            )
        return ""


QUESTIONS: Mapping[str, str] = {
    "profile": encode_call("profile", {}),
    "scope": encode_call("scope", {}),
    "method": encode_call("method.get", {"name": START}),
    "time": encode_call("server.time", {}),
    "app": encode_call("app.info", {}),
}
"""The commands of the one batch that asks all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the caller may do on the portal. What the portal does not tell is taken to be allowed."""

    refusals: tuple[tuple[str, str], ...] = ()
    """Why nothing could be started, as the portal's codes and what to do."""
    scopes: frozenset[str] | None = None
    """None where the portal does not tell."""
    license: str = ""
    """As `ru_ent250`; empty where the portal does not tell."""

    def has(self, scope: str) -> bool:
        """Whether calls that need this scope may be made."""
        return self.scopes is None or scope in self.scopes

    @property
    def plan(self) -> str:
        """The plan in config.yaml's words that the licence tells; empty where it tells none."""
        name = self.license.partition("_")[2]
        if not name:
            return ""
        return "enterprise" if name.startswith("ent") else "standard"


def rights_of(results: Mapping[str, object]) -> Rights:
    """The rights in the answers to QUESTIONS, by their keys; an answer may be missing."""
    profile, scope, method = results.get("profile"), results.get("scope"), results.get("method")
    scopes = frozenset(str(name) for name in scope) if isinstance(scope, list) else None
    refusals = []
    if scopes is not None and "bizproc" not in scopes:
        refusals.append("INSUFFICIENT_SCOPE")
    elif isinstance(method, Mapping) and method.get("isExisting") is False:
        refusals.append("ERROR_METHOD_NOT_FOUND")
    if isinstance(profile, Mapping) and profile.get("ADMIN") is False:
        refusals.append("ACCESS_DENIED")
    app = results.get("app")
    return Rights(
        refusals=tuple((code, explained(code)) for code in refusals),
        scopes=scopes,
        license=str(app.get("LICENSE") or "") if isinstance(app, Mapping) else "",
    )
