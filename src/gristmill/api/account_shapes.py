"""The shapes of accounts: what is asked of people, and what is told of them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from gristmill.api.shapes import In, JsonRecord, ModelNames, ModelText, Usd, UsdText
from gristmill.domain.account import Role, Scope, User, UserLimits
from gristmill.domain.completion import ModelName
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Limits
from gristmill.domain.money import parse_usd, show_usd
from gristmill.domain.user_models import UserModel, UserModels
from gristmill.jobs.report import time_json

Email = Annotated[str, Field(max_length=254, examples=["ann@example.org"])]
Password = Annotated[SecretStr, Field(max_length=1024, examples=["correct horse battery staple"])]
Token = Annotated[str, Field(max_length=200)]


class SignupIn(In):
    """Who wants an account."""

    email: Email
    password: Password = Field(description="At least 10 characters.")


class LoginIn(In):
    """Who logs in."""

    email: Email
    password: Password


class TokenIn(In):
    """A token that was mailed."""

    token: Token


class RefreshIn(In):
    """The refresh token of the last login or refresh. It is good once."""

    refresh_token: Token


class ForgotIn(In):
    """Whose password is forgotten."""

    email: Email


class ResetIn(In):
    """A new password, with the token that was mailed."""

    token: Token
    password: Password


class ChangePasswordIn(In):
    """The password there is, and the one there shall be."""

    current_password: Password
    password: Password


class DeleteMeIn(In):
    """The password, once more."""

    password: Password


class LoginShape(BaseModel):
    """A login. `expires_in` is the access token's, in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind, no secret


class Accepted(BaseModel):
    """What happens next; the same for every address, known or not."""

    message: str


class LimitsShape(BaseModel):
    """The most all jobs may cost, and how many may run at once; null is no limit."""

    budget_usd: UsdText | None
    running_jobs: int | None


class UserShape(BaseModel):
    """A person with an account."""

    id: str
    email: str
    role: Role
    created_at: datetime
    verified_at: datetime | None
    disabled_at: datetime | None
    limits: LimitsShape


class KeyIn(In):
    """A key for programs."""

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(default=["read", "write"], min_length=1, max_length=3)
    expires_at: AwareDatetime | None = Field(default=None, description="With its time zone; null is for good.")


class KeyShape(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    ending: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewKeyShape(KeyShape):
    """A key with its secret, which is shown this once."""

    key: str


class LimitsIn(In):
    """Both limits, as they shall be; null is no limit."""

    budget_usd: Usd | None
    running_jobs: int | None = Field(ge=1, le=1_000_000)

    @property
    def limits(self) -> UserLimits:
        """As the use cases take them."""
        budget = None if self.budget_usd is None else parse_usd(self.budget_usd)
        return UserLimits(budget=budget, running=self.running_jobs)


class UserChangeIn(In):
    """What changes of a user; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    limits: LimitsIn | None = None


class AuditShape(BaseModel):
    """One line of the audit log."""

    sequence: int
    at: datetime
    action: str
    user: str | None
    subject: str
    address: str
    request_id: str
    fields: JsonRecord


class UserModelIn(In):
    """A model you describe: its endpoint with its key, its price in US dollars a million tokens, its limits."""

    base_url: str | None = Field(default=None, max_length=2000, examples=["https://llm.example.org/v1"])
    api_key: SecretStr | None = Field(default=None, max_length=1024, description='Kept sealed, never shown; "": none.')
    input_usd: Usd | None = None
    output_usd: Usd | None = None
    context: int | None = Field(default=None, ge=1, le=2**31 - 1)
    max_in_flight: int | None = Field(default=None, ge=1, le=100_000)
    rpm: int | None = Field(default=None, ge=1, le=2**31 - 1)
    tpm: int | None = Field(default=None, ge=1, le=2**31 - 1)

    @property
    def model(self) -> UserModel:
        """As the use cases take it, without its key."""
        limits = Limits(
            context=self.context,
            max_in_flight=self.max_in_flight,
            requests_per_minute=self.rpm,
            tokens_per_minute=self.tpm,
        )
        return UserModel(base_url=self.base_url, input_usd=self.input_usd, output_usd=self.output_usd, limits=limits)


class UserModelsIn(In):
    """All of your aliases and models, as they shall be."""

    aliases: ModelNames = Field(default_factory=dict, examples=[{"cheap": "openai:gpt-4.1-mini"}])
    models: dict[ModelText, UserModelIn] = Field(default_factory=dict)

    @property
    def wanted(self) -> UserModels:
        """As the use cases take them, without keys."""
        return UserModels(
            aliases={alias: ModelName(name) for alias, name in self.aliases.items()},
            models={ModelName(name): model.model for name, model in self.models.items()},
        )

    @property
    def keys(self) -> dict[ModelName, str]:
        """The keys that are given."""
        return {
            ModelName(name): model.api_key.get_secret_value()
            for name, model in self.models.items()
            if model.api_key is not None
        }


class UserModelShape(BaseModel):
    """A model you described, without its key."""

    base_url: str | None
    has_api_key: bool
    input_usd: str | None
    output_usd: str | None
    context: int | None
    max_in_flight: int | None
    rpm: int | None
    tpm: int | None


class UserModelsShape(BaseModel):
    """Your aliases, and the models you described."""

    aliases: dict[str, str]
    models: dict[str, UserModelShape]


def user_json(user: User) -> JsonObject:
    """The shape of a user."""
    budget = user.limits.budget
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "created_at": time_json(user.created_at),
        "verified_at": time_json(user.verified_at),
        "disabled_at": time_json(user.disabled_at),
        "limits": {
            "budget_usd": None if budget is None else show_usd(budget),
            "running_jobs": user.limits.running,
        },
    }


def user_models_json(models: UserModels) -> JsonObject:
    """The shape of a user's models."""
    return {
        "aliases": dict(models.aliases),
        "models": {name: _user_model_json(model) for name, model in models.models.items()},
    }


def _user_model_json(model: UserModel) -> JsonObject:
    return {
        "base_url": model.base_url,
        "has_api_key": model.has_api_key,
        "input_usd": None if model.input_usd is None else str(model.input_usd),
        "output_usd": None if model.output_usd is None else str(model.output_usd),
        "context": model.limits.context,
        "max_in_flight": model.limits.max_in_flight,
        "rpm": model.limits.requests_per_minute,
        "tpm": model.limits.tokens_per_minute,
    }
