"""Settings, from the environment (`GRISTMILL_…`) and `gristmill.toml`: the environment wins."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from gristmill.domain.completion import ModelName
from gristmill.errors import BadInputError, Finding

FILE_NAME = "gristmill.toml"
PREFIX = "GRISTMILL_"


class ModelEntry(BaseModel):
    """What a user says of one model. Prices are US dollars for a million tokens; rpm and tpm are per minute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = None
    api_key_env: str | None = None
    input_usd: Decimal | None = Field(default=None, ge=0)
    output_usd: Decimal | None = Field(default=None, ge=0)
    context: int | None = Field(default=None, gt=0)
    max_in_flight: int | None = Field(default=None, gt=0)
    rpm: int | None = Field(default=None, gt=0)
    tpm: int | None = Field(default=None, gt=0)


class ModelsSettings(BaseModel):
    """What aliases stand for, and an entry for each model the user describes, under the model's name."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, ModelEntry]

    aliases: dict[str, str] = Field(default_factory=dict)

    @property
    def entries(self) -> Mapping[ModelName, ModelEntry]:
        """The user's own models by name."""
        return {ModelName(name): entry for name, entry in self.__pydantic_extra__.items()}


class SmtpSettings(BaseModel):
    """Where mail is sent. Without a host, mail is shown on the server's console."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = ""
    port: int = Field(default=587, gt=0, lt=65_536)
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"


class LimitsSettings(BaseModel):
    """What users may, unless an admin says otherwise: the most all their jobs cost, and how many run at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget_usd: Decimal | None = Field(default=None, ge=0)
    running_jobs: int | None = Field(default=None, gt=0)


class Settings(BaseSettings):
    """Everything that can be set. `store` and `blobs` lie under `home` until they are given."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", toml_file=()
    )

    home: Path = Path("~/.gristmill")
    store: str = ""
    blobs: str = ""
    auth: str = "local:"
    executor: str = "local:"
    models: ModelsSettings = ModelsSettings.model_validate({})
    secret: SecretStr = SecretStr("")
    public_url: str = ""
    signup: Literal["open", "closed"] = "open"
    smtp: SmtpSettings = SmtpSettings()
    limits: LimitsSettings = LimitsSettings()
    allow_private_models: bool = False
    trusted_proxies: str = "127.0.0.1,::1"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the files: no `.env`, no secrets folder."""
        del init_settings, dotenv_settings, file_secret_settings
        return env_settings, TomlConfigSettingsSource(settings_cls, deep_merge=True)

    @property
    def home_folder(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().absolute()

    @property
    def store_url(self) -> str:
        """Where jobs stand when no folder is named."""
        return self.store or f"sqlite:///{self.home_folder}/store.db"

    @property
    def blobs_url(self) -> str:
        """Where bytes lie when no folder is named."""
        return self.blobs or f"file://{self.home_folder}/blobs"


def settings_files(folder: Path | None = None) -> tuple[Path, ...]:
    """The files that are read, the later over the earlier: the current folder's, then the job folder's."""
    here = Path(FILE_NAME).absolute()
    own = (folder / FILE_NAME).absolute() if folder is not None else here
    return tuple(path for path in dict.fromkeys((here, own)) if path.is_file())


def read_settings(folder: Path | None = None) -> Settings:
    """The settings that hold in a folder. Raises BadInputError with a finding for each value that is none."""
    files = settings_files(folder)
    located = type("Settings", (Settings,), {"model_config": {**Settings.model_config, "toml_file": files}})
    try:
        settings: Settings = located()
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"{' or '.join(map(str, files))} is not TOML: {error}.") from error
    except ValidationError as error:
        raise _with_findings(files, error) from error
    except (ValueError, OSError) as error:
        raise BadInputError(f"The settings in {_names(files)} cannot be read: {error}.") from error
    return settings


def origins(folder: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Where each setting came from: a variable's name, a file, or `default`."""
    files = {path: tomllib.loads(path.read_text("utf-8")) for path in settings_files(folder)}
    return {name: _origin(name, files, environment) for name in Settings.model_fields}


def _origin(name: str, files: Mapping[Path, Mapping[str, Any]], environment: Mapping[str, str]) -> str:
    variable = f"{PREFIX}{name.upper()}"
    set_here = [key for key in environment if key.upper() == variable or key.upper().startswith(f"{variable}__")]
    in_files = [str(path) for path, content in files.items() if name in content]
    return ", ".join([*sorted(set_here), *reversed(in_files)]) or "default"


def _finding(problem: Mapping[str, Any]) -> Finding:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return Finding(code="unknown_setting", message="There is no such setting.", path=path)
    return Finding(code="bad_setting", message=f"{problem['msg']}.", path=path)


def _with_findings(files: tuple[Path, ...], error: ValidationError) -> BadInputError:
    refusal = BadInputError(
        f"Some settings in {_names(files)} cannot be used:", [_finding(problem) for problem in error.errors()]
    )
    # A value may stand in any of these places, so the findings name none: least of all a template.
    refusal.add_note("")
    return refusal


def _names(files: tuple[Path, ...]) -> str:
    return " or ".join([*map(str, files), f"{PREFIX}… variables"])
