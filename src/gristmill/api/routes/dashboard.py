"""The numbers of a dashboard: what was made, and what it cost."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from gristmill.api.problems import problem_responses
from gristmill.api.service import Reader
from gristmill.api.shapes import CostsShape, StatsShape
from gristmill.domain.json import JsonObject
from gristmill.jobs.costs import Spell, costs_json, parse_facets, stats_json

router = APIRouter(prefix="/stats", tags=["dashboard"], responses=problem_responses(401, 403))


@router.get("", response_model=StatsShape)
async def show_stats(caller: Reader) -> JsonObject:
    """Everything of yours in numbers."""
    return stats_json(await caller.service.store.read_costs(caller.user))


@router.get("/costs", response_model=CostsShape, response_model_exclude_none=True)
async def show_costs(
    caller: Reader,
    by: Annotated[str, Query(max_length=100, description="day, model, template, job; several with commas.")] = "day",
    first: Annotated[date | None, Query(alias="from", description="The first day, in UTC.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day, in UTC.")] = None,
) -> JsonObject:
    """What you spent: sums over the ledger, exact to the nano-dollar."""
    facets = parse_facets(by)
    spell = Spell(first=first.isoformat() if first else None, last=last.isoformat() if last else None)
    return costs_json(await caller.service.store.read_costs(caller.user), facets, spell)
