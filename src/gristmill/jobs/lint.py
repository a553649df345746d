"""What lint finds only where settings and seeds are known: unknown models, and prompts too long for theirs."""

import difflib
import math
from collections.abc import Collection, Iterator, Mapping

import orjson

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Model
from gristmill.errors import Finding, TemplateTooExpensiveError, UnknownPriceError
from gristmill.jobs.lengths import BYTES_PER_TOKEN
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Draft, Renderer
from gristmill.recipes import Deck, Recipe, SeedRows, open_scope
from gristmill.recipes.findings import Code
from gristmill.recipes.places import place_in_step
from gristmill.recipes.recipe import DrawKey, Step


def find_unknown_models(
    recipe: Recipe, aliases: Mapping[str, ModelName], providers: Collection[str]
) -> tuple[Finding, ...]:
    """Each step whose model names no provider (an error), or is an alias that nobody has set (which `run` may)."""
    return tuple(finding for step in recipe.steps for finding in _of_model(recipe, step, aliases, providers))


async def find_long_prompts(
    recipe: Recipe,
    rows: SeedRows,
    decks: Mapping[str, Deck],
    models: Mapping[str, Model],
    renderer: Renderer,
) -> tuple[Finding, ...]:
    """Each step whose prompt, with the longest of the rows and its reply, does not fit its model's context.

    `models` are those that are known, by what the template calls them. Prompts that take too much to render are one
    finding.
    """
    every = ((number, rows.row(number)) for number in range(rows.rows))
    number, row = max(every, key=lambda numbered: len(orjson.dumps(numbered[1])), default=(0, {}))
    key = DrawKey(recipe=recipe.digest, seeds={}, random_seed=0)
    scope = open_scope(recipe, key, Slot(number), 0, seed=row, decks=decks)
    try:
        (drafts,) = await renderer.draft(recipe.source, [scope])
    except TemplateTooExpensiveError as error:
        words = f"With row {number + 1}, the longest: {error}"
        return (Finding(code=Code.TOO_EXPENSIVE, severity="warning", message=words, line=1, column=1),)
    steps = {step.id: step for step in recipe.steps}
    return tuple(
        found
        for draft in drafts
        if draft.step in steps and (model := models.get(steps[draft.step].model))
        for found in _of_length(recipe, steps[draft.step], draft, number, model)
    )


def known_models(recipe: Recipe, aliases: Mapping[str, ModelName], prices: Prices) -> Mapping[str, Model]:
    """The models of the recipe's steps that are known, by what the template calls them."""
    found = {step.model: _model(step.model, aliases, prices) for step in recipe.steps}
    return {used: model for used, model in found.items() if model}


def _of_model(
    recipe: Recipe, step: Step, aliases: Mapping[str, ModelName], providers: Collection[str]
) -> Iterator[Finding]:
    provider, colon, name = step.model.partition(":")
    if step.model in aliases or (colon and provider in providers):
        return
    near = difflib.get_close_matches(provider, providers if colon else aliases, n=1)
    spot = place_in_step(recipe.source, step.id, "model")
    yield Finding(
        code="unknown_model",
        severity="error" if colon else "warning",
        message=f"No provider is called {provider!r}." if colon else f"Nothing says what the model {step.model!r} is.",
        suggestion=f"Did you mean {near[0] + colon + name!r}?"
        if near
        else _what_to_write(step.model, providers, colon),
        line=spot.line,
        column=spot.column,
        path=f"steps.{step.id}.model",
    )


def _what_to_write(model: str, providers: Collection[str], colon: str) -> str:
    if colon:
        return f"A model is PROVIDER:MODEL; there are {', '.join(f'{one}:' for one in providers)}."
    return f"Set it under [models.aliases] in gristmill.toml, or run with --model {model}=PROVIDER:MODEL."


def _model(used: str, aliases: Mapping[str, ModelName], prices: Prices) -> Model | None:
    name = aliases.get(used) or (ModelName(used) if ":" in used else None)
    try:
        return prices.find_model(name) if name else None
    except UnknownPriceError:
        return None


def _of_length(recipe: Recipe, step: Step, draft: Draft, row: int, model: Model) -> Iterator[Finding]:
    context = model.limits.context
    tokens = math.ceil(sum(len(message.content.encode()) for message in draft.messages) / BYTES_PER_TOKEN.likely)
    if context is None or tokens + step.sampling.max_tokens <= context:
        return
    spot = place_in_step(recipe.source, step.id, "prompt")
    yield Finding(
        code="exceeds_context",
        severity="warning",
        message=f"With row {row + 1}, the longest, this prompt has about {tokens:,} tokens, and its reply up to"
        f" {step.sampling.max_tokens:,}; {model.name} takes {context:,} in all.",
        suggestion="Shorten it, such as by `truncate_tokens`, lower max_tokens, or take another model.",
        line=spot.line,
        column=spot.column,
        path=f"steps.{step.id}.prompt",
    )


def finding_json(finding: Finding) -> JsonObject:
    """The Finding shape: lines and columns count from 1, and are 0 where none is known."""
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "suggestion": finding.suggestion,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
    }
