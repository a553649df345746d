"""The starter templates, and the seeds that each is made for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from gristmill.recipes.findings import did_you_mean

FIRST = "support-qa"


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A template by its name, and the seed files by the names of their sets; the first set has none.

    `fits_embedded` says that the small model which needs no key makes records of it that pass.
    """

    name: str
    fits_embedded: bool = False
    seeds: Mapping[str, str] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """Where the template lies, from the folder that it is written into."""
        return f"templates/{self.name}.yaml"

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of the starter."""
        return (self.template, *self.seeds.values())

    @property
    def options(self) -> str:
        """What a command line says of the seeds."""
        return " ".join(f"--seeds {name}={path}" if name else f"--seeds {path}" for name, path in self.seeds.items())

    @cached_property
    def description(self) -> str:
        """The template's own."""
        lines = carried(self.template).read_text(encoding="utf-8").splitlines()
        return next(line.removeprefix("description: ") for line in lines if line.startswith("description: "))


STARTERS: Mapping[str, Starter] = {
    starter.name: starter
    for starter in (
        Starter(name=FIRST, fits_embedded=True, seeds={"": "examples/products.jsonl"}),
        Starter(name="instructions", seeds={"": "examples/tasks.jsonl", "personas": "examples/personas.jsonl"}),
        Starter(name="classification", fits_embedded=True, seeds={"": "examples/intents.jsonl"}),
        Starter(name="preferences", seeds={"": "examples/questions.jsonl"}),
        Starter(name="dialogue", fits_embedded=True, seeds={"": "examples/cases.jsonl"}),
        Starter(name="retrieval-qa", seeds={"": "examples/passages.jsonl"}),
        Starter(name="text-to-sql", seeds={"": "examples/databases.jsonl"}),
        Starter(name="function-calling", seeds={"": "examples/tools.jsonl"}),
        Starter(name="story", seeds={"": "examples/plots.jsonl"}),
    )
}


def carried(path: str) -> Traversable:
    """A file of a starter, as the package carries it."""
    return files("gristmill.library").joinpath("starter", path)


def list_starters() -> str:
    """The names of all starters and what each makes, a line each."""
    width = max(map(len, STARTERS))
    return "\n".join(f"  {name:<{width}}  {starter.description}" for name, starter in STARTERS.items())


def unknown_starter(name: str) -> str:
    """A sentence for a name that no starter has, with the one that may be meant and all there are."""
    hint = did_you_mean(name, STARTERS)
    return " ".join(filter(None, (f"There is no starter template {name!r}.", hint))) + f"\n{list_starters()}"
