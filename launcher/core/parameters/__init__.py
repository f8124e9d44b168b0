"""Values of a template's parameters, by their types: one idea a file."""

from launcher.core.parameters.conversion import (
    DATES,
    KNOWN_TYPES,
    Conversion,
    People,
    Reading,
    Surroundings,
    people_found,
    person_key,
    person_search,
)
from launcher.core.parameters.dates import DateFormat, DateFormatError, offset_of

__all__ = [
    "DATES",
    "KNOWN_TYPES",
    "Conversion",
    "DateFormat",
    "DateFormatError",
    "People",
    "Reading",
    "Surroundings",
    "offset_of",
    "people_found",
    "person_key",
    "person_search",
]
