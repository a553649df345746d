"""`gristmill lint`: everything that is wrong with a template and its seeds, before anything is spent."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.boundary import BAD_INPUT, OK, show_findings
from gristmill.cli.options import SEEDS_HELP, parse_seeds, read_template
from gristmill.cli.terminal import count, say
from gristmill.domain.completion import ModelName
from gristmill.errors import Finding, InvalidTemplateError
from gristmill.jobs.lint import find_long_prompts, find_unknown_models
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.jobs.seeds import check_sets, keep_seeds, open_sets, refuse_unknown_sets
from gristmill.recipes import Deck, Recipe, SeedRows, compile_template, open_decks
from gristmill.wiring.library import complete_template
from gristmill.wiring.ports import find_prices, open_blobs, open_models, open_renderer
from gristmill.wiring.settings import Settings, read_settings
from gristmill.worker.watchdog import watch_rendering


def lint(
    template: Path,
    /,
    *,
    seeds: Annotated[
        tuple[str, ...], Parameter(help=SEEDS_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = (),
) -> int:
    """Check a template, and seeds against it. Exits with 2 when there is an error, and 0 on warnings.

    Example: gristmill lint templates/support-qa.yaml --seeds examples/products.jsonl

    Parameters
    ----------
    template
        The template file.
    """
    source = asyncio.run(complete_template(read_template(template)))
    findings = asyncio.run(open_renderer().lint(source))
    show_findings(findings, str(template))
    problems = list(findings)
    if not any(finding.severity == "error" for finding in findings):
        problems += _lint_models(template, source)
        problems += _lint_seeds(template, source, seeds) if seeds else ()
    return _conclude(problems, template)


def _lint_seeds(template: Path, source: str, seeds: tuple[str, ...]) -> tuple[Finding, ...]:
    files = parse_seeds(seeds)
    recipe = compile_template(source)
    refuse_unknown_sets(recipe, files)
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        blobs = open_blobs(f"file://{folder}")
        kept = asyncio.run(keep_seeds(files, blobs))
        with open_sets(kept, blobs) as sets:
            findings = check_sets(recipe, sets)
            # They stand where the template asks for what a row lacks.
            show_findings(findings, str(template))
            decks = open_decks(recipe, sets)
            long = _lint_lengths(recipe, sets[""], decks) if "" in sets else ()
            show_findings(long, str(template))
    return (*findings, *long)


def _lint_models(template: Path, source: str) -> tuple[Finding, ...]:
    try:
        recipe = compile_template(source)
    except InvalidTemplateError:
        # It lends a fragment and calls nobody.
        return ()
    settings = read_settings()
    findings = find_unknown_models(recipe, _aliases(settings), open_models(settings).prefixes)
    show_findings(findings, str(template))
    return findings


def _lint_lengths(recipe: Recipe, rows: SeedRows, decks: Mapping[str, Deck]) -> tuple[Finding, ...]:
    settings = read_settings()
    prices = find_prices(settings, {}, callable_only=False)
    with watch_rendering():
        return find_long_prompts(recipe, rows, decks, _aliases(settings), prices)


def _aliases(settings: Settings) -> Mapping[str, ModelName]:
    own = {name: ModelName(model) for name, model in settings.models.aliases.items()}
    return {**STARTING_ALIASES, **own}


def _conclude(findings: list[Finding], template: Path) -> int:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if not findings:
        say(f"✓ {template} is fine.", style="green")
    else:
        say(f"{count(errors, 'error')}, {count(warnings, 'warning')}.")
    return BAD_INPUT if errors else OK
