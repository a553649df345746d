"""What an order can be made of: templates and versions, and for a chosen one its seeds and models, with prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, TemplateId
from gristmill.domain.model import Model
from gristmill.domain.seeds import SeedSet
from gristmill.domain.template import Template, TemplateVersion
from gristmill.errors import BadInputError, NotFoundError, UnknownPriceError
from gristmill.jobs.seeds import needed_fields
from gristmill.library.completing import complete_version
from gristmill.ports.models import Prices
from gristmill.ports.templates import TemplateQuery
from gristmill.recipes import Recipe, compile_template
from gristmill.server.caller import Caller
from gristmill.web.order.form import OrderForm

# A list to choose from; whoever has more comes from the page of the template or of the seeds.
MOST_LISTED: Final = 200
MOST_PUBLIC: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChoice:
    """A seed set that the template draws from: `needs` are the fields that its rows must have."""

    name: str
    chosen: str
    needs: Sequence[str] = ()
    is_needed: bool

    @property
    def field(self) -> str:
        """The name of its field in the form."""
        return f"seeds.{self.name}" if self.name else "seeds"

    @property
    def lack(self) -> str:
        """What to do about it, "" where nothing is missing."""
        if self.chosen or not self.is_needed:
            return ""
        fields = f": its rows need {', '.join(self.needs)}" if self.needs else ""
        return f"Choose the seeds {self.name!r}{fields}." if self.name else f"Choose the seeds{fields}."

    def missing_columns(self, line: SeedSet) -> Sequence[str]:
        """The columns that this set lacks of what is needed."""
        columns = {column.name for column in line.columns}
        return [name for name in dict.fromkeys(need.partition(".")[0] for need in self.needs) if name not in columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """A model of the template: what it is called there, by which calls, and what it stands for in this order."""

    alias: str
    calls: Sequence[str]
    typed: str
    name: ModelName
    usual: ModelName | None
    model: Model | None = None
    problem: str = ""
    lacks_price: bool = False

    @property
    def field(self) -> str:
        """The name of its field in the form."""
        return f"models.{self.alias}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A template at a version, as far as it is chosen; `problem` says why no recipe came of it."""

    template: Template | None = None
    version: TemplateVersion | None = None
    recipe: Recipe | None = None
    problem: BadInputError | None = None
    sets: Sequence[SetChoice] = ()
    models: Sequence[ModelChoice] = ()

    @property
    def costs_money(self) -> bool:
        """Whether any call may cost something."""
        return any(choice.model is not None and not choice.model.price.is_free for choice in self.models)

    @property
    def lacks(self) -> Mapping[str, str]:
        """What has to be chosen or put right, by field."""
        if self.template is None:
            return {"template": "Choose a template."}
        lacks = {choice.field: choice.lack for choice in self.sets if choice.lack}
        return {**lacks, **{choice.field: choice.problem for choice in self.models if choice.problem}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What there is to choose from: the user's templates and public ones, versions newest first, seeds, models."""

    own: Sequence[Template] = ()
    public: Sequence[Template] = ()
    versions: Sequence[int] = ()
    seeds: Sequence[SeedSet] = ()
    models: Mapping[str, ModelName] = field(default_factory=dict)


async def read_chosen(form: OrderForm, caller: Caller) -> Chosen:
    """What the form chose. Raises NotFoundError for a template or version that is not the caller's to read."""
    if not form.template:
        return Chosen()
    store, user = caller.service.store, caller.user
    template = await store.read_template(user, TemplateId(form.template))
    version = await store.read_version(user, template.id, form.wanted_version)
    try:
        recipe = compile_template(await complete_version(version, user, store))
    except BadInputError as error:
        return Chosen(template=template, version=version, problem=error)
    return Chosen(
        template=template,
        version=version,
        recipe=recipe,
        sets=_sets(recipe, form),
        models=_models(recipe, form, await caller.service.aliases(user), await caller.service.prices(user)),
    )


async def read_lists(form: OrderForm, chosen: Chosen, caller: Caller) -> Lists:
    """All that can be chosen, and what was chosen even where a list is too long to have it."""
    store, user = caller.service.store, caller.user
    own = (await store.list_templates(user, TemplateQuery(by="changed", limit=MOST_LISTED))).items
    public = (await store.list_public_templates(TemplateQuery(by="published", limit=MOST_PUBLIC))).items
    others = [template for template in public if template.owner != user]
    return Lists(
        own=_with_chosen(own, chosen.template if chosen.template and chosen.template.owner == user else None),
        public=_with_chosen(others, chosen.template if chosen.template and chosen.template.owner != user else None),
        versions=_versions(chosen),
        seeds=await _seeds(form, caller),
        models=await caller.service.aliases(user),
    )


def _sets(recipe: Recipe, form: OrderForm) -> list[SetChoice]:
    needs = needed_fields(recipe)
    chosen = form.seeds.get("", "")
    reads_rows = recipe.seed_columns is None or recipe.seed_columns or recipe.seed_schema
    first = SetChoice(name="", chosen=chosen, needs=needs.get("", ()), is_needed=bool(recipe.seed_fields))
    others = [
        SetChoice(name=name, chosen=form.seeds.get(name, ""), needs=needs.get(name, ()), is_needed=True)
        for name in sorted(recipe.set_fields)
    ]
    return [first, *others] if first.is_needed or reads_rows or chosen else others


def _models(recipe: Recipe, form: OrderForm, aliases: Mapping[str, ModelName], prices: Prices) -> Sequence[ModelChoice]:
    return [
        _model(alias, [call.id for call in recipe.calls if call.model == alias], form, aliases, prices)
        for alias in sorted(recipe.models)
    ]


def _model(
    alias: str, calls: Sequence[str], form: OrderForm, aliases: Mapping[str, ModelName], prices: Prices
) -> ModelChoice:
    typed = form.models.get(alias, "")
    usual = aliases.get(alias, ModelName(alias) if ":" in alias else None)
    name = aliases.get(typed, ModelName(typed)) if typed else usual
    choice = ModelChoice(alias=alias, calls=calls, typed=typed, name=name or ModelName(alias), usual=usual)
    if name is None:
        return replace(choice, problem=f"Say which model {alias!r} stands for.")
    if ":" not in name:
        return replace(choice, problem=f"{name!r} is no alias of yours, and no PROVIDER:MODEL.")
    try:
        return replace(choice, model=prices.find_model(name))
    except UnknownPriceError:
        return replace(choice, problem=f"Nothing says what {name} costs.", lacks_price=True)
    except BadInputError as error:
        return replace(choice, problem=str(error))


def _with_chosen(listed: Sequence[Template], chosen: Template | None) -> Sequence[Template]:
    is_there = chosen is None or any(template.id == chosen.id for template in listed)
    return listed if is_there or chosen is None else [chosen, *listed]


def _versions(chosen: Chosen) -> Sequence[int]:
    if chosen.template is None or chosen.version is None:
        return ()
    newest = chosen.template.newest
    latest = range(newest, max(newest - MOST_LISTED, 0), -1)
    return latest if chosen.version.version in latest else [*latest, chosen.version.version]


async def _seeds(form: OrderForm, caller: Caller) -> Sequence[SeedSet]:
    lines = [*(await caller.service.store.list_seeds(caller.user, limit=MOST_LISTED)).items]
    known = {line.digest for line in lines}
    for key in dict.fromkeys(form.seeds.values()):
        if key and key not in known:
            lines += await _found(key, caller)
    return lines


async def _found(key: str, caller: Caller) -> Sequence[SeedSet]:
    # A set that was deleted since it was chosen is not there to be chosen again.
    try:
        return [await caller.service.store.read_seeds(caller.user, Digest(key))]
    except NotFoundError:
        return []
