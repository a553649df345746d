"""What a user spent, by day, model, template and job: sums of ledger entries, exact to the nano-dollar."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gristmill.domain.call import ModelSums
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, Spent, show_usd
from gristmill.domain.report import JobCosts
from gristmill.domain.usage import Usage
from gristmill.errors import BadInputError
from gristmill.jobs.report import tokens_json

Facet: TypeAlias = Literal["day", "model", "template", "job"]
FACETS: tuple[Facet, ...] = ("day", "model", "template", "job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Days from first to last, both included, as YYYY-MM-DD in UTC; open where there is none."""

    first: str | None = None
    last: str | None = None

    def has(self, day: str) -> bool:
        """Whether the day is one of them."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Calls, tokens and money of some ledger entries."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    spent: Spent = Spent()

    def __add__(self, other: "Sums | ModelSums") -> "Sums":
        return Sums(calls=self.calls + other.calls, usage=self.usage + other.usage, spent=self.spent + other.spent)


def parse_facets(text: str) -> Sequence[Facet]:
    """Facets written as `day,model`. Raises BadInputError for one that is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [facet for facet in FACETS if facet in names]
    if len(known) != len(set(names)):
        raise BadInputError(f"Costs are told by {', '.join(FACETS)}, several with commas between, not by {text!r}.")
    return known


def costs_json(costs: Sequence[JobCosts], facets: Sequence[Facet], spell: Spell) -> JsonObject:
    """Sums over the facets that are named, in their order, and over all."""
    groups: dict[tuple[str, ...], Sums] = {}
    for key, sums in _parts(costs, facets, spell):
        groups[key] = groups.get(key, Sums()) + sums
    total = sum(groups.values(), Sums())
    items = [{**dict(zip(facets, key, strict=True)), **_sums_json(groups[key])} for key in sorted(groups)]
    return {"items": items, "totals": {"calls": total.calls, **_money_json(total.spent)}}


def stats_json(costs: Sequence[JobCosts]) -> JsonObject:
    """Everything of a user in numbers."""
    datasets = [one for one in costs if one.kind == "dataset"]
    total = sum((sums for one in costs for sums in one.totals.sums), Sums())
    spent = sum((one.totals.spent for one in costs), Spent())
    return {
        "jobs": dict(sorted(Counter(str(one.status) for one in datasets).items())),
        "records": sum(one.totals.accepted for one in datasets),
        "calls": total.calls,
        "tokens": tokens_json(total.usage),
        **_money_json(spent),
        "lost_usd": show_usd(NanoUsd(sum(one.totals.lost for one in costs))),
        "held_usd": show_usd(NanoUsd(sum(one.totals.held for one in costs))),
    }


def _parts(
    costs: Sequence[JobCosts], facets: Sequence[Facet], spell: Spell
) -> Iterator[tuple[tuple[str, ...], ModelSums]]:
    for one in costs:
        for sums in one.totals.sums:
            if spell.has(sums.day):
                labels: Mapping[Facet, str] = {
                    "day": sums.day,
                    "model": sums.model,
                    "template": one.template,
                    "job": one.job,
                }
                yield tuple(labels[facet] for facet in facets), sums


def _sums_json(sums: Sums) -> JsonObject:
    return {"calls": sums.calls, "tokens": tokens_json(sums.usage), **_money_json(sums.spent)}


def _money_json(spent: Spent) -> JsonObject:
    return {"billed_usd": show_usd(spent.billed), "presumed_usd": show_usd(spent.presumed)}
