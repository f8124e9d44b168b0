"""config.yaml, the environment and .env, as typed settings. Nothing else reads the environment."""

from launcher.settings.config import ColumnsConfig, JobConfig, OAuthConfig, ParameterConfig, PortalConfig
from launcher.settings.errors import SettingsError
from launcher.settings.load import Settings, load_settings

__all__ = [
    "ColumnsConfig",
    "JobConfig",
    "OAuthConfig",
    "ParameterConfig",
    "PortalConfig",
    "Settings",
    "SettingsError",
    "load_settings",
]
