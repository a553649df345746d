"""The form of a user's aliases and models: rows as they were typed, and what they say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final

from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits
from gristmill.domain.user_models import UserModel, UserModels
from gristmill.errors import BadInputError
from gristmill.web.typed import read_dollars, read_line, read_whole

# Rows that wait to be filled in: more come with each time that the form is saved.
SPARE_ALIASES: Final = 2
LONGEST: Final = 2000
MOST_ROWS: Final = 200
MOST: Final = 2**31 - 1
LIMITS: Final[Mapping[str, int]] = {"context": MOST, "max_in_flight": 100_000, "rpm": MOST, "tpm": MOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRow:
    """An alias and what it shall stand for; `usual` is what it stands for while nothing is said."""

    name: str = ""
    model: str = ""
    usual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model of the user's own; of its key nobody sees more than whether there is one."""

    name: str = ""
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    input_usd: str = ""
    output_usd: str = ""
    context: str = ""
    max_in_flight: str = ""
    rpm: str = ""
    tpm: str = ""
    clear_key: str = ""
    remove: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the row says anything that shall stay."""
        return not self.remove and any((self.name, self.base_url, self.api_key, self.input_usd, self.output_usd))

    def read(self) -> UserModel:
        """The model that the row describes, without its key. Raises BadInputError, which names it."""
        try:
            context, in_flight, rpm, tpm = (
                read_whole(getattr(self, name), least=1, most=most) for name, most in LIMITS.items()
            )
            given, made = read_dollars(self.input_usd), read_dollars(self.output_usd)
        except BadInputError as error:
            raise BadInputError(f"{self.name}: {error}") from error
        limits = Limits(context=context, max_in_flight=in_flight, requests_per_minute=rpm, tokens_per_minute=tpm)
        return UserModel(base_url=self.base_url or None, input_usd=given, output_usd=made, limits=limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsForm:
    """All rows of the form."""

    aliases: Sequence[AliasRow] = ()
    models: Sequence[ModelRow] = ()

    @property
    def wanted(self) -> UserModels:
        """What the form says, without keys. Raises BadInputError."""
        aliases = [row for row in self.aliases if row.model]
        models = [row for row in self.models if row.is_kept]
        _refuse_twice([*(row.name for row in aliases)])
        _refuse_twice([*(row.name for row in models)])
        return UserModels(
            aliases={row.name: ModelName(row.model) for row in aliases},
            models={ModelName(row.name): row.read() for row in models},
        )

    @property
    def keys(self) -> Mapping[ModelName, str]:
        """The keys that are new, and "" for those that shall go."""
        changed = [row for row in self.models if row.is_kept and (row.api_key or row.clear_key)]
        return {ModelName(row.name): row.api_key for row in changed}

    def with_spare(self) -> "ModelsForm":
        """The form with rows to be filled in."""
        aliases = [*self.aliases, *[AliasRow()] * SPARE_ALIASES]
        return ModelsForm(aliases=aliases, models=[*self.models, ModelRow()])


def rows_of(kept: UserModels, stand_for: Mapping[str, ModelName], usual: Mapping[str, str]) -> ModelsForm:
    """The form as it is stored: every alias there is, by name, and the models that were described."""
    aliases = [
        AliasRow(name=name, model=kept.aliases.get(name, ""), usual=usual.get(name, "")) for name in sorted(stand_for)
    ]
    return ModelsForm(aliases=aliases, models=[_row_of(name, model) for name, model in sorted(kept.models.items())])


def read_rows(items: Iterable[tuple[str, object]]) -> ModelsForm:
    """The form as it was sent, less the rows that nothing was typed into. Raises BadInputError."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name, text in items:
        kind, _, rest = name.partition(".")
        number, _, part = rest.partition(".")
        if isinstance(text, str):
            rows.setdefault((kind, number), {})[part] = read_line(text, most=LONGEST)
    if len(rows) > MOST_ROWS:
        raise BadInputError(f"There is room for {MOST_ROWS} rows.")
    aliases = [AliasRow(**_known(AliasRow, row)) for (kind, _), row in rows.items() if kind == "alias"]
    models = [ModelRow(**_known(ModelRow, row)) for (kind, _), row in rows.items() if kind == "model"]
    return ModelsForm(
        aliases=[row for row in aliases if row.name or row.model], models=[row for row in models if row.is_kept]
    )


def _row_of(name: ModelName, model: UserModel) -> ModelRow:
    limits = model.limits
    return ModelRow(
        name=name,
        base_url=model.base_url or "",
        input_usd=_shown(model.input_usd),
        output_usd=_shown(model.output_usd),
        context=_shown(limits.context),
        max_in_flight=_shown(limits.max_in_flight),
        rpm=_shown(limits.requests_per_minute),
        tpm=_shown(limits.tokens_per_minute),
    )


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _known(row: type[Any], given: Mapping[str, str]) -> dict[str, str]:
    names = {one.name for one in fields(row)}
    return {name: text for name, text in given.items() if name in names}


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInputError(f"{twice[0]!r} stands there twice.")
