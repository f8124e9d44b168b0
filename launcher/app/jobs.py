"""What a request and the configuration say becomes the job of one run: its template is asked of the portal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from launcher.app.files import chosen_files
from launcher.app.requests import RunRequest
from launcher.core.documents import Kind, kind_named
from launcher.core.job import JobSpec
from launcher.core.templates import Template, TemplateError, ids_by_name, template_named
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import list_templates, template_with_id, with_types
from launcher.errors import InputError, NothingToDoError, PortalError
from launcher.messages import Message, Text
from launcher.settings import JobConfig, PortalConfig, Settings, SettingsError
from launcher.settings.load import folder_of


def with_file_of_job(settings: Settings, request: RunRequest) -> RunRequest:
    """Return the request with a file: its own, or that of the job.

    Raises InputError, NothingToDoError if the job has none either, or if there is no such file.
    """
    if request.file is not None or request.rows is not None:
        return request
    name, job = settings.job(request.job) or ("", None)
    if job is None or not job.file:
        raise InputError("file-missing")
    files = chosen_files(job.file, folder_of(settings), job.choose)
    if not files:
        error = InputError if job.require_file else NothingToDoError
        raise error("nothing-to-do", file=job.file)
    if len(files) > 1:
        raise InputError("several-files-meant", file=job.file, files=len(files), name=name)
    return replace(request, file=files[0], job=name)


@dataclass(frozen=True, slots=True)
class ChosenJob:
    """A job as configured and asked for, before its template's name is looked up."""

    name: str
    config: JobConfig
    portal: PortalConfig

    def spec(self, request: RunRequest) -> JobSpec:
        """The job as far as it is known without asking the portal; without its template where that is named."""
        return self.config.spec(
            self.name, time_zone=self.portal.time_zone, parameters=request.parameters, limit=request.limit
        )


def choose_job(settings: Settings, request: RunRequest, portal: PortalConfig | None = None) -> ChosenJob:
    """Return the configured job with what the request names instead. Raises SettingsError, KindError.

    `portal` stands in for the configured one.
    """
    alone = request.job is None and request.template is not None and request.kind is not None
    configured = None if alone else settings.job(request.job)
    name, config = configured or ("", None)
    if config is None:
        _check_named(request)
    values: dict[str, Any] = {} if config is None else config.model_dump(by_alias=True)
    values |= {
        key: value
        for key, value in (("template", request.template), ("kind", request.kind))
        if value is not None
    }
    if request.column is not None:
        values["columns"] = values.get("columns", {}) | {"document": request.column}
    chosen = JobConfig.model_validate(values)
    if chosen.kind:
        kind_named(chosen.kind)
    return ChosenJob(name, chosen, portal or settings.portal(chosen.portal))


def _check_named(request: RunRequest) -> None:
    """Raise SettingsError if the request does not name what to start."""
    missing = [
        text
        for text, value in (("--template ID", request.template), ("--kind lead (or deal, …)", request.kind))
        if value is None
    ]
    if missing:
        raise SettingsError("nothing-to-start-named", missing=" and ".join(missing))


async def resolve_job(
    chosen: ChosenJob,
    request: RunRequest,
    client: PortalClient,
    tell: Callable[[Text], None],
    *,
    thorough: bool = False,
) -> JobSpec:
    """The job with its template's ID and its parameters' types.

    Where the portal does not show its templates, a job that does not depend on it goes on unchecked, unless it
    is to be `thorough`. Raises PortalError, TemplateError.
    """
    config = chosen.config
    job, name = chosen.spec(request), config.template.strip()
    number = job.template_id or 0
    if config.columns.template or (name and not number):
        templates = await list_templates(client)
        number = number or (template_named(templates, name, client.portal).id if name else 0)
        ids = ids_by_name(templates) if config.columns.template else {}
    else:
        templates, ids = (
            await _known(number, client, None if thorough else tell, typed=bool(job.parameters)),
            {},
        )
    if not config.columns.template:
        templates = [template for template in templates if template.id == number]
        _check_kind(templates, kind_named(config.kind) if config.kind and not config.columns.kind else None)
    job = await with_types(replace(job, template_id=number or None, template_ids=ids), templates, client)
    for parameter, type_ in job.types.unknown(list(job.parameters)).items():
        tell(Message("parameter-type-unknown", parameter=parameter, type=type_))
    return job


async def _known(
    template_id: int, client: PortalClient, tell: Callable[[Text], None] | None, *, typed: bool
) -> list[Template]:
    """The template of that ID; none if the portal does not show it, and `tell` has been called.

    `typed`: values depend on it, so it is waited for. Raises PortalError, TemplateError.
    """
    try:
        template = await template_with_id(client, template_id)
    except PortalError as error:
        if tell is None or (typed and not error.refused):
            raise
        unchecked = "parameters are sent unchecked, as they stand" if typed else "the template is not checked"
        tell(Message("templates-not-shown", unchecked=unchecked, reason=error))
        return []
    if template is None:
        raise TemplateError("no-such-template", template_id=template_id, portal=client.portal)
    return [template]


def _check_kind(templates: Sequence[Template], kind: Kind | None) -> None:
    """Raise TemplateError if a template runs on another kind than the job's."""
    for template in templates:
        if kind is not None and template.kind is not None and not template.is_for(kind):
            raise TemplateError(
                "template-of-another-kind",
                id=template.id,
                name=template.name,
                kind=template.kind.name,
                wanted=kind.name,
            )
