"""What goes wrong with the configuration."""

from launcher.errors import InputError


class SettingsError(InputError):
    """The configuration cannot be used; the text says where, what is wrong and what to do."""
