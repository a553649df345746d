"""`gristmill lint`: everything that is wrong with a template and its seeds, before anything is spent."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.boundary import BAD_INPUT, OK, show_findings
from gristmill.cli.options import SEEDS_HELP, parse_seeds, read_template
from gristmill.cli.terminal import count, say
from gristmill.datasets import check_seeds
from gristmill.errors import Finding
from gristmill.jobs.seeds import keep_seeds, open_seeds
from gristmill.recipes import compile_template
from gristmill.wiring.library import complete_template
from gristmill.wiring.ports import open_blobs, open_renderer


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
    if seeds and not any(finding.severity == "error" for finding in findings):
        problems += _lint_seeds(template, source, seeds)
    return _conclude(problems, template)


def _lint_seeds(template: Path, source: str, seeds: tuple[str, ...]) -> tuple[Finding, ...]:
    files = parse_seeds(seeds)
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        blobs = open_blobs(f"file://{folder}")
        kept = asyncio.run(keep_seeds(files, blobs))
        with open_seeds(kept.get(""), blobs) as reader:
            findings = check_seeds(reader, compile_template(source).seed_fields) if reader else ()
    # They stand where the template asks for what a row lacks.
    show_findings(findings, str(template))
    return findings


def _conclude(findings: list[Finding], template: Path) -> int:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if not findings:
        say(f"✓ {template} is fine.", style="green")
    else:
        say(f"{count(errors, 'error')}, {count(warnings, 'warning')}.")
    return BAD_INPUT if errors else OK
