"""A chosen job becomes the run's own: the portal tells its template's ID and parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from launcher.cli.job_options import Chosen, RunOptions
from launcher.core.documents import Kind, kind_named
from launcher.core.guard import StopAfter
from launcher.core.sources import Fixed, Formatted, FromColumn, Source
from launcher.core.templates import Template, TemplateError, ids_by_name, template_named
from launcher.core.values import Types
from launcher.engine.asking import Asker
from launcher.engine.declaring import with_types
from launcher.engine.job import Job
from launcher.engine.templates import list_templates, template_with_id
from launcher.errors import PortalError
from launcher.settings import ParameterConfig


async def settle_job(
    chosen: Chosen, options: RunOptions, asker: Asker, tell: Callable[[str], None], *, thorough: bool = False
) -> Job:
    """The job with its template's ID and its parameters' types.

    Where the portal does not show its templates, a job that does not depend on it goes on unchecked, unless it
    is to be `thorough`. Raises PortalError, TemplateError.
    """
    config = chosen.config
    job, name = plain_job(chosen, options), config.template.strip()
    number = job.template_id or 0
    if config.columns.template or (name and not number):
        templates = await list_templates(asker)
        number = number or (template_named(templates, name, asker.portal).id if name else 0)
        ids = ids_by_name(templates) if config.columns.template else {}
    else:
        templates, ids = await _known(number, asker, None if thorough else tell, typed=bool(job.parameters)), {}
    if not config.columns.template:
        templates = [template for template in templates if template.id == number]
        _check_kind(templates, kind_named(config.kind) if config.kind and not config.columns.kind else None)
    job = await with_types(replace(job, template_id=number or None, template_ids=ids), templates, asker)
    for parameter, type_ in job.types.unknown(list(job.parameters)).items():
        tell(f'the parameter "{parameter}" is of the type "{type_}", which is sent as it stands')
    return job


def plain_job(chosen: Chosen, options: RunOptions) -> Job:
    """The job as far as it is known without asking the portal; without its template where that is named."""
    config = chosen.config
    name = config.template.strip()
    return Job(
        name=chosen.name,
        template_id=int(name) if name.isascii() and name.isdigit() and int(name) else None,
        kind=config.kind,
        document_column=config.columns.document,
        template_column=config.columns.template,
        kind_column=config.columns.kind,
        where=tuple(condition.condition() for condition in config.where),
        parameters={key: _source(said) for key, said in config.parameters.items()} | options.parameters,
        types=Types(
            readings={key: said.reading() for key, said in config.parameters.items()},
            time_zone=chosen.portal.time_zone,
        ),
        started_before=config.started_before_rule(),
        duplicates=config.duplicates,
        stop_after=config.stop_after.limit() if config.stop_after else StopAfter(),
        limit=options.limit,
    )


async def _known(
    template_id: int, asker: Asker, tell: Callable[[str], None] | None, *, typed: bool
) -> list[Template]:
    """The template of that ID; none where the portal does not show it, and somebody can be told so.

    `typed`: values depend on it, so it is waited for. Raises PortalError, TemplateError.
    """
    try:
        template = await template_with_id(asker, template_id)
    except PortalError as error:
        if tell is None or (typed and not error.refused):
            raise
        unchecked = "parameters are sent unchecked, as they stand" if typed else "the template is not checked"
        tell(f"the portal does not show its templates, so {unchecked} ({error})")
        return []
    if template is None:
        raise TemplateError(f"no template {template_id} on {asker.portal}; see: launcher templates")
    return [template]


def _check_kind(templates: Sequence[Template], kind: Kind | None) -> None:
    """Raises TemplateError where a template runs on another kind than the job's."""
    for template in templates:
        if kind is not None and template.kind is not None and not template.is_for(kind):
            raise TemplateError(
                f'template {template.id} "{template.name}" is for the kind {template.kind.name}, not '
                f"{kind.name}; say --kind {template.kind.name}, or kind: in the job, or choose another template"
            )


def _source(parameter: ParameterConfig) -> Source:
    if parameter.column is not None:
        return FromColumn(parameter.column)
    return Fixed(parameter.value or "") if parameter.format is None else Formatted(parameter.format)
