"""What is wrong with a configuration, in words for the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from launcher.core.words import nearest
from launcher.settings.config import Config
from launcher.settings.yaml_file import Place, YamlFile


def mistakes(file: YamlFile, troubles: Sequence[ErrorDetails]) -> Iterator[str]:
    """A line for each, with its place and what is expected there; no value, which may be a secret."""
    return (_explained(file, trouble) for trouble in _told(troubles))


def _told(troubles: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Those that the person can mend: not that a list is too short only since its entries are wrong."""
    places = [trouble["loc"] for trouble in troubles]
    return [
        trouble
        for trouble in troubles
        if trouble["type"] != "too_short"
        or not any(
            len(place) > len(trouble["loc"]) and place[: len(trouble["loc"])] == trouble["loc"]
            for place in places
        )
    ]


def _explained(file: YamlFile, trouble: ErrorDetails) -> str:
    place: Place = trouble["loc"]
    shown = ": ".join(str(part) for part in place)
    where = file.where(place)
    match trouble["type"]:
        case "extra_forbidden":
            # Without a blank behind its colon, a value is taken for a part of its key, and may be a secret.
            key, known = str(place[-1]).partition(":")[0], _keys_at(place[:-1])
            return f'{where}: unknown key "{key}"{nearest(key, known)}; known: {", ".join(known)}'
        case "missing":
            return f"{where}: {shown}: is missing"
        case "value_error":
            return ": ".join(part for part in (where, shown, str(trouble["ctx"]["error"])) if part)
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{where}: {shown}: keys are expected below it"
        case _:
            return f"{where}: {shown}: {_expected(trouble)}"


def _expected(trouble: ErrorDetails) -> str:
    """What may stand there."""
    limits = trouble.get("ctx", {})
    match trouble["type"]:
        case "literal_error" | "enum":
            return f"{limits['expected'].replace(chr(39), '')} is expected"
        case "int_type" | "int_parsing" | "int_from_float":
            return "a whole number is expected"
        case "float_type" | "float_parsing" | "finite_number":
            return "a number is expected"
        case "string_type":
            return "a text is expected"
        case "bool_type" | "bool_parsing":
            return "true or false is expected"
        case "too_short":
            return "at least one is expected"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = next(iter(limits.values()))
            return f"{_BOUNDS[trouble['type']]} {bound:g} is expected"
        case _:
            return f"{trouble['msg'][:1].lower()}{trouble['msg'][1:]}"


_BOUNDS = {
    "greater_than": "a number above",
    "greater_than_equal": "a number of at least",
    "less_than": "a number below",
    "less_than_equal": "a number of at most",
}


def _keys_at(place: Place) -> list[str]:
    """The keys that the configuration knows at that place."""
    model: type[BaseModel] = Config
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # a name that the person chose, as a job's
        inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]
