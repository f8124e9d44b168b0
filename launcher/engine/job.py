"""What a run is asked to do, settled before it begins and kept in the ledger with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from launcher.core.documents import kind_named
from launcher.core.mapping import Fixed, FromColumn, RowMapping, Source
from launcher.core.plan import StartedBefore


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Which template, which kind, which columns; whom to ask and what to skip."""

    name: str
    """As in config.yaml; empty where the command line said it all."""
    template_id: int
    kind: str
    document_column: str
    parameters: Mapping[str, Source]
    started_before: StartedBefore = StartedBefore.SKIP
    limit: int | None = None
    """Start that many rows at most."""

    def mapping(self, portal: str) -> RowMapping:
        """How a row becomes a start on that portal."""
        return RowMapping(
            portal=portal,
            job=self.name,
            template_id=self.template_id,
            kind=kind_named(self.kind),
            document_column=self.document_column,
            parameters=self.parameters,
        )

    def to_plan(self) -> dict[str, object]:
        """The job in JSON's types."""
        return {
            "template_id": self.template_id,
            "kind": self.kind,
            "document_column": self.document_column,
            "parameters": {
                name: {"column": source.column} if isinstance(source, FromColumn) else {"value": source.text}
                for name, source in self.parameters.items()
            },
            "started_before": self.started_before.value,
            "limit": self.limit,
        }

    @classmethod
    def from_plan(cls, name: str, plan: Mapping[str, object]) -> Job:
        """The job that `to_plan` wrote."""
        values = dict(plan)
        parameters = values.pop("parameters")
        if not isinstance(parameters, dict):
            raise TypeError("parameters: a map is expected")
        return cls(
            name=name,
            parameters={
                key: FromColumn(source["column"]) if "column" in source else Fixed(source["value"])
                for key, source in parameters.items()
            },
            **{**values, "started_before": StartedBefore(str(values["started_before"]))},  # type: ignore[arg-type]
        )
