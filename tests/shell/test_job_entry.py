"""A template as an entry of config.yaml: what is printed is read back as it was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher.app.first_steps import job_entry, job_name
from launcher.core.templates import Parameter, Template, TemplateError, template_of
from launcher.settings import JobConfig, load_settings
from launcher.simulator.templates import TEMPLATES

LEADS = Template(id=7, name="", module="crm", entity="CCrmDocumentLead", document_type="LEAD")


def read_back(entry: str, folder: Path) -> tuple[str, JobConfig]:
    (folder / "config.yaml").write_text(f"jobs:\n{entry}", encoding="utf-8")
    job = load_settings(folder / "config.yaml").job(None)
    assert job is not None
    return job


@pytest.mark.parametrize("number", TEMPLATES)
def test_every_template_gives_a_job_with_what_it_requires(number: int, tmp_path: Path) -> None:
    template = template_of(TEMPLATES[number].row())
    assert template is not None
    assert template.kind is not None

    name, job = read_back(job_entry(template, job_name(template), document_column="ID"), tmp_path)

    assert name == job_name(template)
    assert (job.template, job.kind, job.columns.document) == (str(number), template.kind.name, "ID")
    assert list(job.parameters) == [each.name for each in template.parameters if each.must_be_given]


@pytest.mark.parametrize(
    "text", ["Сумма, руб.", 'a "b" c', "# no comment", "{x}: [y]", "a\nb", "it's", "- 1", "yes", "ID "]
)
def test_whatever_a_heading_or_a_name_is_it_is_read_back(text: str, tmp_path: Path) -> None:
    parameter = Parameter(name=text, type="select", title=text, default=text, options={text: text})
    template = replace(LEADS, name=text, parameters=(parameter,))
    entry = job_entry(template, text, document_column=text, columns={text: text})

    name, job = read_back(entry, tmp_path)

    assert (name, job.columns.document) == (text, text)
    assert {key: said.column for key, said in job.parameters.items()} == {text: text}


def test_only_the_columns_that_were_chosen_are_taken(tmp_path: Path) -> None:
    template = template_of(TEMPLATES[1].row())
    assert template is not None

    _, job = read_back(job_entry(template, "a", columns={"Comment": "Notes"}), tmp_path)

    assert {name: said.column for name, said in job.parameters.items()} == {"Comment": "Notes"}


def test_a_template_without_a_usable_name_has_its_number_for_one() -> None:
    assert job_name(LEADS) == "template-7"


def test_a_template_for_documents_that_nobody_knows_gives_no_job() -> None:
    template = Template(id=8, name="New", module="rpa", entity="Item", document_type="T1")

    with pytest.raises(TemplateError, match="T1 of Item"):
        job_entry(template, "new")
