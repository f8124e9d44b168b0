"""What a job is: one model for its settings, what is asked of a run, and the plan that the ledger keeps of it.

A new key of a job is a field here, which `from_plan` reads, and a key of `JobConfig`, whose `spec` fills it in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from launcher.core.columns import Condition
from launcher.core.guard import NEVER, StopAfter
from launcher.core.plan import SKIP, Duplicates, StartedBefore
from launcher.core.sources import Source, source_from_plan, source_to_plan
from launcher.core.values import Types


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """Which template, which kind, which columns; what to skip and when to stop."""

    name: str
    """As in config.yaml; empty if the command line alone defines it."""
    template_id: int | None
    """None where each row says its own."""
    kind: str
    """Empty where each row says its own."""
    document_column: str = ""
    """Empty: the one column with a usual heading."""
    parameters: Mapping[str, Source] = field(default_factory=dict)
    types: Types = field(default_factory=Types)
    """Of the parameters, as the portal told before the run began; a resumed run asks no more."""
    template_column: str = ""
    """The row's own template, by ID or name; a blank cell stands for `template_id`."""
    template_ids: Mapping[str, int] = field(default_factory=dict)
    """The portal's templates by name, for that column; 0 where more than one has the name."""
    kind_column: str = ""
    """The row's own kind; a blank cell stands for `kind`."""
    where: tuple[Condition, ...] = ()
    """Only rows that meet all of these."""
    started_before: StartedBefore = SKIP
    duplicates: Duplicates = Duplicates.SKIP
    stop_after: StopAfter = NEVER
    limit: int | None = None
    """Start that many rows at most."""

    def to_plan(self) -> dict[str, object]:
        """Return all fields but the name, as JSON can hold them."""
        plan = asdict(self)
        del plan["name"], plan["started_before"]
        return plan | {
            "parameters": {name: source_to_plan(source) for name, source in self.parameters.items()},
            "forget_after_s": None if self.started_before == SKIP else self.started_before.forget_after_s,
        }

    @classmethod
    def from_plan(cls, name: str, plan: Mapping[str, Any]) -> JobSpec:
        """Return the job that `to_plan` wrote."""
        forget_after_s = plan["forget_after_s"]
        return cls(
            name=name,
            template_id=plan["template_id"],
            kind=plan["kind"],
            document_column=plan["document_column"],
            parameters={key: source_from_plan(source) for key, source in plan["parameters"].items()},
            # Not in what an older version wrote.
            types=Types.from_plan(plan["types"]) if "types" in plan else Types(),
            template_column=plan.get("template_column", ""),
            template_ids=plan.get("template_ids", {}),
            kind_column=plan.get("kind_column", ""),
            where=tuple(
                Condition(one["column"], tuple(one["values"]), one["excluded"]) for one in plan.get("where", ())
            ),
            started_before=SKIP if forget_after_s is None else StartedBefore(forget_after_s),
            duplicates=Duplicates(plan["duplicates"]),
            stop_after=StopAfter(**plan["stop_after"]),
            limit=plan["limit"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The portal on which a job's rows start, as far as a start's identity goes."""

    portal: str
    addresses: Collection[str] = ()
    """Hosts at which the portal answers beside `portal`: links to other ones are no IDs."""
    equivalents: Sequence[str] = ()
    """Jobs of which a start counts as one of this job."""
