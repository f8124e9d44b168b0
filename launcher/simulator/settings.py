"""What kind of portal is simulated; the defaults describe an ordinary cloud portal with instant starts."""

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

OperatingMode = Literal["method", "batch", "both", "none"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One portal: who may call it, what it allows, what a start costs and which documents it has."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any free port."""
    tls_certificate: str = ""
    """A PEM file: the portal listens on a second free port too, with TLS; "": it does not."""
    tls_key: str = ""
    """The PEM file of its private key; "": it stands in the certificate's file."""

    user_id: int = 1
    secret: str = "simulated0secret"  # noqa: S105 - opens nothing but the simulator
    admin: bool = True
    scopes: tuple[str, ...] = ("bizproc", "crm", "user", "im")
    license: str = "ru_std"
    """Language and plan. `project` is the free plan (no REST at all), `basic` has no business processes."""

    burst: int = 50
    """Requests that the bucket of a source IP holds (docs: "Limits", plans below Enterprise); 0: no limit."""
    per_second: float = 2.0
    """Requests that leak from the bucket at each whole second of the portal's clock (same page)."""
    others_per_second: float = 0.0
    """Requests of another program on the same IP, evenly, as far as the bucket takes them."""

    start_seconds: float = 0.0
    """What a start costs: the request really takes that long."""
    start_seconds_of: Mapping[int, float] = field(default_factory=dict)
    """The same for single templates, by template ID."""

    operating_limit: float = 0.0
    """Seconds of execution per method that the baskets may hold; 480 is the known cloud figure; 0: no limit."""
    basket_seconds: float = 60.0
    baskets: int = 10
    operating_mode: OperatingMode = "method"
    """What commands of a batch are charged to: the inner `method`, or `batch`, or both; `none`: the inner
    method, but no answer says so."""
    basket_phase_seconds: float | None = None
    """None: a basket opens with the first charge that no other takes; else baskets open at whole multiples of
    basket_seconds of the portal's clock, and so much later."""

    cut_seconds: float = 60.0
    """A request is cut after that (docs: batch); what it had executed stays."""

    documents: int = 10_000_000
    """Elements 1..documents exist of every kind."""
    missing: frozenset[str] = frozenset()
    """Document IDs that do not exist all the same, such as `LEAD_13`."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Document ID → text: a start on it fails with an empty code and this text."""

    runs_seconds: float = 0.0
    """How long a started workflow is listed as running; 0: it has ended at once; infinity: until ended."""
    tells_starter: bool = True
    """Whether STARTED_BY of a running workflow names the webhook's user; else it is 0, as in the docs."""
    locked: Mapping[str, float] = field(default_factory=dict)
    """Document ID → seconds since the lock of its workflows ran out; negative: until it will."""
    unstoppable: Mapping[str, str] = field(default_factory=dict)
    """Document ID → text: ending one of its workflows fails with an empty code and this text."""
    workflow_cap: int = 0
    """Running workflows that one CRM item may have; the cloud allows 2; 0: no cap."""

    utc_offset_hours: float = 3
    clock_offset_seconds: float = 0.0
    """How far the portal's clock is ahead of ours."""

    access_token: str = "simulated0access0token"  # noqa: S105 - as above
    refresh_token: str = "simulated0refresh0token"  # noqa: S105 - as above
    client_id: str = "local.simulated0app"
    client_secret: str = "simulated0client0secret"  # noqa: S105 - as above
    redirect_uri: str = "http://127.0.0.1:8910/oauth"
    """The application's own address, where the sign-in leads back to: set in its card, never in the request."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.operating_mode not in get_args(OperatingMode):
            raise ValueError(f"operating_mode: {self.operating_mode!r} is none of {get_args(OperatingMode)}")


def as_json(entry: Any) -> dict[str, Any]:
    """Return a dataclass's fields, as the settings', as JSON can say them: sets as lists, infinity as "inf"."""
    return {f.name: _to_json(getattr(entry, f.name)) for f in dataclasses.fields(entry)}


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with these JSON values in place; ValueError names an unknown key and the nearest one."""
    fields = {f.name for f in dataclasses.fields(settings)}
    for name in changes:
        if name not in fields:
            nearest = difflib.get_close_matches(name, fields, n=1, cutoff=0)
            raise ValueError(f"unknown setting {name!r}; the nearest is {nearest[0]!r}")
    return dataclasses.replace(settings, **{name: _from_json(name, value) for name, value in changes.items()})


def _to_json(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    return value


def _from_json(name: str, value: Any) -> Any:
    match name:
        case "missing":
            return frozenset(value)
        case "scopes":
            return tuple(value)
        case "start_seconds_of":
            return {int(template): float(seconds) for template, seconds in value.items()}
        case _ if value == "inf":
            return math.inf
        case _:
            return value
