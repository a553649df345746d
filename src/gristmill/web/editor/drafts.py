"""What the form of the editor holds: a source that may not be kept yet, and how its author wants to look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request

from gristmill.domain.ids import TemplateId
from gristmill.domain.seeds import SeedSet
from gristmill.jobs.request import MOST_RECORDS
from gristmill.recipes import Recipe, SeedField
from gristmill.server.orders import Trial
from gristmill.web.typed import read_usd

TRIED_RECORDS: Final = 3
# No more than anybody wants to lose to a look; models that cost nothing spend nothing of it.
SUGGESTED_BUDGET: Final = "0.05"
SEEDS: Final = "seeds"
# What the choice of a set says that the source does not draw from yet.
GUESSED: Final = "guess"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftForm:
    """The fields as they were sent.

    `template` is the kept one that is edited, "" for a new one; `starter` is the starter it began with. `seeds` are ids
    of seed sets by the names a template gives them, "" where none is wanted; a name that is not there is to be guessed.
    `slot` counts from 1.
    """

    source: str
    template: str = ""
    starter: str = ""
    seeds: Mapping[str, str] = field(default_factory=dict)
    slot: int = 1
    model: str = ""
    budget: str = SUGGESTED_BUDGET

    @property
    def id(self) -> TemplateId:
        """The id of the template that is edited."""
        return TemplateId(self.template)

    def with_seeds(self, chosen: Mapping[str, str]) -> Trial:
        """One record of the source, made from these seed sets."""
        return Trial(source=self.source, records=1, seeds={name: key for name, key in chosen.items() if key})

    def to_try(self, recipe: Recipe, chosen: Mapping[str, str]) -> Trial:
        """A few records of the source. Raises BadInputError for a budget that is none."""
        return Trial(
            source=self.source,
            records=TRIED_RECORDS,
            seeds={name: key for name, key in chosen.items() if key},
            budget=read_usd(self.budget),
            models=dict.fromkeys(recipe.models, self.model) if self.model else {},
        )


async def read_draft(request: Request, template: str = "") -> DraftForm:
    """What the form brought; what is no number of a slot is the first."""
    form = await request.form()
    return DraftForm(
        # A browser ends every line of a form with CRLF, whatever it was.
        source=_text(form, "source").replace("\r\n", "\n"),
        template=template or _text(form, "template"),
        starter=_text(form, "starter"),
        seeds=seeds_of(form),
        slot=_slot(_text(form, "slot"), _text(form, "turn")),
        model=_text(form, "model").strip(),
        budget=_text(form, "budget").strip(),
    )


def seeds_of(form: Mapping[str, Any]) -> Mapping[str, str]:
    """The ids of seed sets that were chosen, by the names a template gives them."""
    names = [name for name in form if name.partition(".")[0] == SEEDS]
    return {name.partition(".")[2]: _text(form, name) for name in names if form[name] != GUESSED}


def choose_seeds(recipe: Recipe, wanted: Mapping[str, str], sets: Sequence[SeedSet]) -> Mapping[str, str]:
    """The id of a seed set for each name that the recipe draws from: as chosen, or else one that seems to be meant.

    Whoever has sets may choose one before the source mentions any of its fields: then they can be completed.
    """
    needs = dict(recipe.set_fields)
    if sets or takes_seeds(recipe):
        needs[""] = recipe.seed_fields
    return {name: wanted[name] if name in wanted else _guess(name, fields, sets) for name, fields in needs.items()}


def takes_seeds(recipe: Recipe) -> bool:
    """Whether the recipe's slots go through a seed set."""
    return bool(recipe.seed_fields) or recipe.seed_columns is None or bool(recipe.seed_columns)


def _guess(name: str, fields: Sequence[SeedField], sets: Sequence[SeedSet]) -> str:
    """The set that is called so, or the newest with all the columns that are needed; "" for none."""
    columns = {field.path[0] for field in fields}
    called = [one for one in sets if name and one.name.partition(".")[0] == name]
    fitting = [one for one in sets if columns and columns <= {column.name for column in one.columns}]
    return next((one.digest for one in (*called, *fitting)), "")


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _slot(text: str, turn: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_RECORDS)) else 1
    number += {"next": 1, "previous": -1}.get(turn, 0)
    return min(max(number, 1), MOST_RECORDS)
