"""config.yaml, the environment and .env, as typed settings. Nothing else reads the environment."""

from launcher.errors import SettingsError
from launcher.settings.columns import ColumnsConfig, ParameterConfig
from launcher.settings.config import JobConfig
from launcher.settings.load import Settings, load_settings
from launcher.settings.notify import EmailConfig, NotifyConfig
from launcher.settings.portals import OAuthConfig, PortalConfig

__all__ = [
    "ColumnsConfig",
    "EmailConfig",
    "JobConfig",
    "NotifyConfig",
    "OAuthConfig",
    "ParameterConfig",
    "PortalConfig",
    "Settings",
    "SettingsError",
    "load_settings",
]
