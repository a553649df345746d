"""A dataset card: what the records are, how they were made, from which models and for how much."""

import re
from collections.abc import Iterator, Sequence

import yaml

from gristmill.datasets import FolderFacts
from gristmill.domain.money import show_usd
from gristmill.jobs.report import JobReport
from gristmill.jobs.summary import sums_by_model
from gristmill.recipes import Recipe

# The Hub's own words for sizes, each with the number of records it ends below.
SIZES = {"n<1K": 1_000, "1K<n<10K": 10_000, "10K<n<100K": 100_000, "100K<n<1M": 1_000_000, "1M<n<10M": 10_000_000}
LARGEST = "n>10M"


def card_text(report: JobReport, recipe: Recipe, facts: FolderFacts) -> str:
    """The card as Markdown under YAML that says which files are which split; a licence is left to the user."""
    sections = [
        f"---\n{_front_matter(recipe, facts)}---",
        f"# {recipe.name}",
        recipe.description,
        "Made with Gristmill from the template below. Every record passed the template's checks.",
        *_records(report, facts),
        *_models(report),
        *_statistics(facts),
        *_template(report, recipe),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(recipe: Recipe, facts: FolderFacts) -> str:
    records = sum(facts.splits.values())
    files = [{"split": name, "path": f"data/{name}-*"} for name in facts.splits]
    front = {
        "pretty_name": recipe.name,
        "size_categories": [next((name for name, end in SIZES.items() if records < end), LARGEST)],
        "tags": ["synthetic", "gristmill"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _records(report: JobReport, facts: FolderFacts) -> Iterator[str]:
    totals = report.totals
    yield "## Records"
    yield _table(("asked", "accepted", "rejected attempts"), [(report.job.records, totals.accepted, totals.rejected)])
    yield _table(("split", "records"), list(facts.splits.items()))
    if totals.rejects:
        reasons = sorted(totals.rejects.items(), key=lambda item: (-item[1], item[0]))
        yield "Why attempts were rejected:"
        yield _table(("reason", "attempts"), reasons)


def _models(report: JobReport) -> Iterator[str]:
    totals, order = report.totals, report.job.order
    rows = [
        (name, sums.calls, sums.usage.input, sums.usage.output, show_usd(sums.spent.billed))
        for name, sums in sums_by_model(totals.sums).items()
    ]
    tables = ", ".join(sorted({model.price.table for model in order.models.values()}))
    yield "## Models and costs"
    yield _table(("model", "calls", "tokens in", "tokens out", "cost in USD"), rows)
    yield f"Billed in all: {show_usd(totals.spent.billed)} USD. Prices: {tables or 'none'}."


def _statistics(facts: FolderFacts) -> Iterator[str]:
    lengths = [(name, one.count, one.least, one.median, one.p95, one.most) for name, one in facts.statistics.lengths()]
    labels = list(facts.statistics.labels())
    if lengths:
        yield "## Lengths of texts, in characters"
        yield _table(("field", "texts", "min", "median", "p95", "max"), lengths)
    if labels:
        yield "## Labels"
        yield _table(("field", "value", "records"), [(name, *pair) for name, pairs in labels for pair in pairs])


def _template(report: JobReport, recipe: Recipe) -> Iterator[str]:
    order = report.job.order
    yield "## How it was made"
    facts: list[tuple[object, ...]] = [
        ("template", recipe.name),
        ("recipe digest", recipe.digest),
        ("random seed", str(order.random_seed)),
        *((f"seeds {name}".strip(), digest) for name, digest in order.seeds.items()),
        *((f"model {alias}", model) for alias, model in order.aliases.items() if alias != model),
    ]
    yield _table(("what", "which"), facts)
    yield _fenced(recipe.source)


def _fenced(source: str) -> str:
    # A fence longer than any run of backticks in the source cannot be ended by it.
    fence = "`" * (1 + max([2, *map(len, re.findall(r"`+", source))]))
    return f"{fence}yaml\n{source.rstrip()}\n{fence}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    # What a model wrote must not end the cell, or become a tag of the page.
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
