"""Whether the portal would let a run start anything: what it says of whoever calls it.

Source: official REST documentation, "profile", "scope", "method.get", "app.info".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from launcher.core.batch import START, encode_call
from launcher.core.catalogue import MENDS

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
        refusals=tuple((code, MENDS[code]) for code in refusals),
        scopes=scopes,
        license=str(app.get("LICENSE") or "") if isinstance(app, Mapping) else "",
    )
