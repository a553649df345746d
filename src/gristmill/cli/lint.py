"""`gristmill lint`: everything that is wrong with a template and its seeds, before anything is spent."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.boundary import BAD_INPUT, OK, show_findings
from gristmill.cli.options import SEEDS_HELP, Encoding, Split, parse_seeds, read_template
from gristmill.cli.terminal import count, json_text, say, write
from gristmill.datasets import PLAIN_READING, SeedReading, reading_of, survey_seeds
from gristmill.domain.completion import ModelName
from gristmill.errors import Finding, InvalidTemplateError
from gristmill.jobs.lint import find_long_prompts, find_unknown_models, known_models
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.jobs.seeds import keep_seeds, needed_fields, open_sets, refuse_unknown_sets
from gristmill.recipes import Deck, Recipe, SeedRows, compile_template, open_decks
from gristmill.wiring.library import complete_template
from gristmill.wiring.ports import find_prices, open_blobs, open_models, open_renderer
from gristmill.wiring.settings import Settings, read_settings


def lint(
    template: Path,
    /,
    *,
    seeds: Annotated[
        tuple[str, ...], Parameter(help=SEEDS_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = (),
    split: Split = PLAIN_READING.split,
    encoding: Encoding = PLAIN_READING.encoding,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
) -> int:
    """Check a template, and seeds against it. Exits with 2 when there is an error, and 0 on warnings.

    Example: gristmill lint templates/support-qa.yaml --seeds examples/products.jsonl

    Parameters
    ----------
    template
        The template file.
    as_json
        Print everything found as one JSON object on stdout, and nothing else there.
    """
    source = asyncio.run(complete_template(read_template(template)))
    found = [_Found(file=str(template), findings=asyncio.run(open_renderer().lint(source)))]
    recipe = None if _errors(found) else _recipe_of(source)
    if recipe is not None:
        found.append(_Found(file=str(template), findings=_lint_models(recipe)))
        found += _lint_sets(template, recipe, parse_seeds(seeds), reading_of(split, encoding))
    needs = needed_fields(recipe) if recipe is not None else {}
    if as_json:
        listed = [{"file": one.file, **asdict(each)} for one in found for each in one.findings]
        write(json_text({"findings": listed, "needs": needs}))
    else:
        _show(found, template, needs)
    return BAD_INPUT if _errors(found) else OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found in a file, and how many rows it has when it is one of seeds."""

    file: str
    findings: Sequence[Finding]
    rows: int | None = None


def _recipe_of(source: str) -> Recipe | None:
    try:
        return compile_template(source)
    except InvalidTemplateError:
        # It lends a fragment and makes no records.
        return None


def _lint_models(recipe: Recipe) -> tuple[Finding, ...]:
    settings = read_settings()
    return find_unknown_models(recipe, _aliases(settings), open_models(settings).prefixes)


def _lint_sets(template: Path, recipe: Recipe, files: Mapping[str, Path], reading: SeedReading) -> Iterator[_Found]:
    refuse_unknown_sets(recipe, files)
    surveys = list(_survey(template, recipe, files, reading))
    yield from surveys
    if files and not _errors(surveys):
        yield _Found(file=str(template), findings=_try_rows(recipe, files, reading))


def _survey(template: Path, recipe: Recipe, files: Mapping[str, Path], reading: SeedReading) -> Iterator[_Found]:
    for name, file in files.items():
        # What a prompt reads of a row that was drawn is not told by column.
        fields, columns = (recipe.set_fields[name], None) if name else (recipe.seed_fields, recipe.seed_columns)
        survey = survey_seeds(file, reading, fields, columns)
        yield _Found(file=str(file), findings=survey.findings, rows=survey.rows)
        # They stand where the template asks for what a row lacks.
        yield _Found(file=str(template), findings=survey.lacking)


def _try_rows(recipe: Recipe, files: Mapping[str, Path], reading: SeedReading) -> tuple[Finding, ...]:
    """What the rows make of the prompts. Raises InvalidSeedsError for rows without the weight they are drawn by."""
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        blobs = open_blobs(f"file://{folder}")
        with open_sets(asyncio.run(keep_seeds(files, blobs, reading)), blobs) as sets:
            decks = open_decks(recipe, sets)
            return _lint_lengths(recipe, sets[""], decks) if "" in sets else ()


def _lint_lengths(recipe: Recipe, rows: SeedRows, decks: Mapping[str, Deck]) -> tuple[Finding, ...]:
    settings = read_settings()
    prices = find_prices(settings, {}, callable_only=False)
    models = known_models(recipe, _aliases(settings), prices)
    return asyncio.run(find_long_prompts(recipe, rows, decks, models, open_renderer()))


def _aliases(settings: Settings) -> Mapping[str, ModelName]:
    own = {name: ModelName(model) for name, model in settings.models.aliases.items()}
    return {**STARTING_ALIASES, **own}


def _errors(found: Sequence[_Found]) -> int:
    return sum(finding.severity == "error" for one in found for finding in one.findings)


def _show(found: Sequence[_Found], template: Path, needs: Mapping[str, Sequence[str]]) -> None:
    for name, fields in needs.items():
        say(f"Every row of the seeds{f' {name!r}' if name else ''} needs {', '.join(fields)}.")
    for one in found:
        show_findings(one.findings, one.file)
        if one.rows is not None:
            say(f"{count(one.rows, 'row')} of {one.file} read.")
    errors = _errors(found)
    warnings = sum(len(one.findings) for one in found) - errors
    if errors or warnings:
        say(f"{count(errors, 'error')}, {count(warnings, 'warning')}.")
    else:
        say(f"✓ {template} is fine.", style="green")
