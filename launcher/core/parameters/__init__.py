"""Values of a template's parameters, by their types: one idea a file."""

from launcher.core.parameters.conversion import KNOWN_TYPES, Conversion, Converted, Reading, Surroundings
from launcher.core.parameters.date_format import DateFormat, DateFormatError
from launcher.core.parameters.dates import offset_of
from launcher.core.parameters.people import People, people_found, person_key, person_search

__all__ = [
    "KNOWN_TYPES",
    "Conversion",
    "Converted",
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
