"""The launcher's own codes for values that do not fit the template's parameters."""

from __future__ import annotations

from launcher.core.catalogue.entry import Does, Entry, Started, Who

_MEND = "correct the cell, and give the file back: launcher retry --file"


def _misfit(code: str, meaning: str, mend: str = _MEND, who: Who = Who.FILE) -> Entry:
    # Such a row's text says what it holds and what is expected.
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Does.LEAVES_INVALID, who=who, mend=mend, told=True,
        page="",
    )  # fmt: skip


PARAMETERS = (
    _misfit(
        "bad parameters",
        "the parameters of the row's template and those of the job do not go together",
        "compare parameters: in config.yaml with the template's own",
        Who.SETTINGS,
    ),
    _misfit("blank parameter", "a parameter that the template requires is blank"),
    _misfit("bad number", "the cell holds no number of the kind that the parameter takes"),
    _misfit("unclear number", "the cell's number can be read in two ways"),
    _misfit("bad date", "the cell holds no date, or one written in another way than is expected"),
    _misfit("unclear date", "the cell's date can be read in two ways"),
    _misfit("bad yes or no", "the cell says neither yes nor no"),
    _misfit("bad option", "the cell holds none of the options of the parameter"),
    _misfit("unclear option", "the cell's text is the title of more than one option"),
    _misfit("bad person", "the cell names nobody who works on the portal"),
    _misfit("unclear person", "the cell names more than one person of the portal"),
    _misfit("bad binding", "the cell names no CRM element of a kind that the parameter takes"),
)
"""In the order of the parameters' types."""
