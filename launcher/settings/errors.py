"""What goes wrong with the configuration."""


class SettingsError(Exception):
    """The configuration cannot be used; the text says where, what is wrong and what to do."""
